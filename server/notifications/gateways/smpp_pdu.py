"""SMPP 3.4 as bytes: what this server says to an SMSC and hears from it. Pure; clauses are of issue 1.2.

By hand, since it is this small: smpplib's client blocks a thread, knows IPv4 only, does not check a TLS host name,
writes every PDU – number and words – into the log and tears escapes; its codec checks ours in the tests.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from server.notifications.deliveries import DeliveryState, Receipt

HEADER: Final = struct.Struct(">IIII")  # §3.2: length, command, status, sequence
LONGEST: Final = 70_000  # a payload of 64 KiB and its frame
RESPONSE: Final = 0x8000_0000
CONCATENATED: Final = 0x40  # §5.2.12: the text begins with a user data header
VERSION: Final = 0x34
OK, INVALID_COMMAND, TRY_AGAIN, NEVER = 0x00, 0x03, 0x64, 0x65  # §5.1.3


class Command(IntEnum):
    """§5.1.2.1; a response has the highest bit set."""

    NACK = 0x8000_0000
    SUBMIT = 0x04
    DELIVER = 0x05
    UNBIND = 0x06
    BIND = 0x09  # as transceiver: both ways over one connection
    ENQUIRE_LINK = 0x15


class Tag(IntEnum):
    """§5.3.2, of the optional parameters those that are used."""

    RECEIPTED_ID = 0x001E
    REFERENCE = 0x0204
    PAYLOAD = 0x0424
    STATE = 0x0427


# Appendix B and §5.2.28: what a receipt may say. What is not here means "on its way" or "nobody knows".
STATES: Final[Mapping[bytes | int, DeliveryState]] = {
    b"DELIVRD": DeliveryState.DELIVERED, 2: DeliveryState.DELIVERED,
    b"EXPIRED": DeliveryState.EXPIRED, 3: DeliveryState.EXPIRED,
    b"DELETED": DeliveryState.FAILED, 4: DeliveryState.FAILED,
    b"UNDELIV": DeliveryState.FAILED, 5: DeliveryState.FAILED,
    b"REJECTD": DeliveryState.FAILED, 8: DeliveryState.FAILED,
}  # fmt: skip
RECEIPT_FIELD: Final = re.compile(rb"\b(id|stat|err):(\S+)", re.IGNORECASE)


class Malformed(ValueError):
    """Bytes that are no PDU, or not the one that they say."""


@dataclass(frozen=True, slots=True)
class Pdu:
    command: int
    status: int
    sequence: int
    body: bytes = field(default=b"", repr=False)

    @property
    def answers(self) -> bool:
        return bool(self.command & RESPONSE)


@dataclass(frozen=True, slots=True)
class Message:
    """One submit_sm. ``source`` and ``destination`` in E.164, or a name as ``source``."""

    source: str
    destination: str
    data_coding: int
    content: bytes = field(repr=False)
    concatenated: bool = False
    as_payload: bool = False  # the SMSC makes the parts
    reference: int = 0


def pack(pdu: Pdu) -> bytes:
    return HEADER.pack(HEADER.size + len(pdu.body), pdu.command, pdu.status, pdu.sequence) + pdu.body


def unpack_header(raw: bytes) -> tuple[int, Pdu]:
    """The length of the body that follows, and the PDU without it. Raises ``Malformed``."""
    length, command, status, sequence = HEADER.unpack(raw)
    if not HEADER.size <= length <= LONGEST:
        raise Malformed(f"a PDU of {length} bytes")
    return length - HEADER.size, Pdu(command, status, sequence)


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """§4.1.5. No address range: receipts of everything that this account sent."""
    return _text(system_id) + _text(password) + _text(system_type) + bytes([VERSION, 0, 0]) + b"\0"


def submit(message: Message) -> bytes:
    """§4.4.1, with a receipt asked for."""
    content = b"" if message.as_payload else message.content
    return b"".join([
        _text(""),
        _address(message.source),
        _address(message.destination),
        bytes([CONCATENATED if message.concatenated else 0, 0, 0]),  # esm_class, protocol, priority
        _text(""), _text(""),  # at once, and for as long as the SMSC keeps it
        bytes([1, 0, message.data_coding, 0, len(content)]),
        content,
        _optional(Tag.REFERENCE, struct.pack(">H", message.reference)),
        _optional(Tag.PAYLOAD, message.content) if message.as_payload else b"",
    ])  # fmt: skip


def message_id(body: bytes) -> str:
    """§4.4.2. Raises ``Malformed``."""
    return _Reading(body).text().decode("ascii", "replace")


def receipt(body: bytes, now: datetime) -> Receipt | None:
    """§4.6.1: a deliver_sm that is a delivery receipt and says something new; None for any other. Raises ``Malformed``.

    Its own time has no zone, so ``now`` it is.
    """
    esm_class, content, optional = _delivered(body)
    if esm_class & 0x3C != 0x04:  # §5.2.12: a message that a person sent here
        return None
    found = RECEIPT_FIELD.findall(content)
    said = {name.lower(): value for name, value in reversed(found)}  # the first counts: "text:" may quote anything
    name = optional.get(Tag.RECEIPTED_ID, b"").rstrip(b"\0") or said.get(b"id", b"")
    told = optional.get(Tag.STATE, b"")
    state = STATES.get(told[0]) if told else STATES.get(said.get(b"stat", b"").upper())
    if not name or state is None:
        return None
    error = b"" if state is DeliveryState.DELIVERED else said.get(b"err", b"")[:64]
    return Receipt(name.decode("ascii", "replace"), state, now, error.decode("ascii", "replace") or None)


def _delivered(body: bytes) -> tuple[int, bytes, Mapping[int, bytes]]:
    """esm_class, the text wherever it stands, the optional parameters."""
    reading = _Reading(body)
    reading.text()  # service type
    for _ in range(2):  # source and destination
        reading.take(2)
        reading.text()
    esm_class = reading.take(3)[0]
    reading.text(), reading.text()  # scheduled, valid until
    content = reading.take(reading.take(5)[4])
    optional = reading.optional()
    return esm_class, content or optional.get(Tag.PAYLOAD, b""), optional


class _Reading:
    """Takes fields off the front of a body."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    def take(self, count: int) -> bytes:
        if len(self._left) < count:
            raise Malformed("a PDU that was cut short")
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def text(self) -> bytes:
        """§3.1, C-octet string: up to a NUL."""
        taken, end, self._left = self._left.partition(b"\0")
        if not end:
            raise Malformed("a text without an end")
        return taken

    def optional(self) -> dict[int, bytes]:
        """§3.2.4: tag, length, value."""
        found: dict[int, bytes] = {}
        while self._left:
            tag, length = struct.unpack(">HH", self.take(4))
            found[tag] = self.take(length)
        return found


def _text(text: str) -> bytes:
    return text.encode("ascii") + b"\0"


def _address(address: str) -> bytes:
    """§5.2.5, §5.2.6: +… is international in the telephone plan; a name is alphanumeric; the rest the SMSC knows."""
    if address.startswith("+"):
        kind: Sequence[int] = (1, 1)
    elif address.isdigit():
        kind = (0, 0)
    else:
        kind = (5, 0)
    return bytes(kind) + _text(address.removeprefix("+"))


def _optional(tag: Tag, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value
