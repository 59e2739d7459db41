"""The bytes of MQTT 3.1.1, pure: a control packet, a CONNECT and the fields inside, read strictly and written again."""

import struct
from dataclasses import dataclass
from enum import IntEnum, StrEnum

TOPIC_BYTES = 256


class Fault(StrEnum):
    """Why a connection was not taken, or was closed."""

    NOT_MQTT = "not_mqtt"
    PROTOCOL_LEVEL = "protocol_level"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    MALFORMED = "malformed"
    OVERRUN = "overrun"
    BAD_UTF8 = "bad_utf8"
    BAD_TOPIC = "bad_topic"
    UNEXPECTED_PACKET = "unexpected_packet"
    QOS_2 = "qos_2"
    CLIENT_ID = "client_id"
    CREDENTIAL = "credential"
    WILL_TOPIC = "will_topic"
    FOREIGN_TOPIC = "foreign_topic"
    SILENT = "silent"
    REVOKED = "revoked"
    TAKEN_OVER = "taken_over"
    UNAVAILABLE = "unavailable"


class GuardError(Exception):
    """What the guard says no to.

    GuardError
    ├── ViolationError   the connection is closed without a word
    └── RefusedError     the CONNECT is answered with ``reply``, then closed
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class ViolationError(GuardError):
    """The peer broke the protocol, or went where it may not."""


class RefusedError(GuardError):
    """A CONNECT that was understood and is answered with a CONNACK (MQTT 3.1.1 §3.2.2.3)."""

    def __init__(self, fault: Fault, reply: bytes) -> None:
        super().__init__(fault)
        self.reply = reply


class Packet(IntEnum):
    """Control packet types (MQTT 3.1.1 §2.2.1)."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    PINGREQ = 12
    DISCONNECT = 14


@dataclass(frozen=True, slots=True)
class Frame:
    """One control packet: its first byte, and all that follows the remaining length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.first >> 4

    @property
    def flags(self) -> int:
        return self.first & 0x0F

    def encode(self) -> bytes:
        return bytes([self.first]) + _length(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Will:
    """What is published for a client that goes without a DISCONNECT."""

    topic: str
    payload: bytes
    qos: int


@dataclass(frozen=True, slots=True)
class Connect:
    """A CONNECT, as far as the guard lets it matter. ``keep_alive_s`` 0: the client promises nothing."""

    client_id: str
    username: str | None
    password: bytes | None
    keep_alive_s: int
    will: Will | None = None

    def encode(self) -> bytes:
        """The CONNECT that amqtt is given: no secret, no keep-alive (the guard reaps), always a clean session.

        amqtt keeps what a persistent session missed without bound and hands it over flagged as retained; the device's
        own store is the record, so no session outlives its connection and CONNACK says so.
        """
        flags = 0x02 | (0x04 | min(self.will.qos, 1) << 3 if self.will else 0)
        body = encode_text("MQTT") + bytes([4, flags, 0, 0]) + encode_text(self.client_id)
        if self.will:
            body += encode_text(self.will.topic) + struct.pack("!H", len(self.will.payload)) + self.will.payload
        return Frame(Packet.CONNECT << 4, body).encode()


_UNSUPPORTED_BY_V5_RULES = bytes.fromhex("2003008400")  # MQTT 5 §3.2.2.2: reason 0x84, no properties
_PROTOCOL_NAMES = {"MQIsdp", "MQTT"}


def refusal(fault: Fault, code: int) -> RefusedError:
    """Answered with a CONNACK (§3.2.2.3): 1 protocol level, 2 client id, 3 unavailable, 4 credential, 5 no right."""
    return RefusedError(fault, bytes([0x20, 2, 0, code]))


def parse_connect(frame: Frame) -> Connect:
    """Read a first frame. Raises ViolationError for what is no CONNECT, RefusedError for another protocol level."""
    if frame.first != Packet.CONNECT << 4:
        raise ViolationError(Fault.NOT_MQTT)
    fields = Fields(frame.body)
    if fields.text() not in _PROTOCOL_NAMES:
        raise ViolationError(Fault.NOT_MQTT)
    _check_level(fields.byte())
    flags = fields.byte()
    _check_connect_flags(flags)
    keep_alive_s = fields.short()
    connect = Connect(
        client_id=fields.text(),  # the arguments stand in the order of the payload (MQTT-3.1.3-1)
        keep_alive_s=keep_alive_s,
        will=Will(fields.text(), fields.binary(), flags >> 3 & 3) if flags & 0x04 else None,
        username=fields.text() if flags & 0x80 else None,
        password=fields.binary() if flags & 0x40 else None,
    )
    fields.end()
    return connect


def _check_level(level: int) -> None:
    if level == 5:
        raise RefusedError(Fault.PROTOCOL_LEVEL, _UNSUPPORTED_BY_V5_RULES)
    if level != 4:
        raise refusal(Fault.PROTOCOL_LEVEL, 1)


def _check_connect_flags(flags: int) -> None:
    reserved = flags & 0x01  # MQTT-3.1.2-3
    will_parts_without_will = not flags & 0x04 and flags & 0x38  # MQTT-3.1.2-11, -13, -15
    password_without_name = flags & 0xC0 == 0x40  # MQTT-3.1.2-22
    if reserved or will_parts_without_will or password_without_name or flags >> 3 & 3 == 3:
        raise ViolationError(Fault.MALFORMED)


class Fields:
    """The fields of a body, read from the front; what would reach beyond its end is an overrun."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._body):
            raise ViolationError(Fault.OVERRUN)
        self._at += count
        return self._body[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.short())

    def text(self) -> str:
        """UTF-8 without surrogates (MQTT-1.5.3-1) and without U+0000 (MQTT-1.5.3-2)."""
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise ViolationError(Fault.BAD_UTF8) from error
        if "\0" in text:
            raise ViolationError(Fault.BAD_UTF8)
        return text

    def topic(self) -> str:
        topic = self.text()
        if not topic or len(topic.encode()) > TOPIC_BYTES:
            raise ViolationError(Fault.BAD_TOPIC)  # MQTT-4.7.3-1
        return topic

    def filter(self) -> str:
        """A topic filter: wildcards fill a whole level, '#' only the last (MQTT-4.7.1-2, -3)."""
        levels = (topic := self.topic()).split("/")
        mixed = any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
        if mixed or "#" in levels[:-1]:
            raise ViolationError(Fault.BAD_TOPIC)
        return topic

    def packet_id(self) -> int:
        if not (packet_id := self.short()):
            raise ViolationError(Fault.MALFORMED)  # MQTT-2.3.1-1
        return packet_id

    def done(self) -> bool:
        return self._at == len(self._body)

    def end(self) -> None:
        if not self.done():
            raise ViolationError(Fault.MALFORMED)


def encode_text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _length(length: int) -> bytes:
    """Remaining length, seven bits a byte (MQTT 3.1.1 §2.2.3)."""
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(encoded)
