"""MLLP: HL7 v2 messages in blocks – VT, message, FS, CR – each answered once it is stored. Pure.

FS stands in no message, so that it ends a block by itself: some senders leave the CR out."""

from collections.abc import Iterator
from datetime import datetime

from devices.codecs import hl7v2
from devices.codecs.hl7v2_ack import acknowledgement
from devices.codecs.hl7v2_text import MAX_BYTES
from devices.readings import Reason, Refusal
from devices.tcp.conversation import ConversationError, Deliver, Fault, Step

START, END, CR = b"\x0b", b"\x1c", b"\r"


class Mllp:
    """Implements Conversation."""

    format = "hl7v2"

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0

    @property
    def unfinished(self) -> bool:
        return bool(self._held)

    def received(self, data: bytes, now: datetime) -> Iterator[Step]:
        self._held += data
        while (payload := self._next(now)) is not None:
            yield Deliver(payload, hl7v2.decode(payload).source)

    def _next(self, now: datetime) -> bytes | None:
        """Line ends between blocks do no harm, anything else does: nobody knows where the next message begins."""
        if not self._searched:
            while self._held and self._held[0] in b"\r\n":
                del self._held[:1]
            if self._held and not self._held.startswith(START):
                raise ConversationError(Fault.MALFORMED)
        end = self._held.find(END, self._searched)
        if end < 0:
            self._searched = len(self._held)
            self._bound(now)
            return None
        payload = bytes(self._held[1:end])
        del self._held[: end + len(END)]
        self._searched = 0
        return payload

    def _bound(self, now: datetime) -> None:
        if len(self._held) > MAX_BYTES:
            refusal = Refusal(Reason.TOO_LARGE, detail=f"more than {MAX_BYTES} bytes")
            raise ConversationError(Fault.TOO_LARGE, block(acknowledgement(bytes(self._held[1:4096]), refusal, now)))

    def answer(self, delivered: Deliver, refusal: Refusal | None, now: datetime) -> bytes:
        return block(acknowledgement(delivered.payload, refusal, now))

    def ended(self) -> Iterator[Deliver]:
        """Half a block was never acknowledged."""
        yield from ()


def block(message: bytes) -> bytes:
    """Of nothing, nothing."""
    return START + message + END + CR if message else b""
