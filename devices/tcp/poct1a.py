"""POCT1-A over TCP: one XML document after the other, each acknowledged; results once they are stored. Pure."""

import re
from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import quoteattr

from devices.codecs.poct1a import MESSAGES, OBSERVATIONS
from devices.codecs.poct1a_xml import MAX_BYTES, Element, XmlError, read
from devices.readings import Reason, Refusal
from devices.tcp.conversation import ConversationError, Deliver, Fault, Send, Step

_ROOT = re.compile(rb"<([A-Za-z][A-Za-z0-9._-]{0,63})(?=[\s/>])")
_PROLOG = 4096  # of a document: declaration and comments before its root
UNANSWERED = {"ACK.R01"}


class Poct1a:
    """Implements Conversation. Who greets with HEL.R01 is known by its device id for the rest of the connection."""

    format = "poct1a"

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self._sent = 0
        self._source: str | None = None

    @property
    def unfinished(self) -> bool:
        return bool(self._held.strip())

    def received(self, data: bytes, now: datetime) -> Iterator[Step]:
        self._held += data
        while (document := self._next()) is not None:
            yield from self._steps(document, now)

    def _steps(self, document: bytes, now: datetime) -> Iterator[Step]:
        root = _read(document)
        if root is None or root.name in OBSERVATIONS or root.name.partition(".")[0] not in MESSAGES:
            yield Deliver(document, self._source)
        elif root.name not in UNANSWERED:
            self._source = root.value("DEV", "DEV.device_id") or self._source
            yield Send(self._acknowledgement(root, None, now))
            if _has_results(root):
                yield Send(self._document("REQ.R01", '<REQ><REQ.request_cd V="ROBS"/></REQ>', now))

    def _next(self) -> bytes | None:
        """A document ends with the end of its root: there is nothing else between two of them."""
        root = _ROOT.search(self._held[:_PROLOG])
        end = None if root is None else self._end(root)
        if end is None:
            if len(self._held) > (MAX_BYTES if root else _PROLOG):
                raise ConversationError(Fault.TOO_LARGE if root else Fault.MALFORMED)
            return None
        document = bytes(self._held[:end]).strip()
        del self._held[:end]
        self._searched = 0
        return document

    def _end(self, root: re.Match[bytes]) -> int | None:
        name = re.escape(root[1])
        own = re.compile(rb"<" + name + rb"(?:\s[^<>]{0,1000})?/>").match(self._held, root.start())
        found = own or re.compile(rb"</" + name + rb"\s{0,8}>").search(self._held, max(root.end(), self._searched))
        self._searched = max(0, len(self._held) - 80)  # the end may have begun
        return found.end() if found else None

    def answer(self, delivered: Deliver, refusal: Refusal | None, now: datetime) -> bytes:
        return self._acknowledgement(_read(delivered.payload), refusal, now)

    def ended(self) -> Iterator[Deliver]:
        """Half a document was never acknowledged."""
        yield from ()

    def _acknowledgement(self, root: Element | None, refusal: Refusal | None, now: datetime) -> bytes:
        control_id = root.value("HDR", "HDR.control_id") if root else ""
        said = f"<ACK.type_cd V={quoteattr(_code(refusal))}/><ACK.ack_control_id V={quoteattr(control_id)}/>"
        if refusal is not None:
            said += f"<ACK.note_txt V={quoteattr(f'{refusal.reason.value} {refusal.detail}'.strip())}/>"
        return self._document("ACK.R01", f"<ACK>{said}</ACK>", now)

    def _document(self, name: str, body: str, now: datetime) -> bytes:
        self._sent += 1
        header = f'<HDR.control_id V="{self._sent}"/><HDR.version_id V="POCT1"/>'
        header += f'<HDR.creation_dttm V="{now.isoformat(timespec="seconds")}"/>'
        return f'<?xml version="1.0" encoding="UTF-8"?><{name}><HDR>{header}</HDR>{body}</{name}>'.encode()


def _read(document: bytes) -> Element | None:
    """None where it cannot be taken: what is delivered all the same, the codec refuses by name."""
    try:
        return read(document)
    except XmlError:
        return None


def _has_results(root: Element) -> bool:
    """A device status that tells of new results: they are to be asked for."""
    waiting = root.value("DST", "DST.new_observations_qty")
    return waiting.isascii() and waiting.isdigit() and waiting.strip("0") != ""


def _code(refusal: Refusal | None) -> str:
    if refusal is None:
        return "AA"
    return "AR" if refusal.reason is Reason.UNKNOWN_DEVICE else "AE"
