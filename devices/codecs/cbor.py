"""CBOR (RFC 8949) as far as SenML needs it: numbers, text, arrays and maps, decimal fractions (tag 4).

No other tag is followed: nothing from the wire is turned into a pattern, a date, a reference or a number of a million
digits. Time and memory are linear in the payload.
"""

import math

from devices.codecs import short_floats
from devices.codecs.strict_json import MAX_BYTES, RefusedError
from devices.readings import Reason

MAX_DEPTH = 8  # SenML needs three
INDEFINITE = 31
DECIMAL_FRACTION = 4
EXPONENTS = range(-400, 401)  # beyond it a float is zero or infinite anyway
FLOATS = {25: ">e", 26: ">f", 27: ">d"}
CONSTANTS = {20: False, 21: True, 22: None, 23: None}
BREAK = object()


def parse(payload: bytes) -> object:
    """One data item and nothing after it. Raises RefusedError. Byte strings stay bytes."""
    if len(payload) > MAX_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    reader = _Reader(payload)
    value = reader.item(0)
    if value is BREAK or reader.at != len(payload):
        raise _malformed("more than one item, or half of one")
    return value


def _malformed(what: str) -> RefusedError:
    return RefusedError(Reason.MALFORMED, what)


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.at = 0

    def item(self, depth: int) -> object:
        """The next data item; ``BREAK`` for the mark that ends an indefinite one."""
        if depth > MAX_DEPTH:
            raise _malformed("nested too deep")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if info == INDEFINITE:
            return self._indefinite(major, depth)
        return self._sized(major, self._argument(info), depth)

    def _sized(self, major: int, argument: int, depth: int) -> object:
        """A claim of more items than there are costs no more than those that are there."""
        if major < 2:
            return argument if major == 0 else -1 - argument
        if major == 2:
            return self._take(argument)
        if major == 3:
            return _text(self._take(argument))
        if major == 4:
            return [self._inner(depth) for _ in range(argument)]
        if major == 5:
            return _map([self._inner(depth) for _ in range(2 * argument)])
        return self._tagged(argument, depth)

    def _indefinite(self, major: int, depth: int) -> object:
        if major not in {2, 3, 4, 5}:
            raise _malformed("an indefinite length where none may be")
        items: list[object] = []
        while (item := self.item(depth + 1)) is not BREAK:
            items.append(item)
        if major == 4:
            return items
        if major == 5:
            return _map(items)
        kind = bytes if major == 2 else str
        if not all(isinstance(item, kind) for item in items):
            raise _malformed("a string of other parts than strings")
        return kind().join(items)  # type: ignore[arg-type]

    def _inner(self, depth: int) -> object:
        item = self.item(depth + 1)
        if item is BREAK:
            raise _malformed("a break where none may be")
        return item

    def _tagged(self, tag: int, depth: int) -> object:
        content = self._inner(depth)
        if tag == DECIMAL_FRACTION:
            return _fraction(content)
        raise RefusedError(Reason.FORBIDDEN, f"tag {tag}")

    def _simple(self, info: int) -> object:
        if info in FLOATS:
            return short_floats.unpack(FLOATS[info], self._take(1 << (info - 24)))
        if info == INDEFINITE:
            return BREAK
        if info not in CONSTANTS:
            raise _malformed("a simple value without meaning")
        return CONSTANTS[info]

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise _malformed("a length without meaning")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._payload):
            raise _malformed("shorter than it says")
        taken, self.at = self._payload[self.at : end], end
        return taken


def _text(encoded: bytes) -> str:
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.BAD_UTF8, f"at byte {error.start} of a string") from error


def _map(items: list[object]) -> dict[object, object]:
    """Raises RefusedError for a key that stands twice: which of the two was meant?"""
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or not all(type(key) in {int, str} for key in keys):
        raise _malformed("a map of something else than names and values")
    built = dict(zip(keys, values, strict=True))
    if len(built) != len(keys):
        raise RefusedError(Reason.DUPLICATE_KEY, "a key stands twice in one map")
    return built


def _fraction(content: object) -> float:
    """RFC 8949 §3.4.4: mantissa × 10 ^ exponent, read as its shortest decimal."""
    exponent, mantissa = content if isinstance(content, list) and len(content) == 2 else (None, None)
    if type(exponent) is not int or type(mantissa) is not int:
        raise _malformed("a decimal fraction of something else than two integers")
    if exponent not in EXPONENTS:
        return math.inf if exponent > 0 and mantissa else 0.0
    return float(f"{mantissa}e{exponent}")
