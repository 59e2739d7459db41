"""The wire format of Protocol Buffers: fields with their numbers, nothing of what they mean. Groups are refused."""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from devices.codecs import short_floats
from devices.codecs.strict_json import RefusedError
from devices.readings import Reason

MAX_VARINT = 10  # bytes
SIXTY_FOUR_BITS = 2**64 - 1


class Wire(IntEnum):
    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


class Field(NamedTuple):
    """``value`` is a number of 64 bits at most, or the bytes as they stand, of fixed width too."""

    number: int
    wire: Wire
    value: int | bytes


def fields(payload: bytes) -> Iterator[Field]:
    """In their order. Raises RefusedError where the bytes are no message."""
    at = 0
    while at < len(payload):
        key, at = _varint(payload, at)
        try:
            wire = Wire(key & 7)
        except ValueError as error:
            raise _malformed("a field of a kind that is not read") from error
        if key >> 3 == 0:
            raise _malformed("a field without number")
        value, at = _value(payload, at, wire)
        yield Field(key >> 3, wire, value)


def float_of(field: Field) -> float:
    """Raises RefusedError where the field is neither a float nor a double."""
    layout = {Wire.FIXED32: "<f", Wire.FIXED64: "<d"}.get(field.wire)
    if layout is None or not isinstance(field.value, bytes):
        raise _malformed("a number of another kind")
    return short_floats.unpack(layout, field.value)


def int_of(field: Field) -> int:
    """Raises RefusedError."""
    if not isinstance(field.value, int):
        raise _malformed("a number of another kind")
    return field.value


def bytes_of(field: Field) -> bytes:
    """Raises RefusedError."""
    if field.wire is not Wire.BYTES or not isinstance(field.value, bytes):
        raise _malformed("bytes of another kind")
    return field.value


def text_of(field: Field) -> str:
    """Raises RefusedError."""
    try:
        return bytes_of(field).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.BAD_UTF8, f"at byte {error.start} of a string") from error


def written(number: int, value: int | bytes) -> bytes:
    """A field, as it is read above: a number that is not negative as a varint, bytes with their length."""
    if isinstance(value, int):
        return _digits(number << 3 | Wire.VARINT) + _digits(value)
    return _digits(number << 3 | Wire.BYTES) + _digits(len(value)) + value


def _digits(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _value(payload: bytes, at: int, wire: Wire) -> tuple[int | bytes, int]:
    if wire is Wire.VARINT:
        return _varint(payload, at)
    if wire is Wire.BYTES:
        size, at = _varint(payload, at)
    else:
        size = 8 if wire is Wire.FIXED64 else 4
    if size > len(payload) - at:
        raise _malformed("shorter than it says")
    return payload[at : at + size], at + size


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(payload[at : at + MAX_VARINT]):
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            return value & SIXTY_FOUR_BITS, at + index + 1
    raise _malformed("a number without end")


def _malformed(what: str) -> RefusedError:
    return RefusedError(Reason.MALFORMED, what)
