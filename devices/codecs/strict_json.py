"""JSON from the wire, strictly: bounded, UTF-8, no key twice in one object, no number that takes long to read."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from devices.codecs.judging import MAX_READINGS, YEARS
from devices.readings import Reason, Refusal

MAX_BYTES = 64 * 1024
MAX_ITEMS = MAX_READINGS  # of a message: records, entries, data points too
MAX_DIGITS = 25  # a longer integer is read as a float: Python's own conversion is quadratic, and refuses 4,300 digits

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Pairs = list[tuple[str, Any]]


class RefusedError(Exception):
    """The whole message is refused; where it could be read all the same, it stands in ``read``."""

    def __init__(self, reason: Reason, detail: str, read: object = None) -> None:
        super().__init__(reason, detail)
        self.refusal = Refusal(reason, detail=detail)
        self.read = read


def parse(payload: bytes) -> object:
    """Raises RefusedError. Time and memory are linear in the payload; of a key that stands twice, neither is kept."""
    pairs_seen = _Pairs()
    try:
        value = json.loads(text_of(payload), object_pairs_hook=pairs_seen, parse_int=_integer)
    except RecursionError as error:
        raise RefusedError(Reason.BAD_JSON, "nested too deep") from error
    except ValueError as error:
        raise RefusedError(Reason.BAD_JSON, "not JSON") from error
    if pairs_seen.repeated:
        raise RefusedError(Reason.DUPLICATE_KEY, "a key stands twice in one object", value)
    return value


def text_of(payload: bytes) -> str:
    """Raises RefusedError."""
    if len(payload) > MAX_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.BAD_UTF8, f"at byte {error.start}") from error


def as_object(value: object, name: str = "the message") -> Mapping[str, Any]:
    """Raises RefusedError."""
    if not isinstance(value, dict):
        raise RefusedError(Reason.WRONG_SHAPE, f"{name} is not an object")
    return value


def as_list(value: object, name: str, read: object = None) -> list[Any]:
    """Raises RefusedError, also where it has more than a message may have."""
    if not isinstance(value, list):
        raise RefusedError(Reason.WRONG_SHAPE, f"{name} is not a list", read)
    if len(value) > MAX_ITEMS:
        raise RefusedError(Reason.WRONG_SHAPE, f"more than {MAX_ITEMS} {name}", read)
    return value


def number(value: object) -> float | None:
    """None for what is no number in JSON: text, truth values, null. NaN and infinity pass, to be refused by name."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """RFC 3339 with its offset, in a year that can be reckoned with."""
    try:
        read = msgspec.convert(value, Moment) if isinstance(value, str) else None
    except (msgspec.ValidationError, UnicodeError):  # half a character, which an escape can make
        return None
    return read.astimezone(UTC) if read is not None and read.year in YEARS else None


class _Pairs:
    """Builds objects, leaves out a key that stands twice (which of the two was meant?), and remembers that it did."""

    def __init__(self) -> None:
        self.repeated = False

    def __call__(self, pairs: Pairs) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) == len(pairs):
            return built
        self.repeated = True
        times = Counter(key for key, _ in pairs)
        return {key: value for key, value in built.items() if times[key] == 1}


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)
