"""The bytes that an MQTT broker sends → its PUBLISH packets, a whole buffer at once; other packets stay as they are.

Pure. MQTT 3.1.1 and 5, QoS 0 and 1: no more is ever subscribed to, so QoS 2 is the broker's mistake.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

PUBLISH = 0x30


class MalformedError(Exception):
    """The broker sent what is no MQTT: nothing after it can be understood. ``before`` came whole."""

    before: "Sequence[Publish]" = ()


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message. ``packet_id`` is 0 with QoS 0. A topic that is not UTF-8 reads as "", which is no topic of ours.

    The properties of MQTT 5 are passed over: nothing here is decided by them.
    """

    topic: str
    payload: bytes
    packet_id: int
    retain: bool


class Packet(NamedTuple):
    """A control packet of another kind: its first byte, and all that follows the remaining length."""

    first: int
    body: bytes


class Parsed(NamedTuple):
    """``publishes`` in their order, what ended them – another packet, or with None the buffer – and where to go on."""

    publishes: list[Publish]
    other: Packet | None
    at: int


def parse(buffer: bytes, at: int, *, v5: bool) -> Parsed:
    """Read from ``at``; a packet that is not all there stays. Raises MalformedError."""
    publishes: list[Publish] = []
    try:
        return _parse(buffer, at, publishes, v5=v5)
    except MalformedError as error:
        error.before = publishes
        raise


def whole(held: bytes) -> int:
    """How long the packet is that begins ``held``, as far as can be seen: fewer bytes are not worth parsing."""
    if len(held) < 5 and not _is_whole(held, 0):
        return len(held) + 1
    length, start = _length(held, 1)
    return start + length


def _parse(buffer: bytes, at: int, publishes: list[Publish], *, v5: bool) -> Parsed:
    size = len(buffer)
    while size - at > 4 or _is_whole(buffer, at):
        first, length, start = buffer[at], buffer[at + 1], at + 2
        if length > 127:  # most messages have a length of two digits: those are read here, in one step
            if (second := buffer[start]) < 128:
                length, start = length - 128 + second * 128, start + 1
            else:
                length, start = _length(buffer, at + 1)
        end = start + length
        if end > size:
            break
        at = end
        if first & 0xF0 != PUBLISH:
            return Parsed(publishes, Packet(first, buffer[start:end]), at)
        publishes.append(_publish(first, buffer, start, end, v5=v5))
    return Parsed(publishes, None, at)


def _is_whole(buffer: bytes, at: int) -> bool:
    """Whether the few bytes from ``at`` hold a remaining length to its end (MQTT 5 §2.1.4)."""
    return any(digit < 128 for digit in buffer[at + 1 : at + 5])


def _publish(first: int, buffer: bytes, at: int, end: int, *, v5: bool) -> Publish:
    """MQTT 5 §3.3; ``buffer[at:end]`` is what follows the remaining length."""
    topic_end = at + 2 + (buffer[at] << 8 | buffer[at + 1]) if end - at > 1 else end + 1
    payload_at, packet_id = topic_end, 0
    if first & 6:
        packet_id, payload_at = int.from_bytes(buffer[topic_end : topic_end + 2], "big"), topic_end + 2
        if not packet_id or first & 4:  # MQTT-2.2.1-3; QoS 2 and 3
            raise MalformedError
    if v5 and payload_at < end:
        length, payload_at = (0, payload_at + 1) if not buffer[payload_at] else _length(buffer, payload_at)
        payload_at += length
    elif v5:
        raise MalformedError
    if payload_at > end:
        raise MalformedError
    return Publish(_text(buffer[at + 2 : topic_end]), buffer[payload_at:end], packet_id, bool(first & 1))


def _length(buffer: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer (MQTT 5 §1.5.5), and where it ends."""
    value = 0
    for place, digit in enumerate(buffer[at : at + 4]):
        value |= (digit & 127) << 7 * place
        if digit < 128:
            return value, at + place + 1
    raise MalformedError


def _text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return ""
