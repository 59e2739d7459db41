"""Bedside's own JSON: what a device sends on ``…/readings``. Lenient in reading, strict in taking: a broken reading
costs itself and no other. Knows no clock: times are as the device said them."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reason, Refusal, Reported

MAX_BYTES = 64 * 1024
MAX_READINGS = 1000
MAX_SEQ = 2**63 - 1
MAX_DIGITS = 25  # a longer integer is read as a float: Python's own conversion is quadratic, and refuses 4,300 digits
EPOCH = re.compile(r"[A-Za-z0-9_-]{1,64}")
YEARS = range(1970, 2201)  # keeps arithmetic with clock offsets away from the ends of the calendar

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Pairs = list[tuple[str, Any]]


class RefusedError(Exception):
    """The whole message is refused; what could be read of its envelope stands in ``envelope``."""

    def __init__(self, reason: Reason, detail: str, envelope: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason, detail)
        self.refusal = Refusal(reason, detail=detail)
        self.envelope = envelope or {}


def decode(payload: bytes) -> Decoded:
    """UTF-8 JSON of at most 64 KiB and 1000 readings; never raises. Time and memory are linear in the payload."""
    try:
        message = _parse(payload)
        readings = _readings_of(message)
    except RefusedError as refused:
        return _with_envelope(Decoded(refusals=(refused.refusal,)), refused.envelope)
    judged = [_judge(reading) for reading in readings]
    taken = tuple(item for item in judged if isinstance(item, Reported))
    refusals = tuple(item for item in judged if isinstance(item, Refusal))
    return _with_envelope(Decoded(taken, refusals, content=_content(readings)), message)


def _parse(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > MAX_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(Reason.BAD_UTF8, f"at byte {error.start}") from error
    pairs_seen = _Pairs()
    try:
        message = json.loads(text, object_pairs_hook=pairs_seen, parse_int=_integer)
    except RecursionError as error:
        raise RefusedError(Reason.BAD_JSON, "nested too deep") from error
    except ValueError as error:
        raise RefusedError(Reason.BAD_JSON, "not JSON") from error
    if not isinstance(message, dict):
        raise RefusedError(Reason.WRONG_SHAPE, "not an object")
    if pairs_seen.repeated:
        raise RefusedError(Reason.DUPLICATE_KEY, "a key stands twice in one object", message)
    return message


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


def _readings_of(message: Mapping[str, Any]) -> list[Any]:
    readings = message.get("readings")
    if not isinstance(readings, list):
        raise RefusedError(Reason.WRONG_SHAPE, "readings is not a list", message)
    if len(readings) > MAX_READINGS:
        raise RefusedError(Reason.WRONG_SHAPE, f"more than {MAX_READINGS} readings", message)
    return readings


def _with_envelope(decoded: Decoded, message: Mapping[str, Any]) -> Decoded:
    """Add epoch, seq, oldest and sent; a wrong one is left out and named, and costs no reading."""
    epoch = message.get("epoch") if _is_epoch(message.get("epoch")) else None
    seq = message.get("seq") if _is_seq(message.get("seq")) else None
    oldest = message.get("oldest") if _is_seq(message.get("oldest")) else None
    if seq is not None and oldest is not None and oldest > seq:
        oldest = None
    sent_at = _moment(message.get("sent"))
    kept = {"epoch": epoch, "seq": seq, "oldest": oldest, "sent": sent_at}
    faults = [Refusal(Reason.WRONG_SHAPE, detail=key) for key in kept if _given(message, key) and kept[key] is None]
    if epoch is None and _given(message, "epoch"):
        seq = oldest = None  # a sequence of an epoch that cannot be named must not be counted in another
    return msgspec.structs.replace(
        decoded, refusals=(*decoded.refusals, *faults), epoch=epoch, seq=seq, oldest=oldest, sent_at=sent_at
    )


def _given(message: Mapping[str, Any], key: str) -> bool:
    return message.get(key) is not None


def _is_epoch(value: object) -> bool:
    return isinstance(value, str) and EPOCH.fullmatch(value) is not None


def _is_seq(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEQ


def _moment(value: object) -> datetime | None:
    """RFC 3339 with its offset, in a year that can be reckoned with."""
    try:
        moment = msgspec.convert(value, Moment) if isinstance(value, str) else None
    except msgspec.ValidationError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.year in YEARS else None


def _judge(reading: object) -> Reported | Refusal:
    if not isinstance(reading, dict):
        return Refusal(Reason.WRONG_SHAPE, "", detail="a reading is not an object")
    name = reading.get("metric")
    metric = METRICS.get(name) if isinstance(name, str) else None
    if metric is None:
        return Refusal(Reason.UNKNOWN_METRIC, _printable(name))
    return _judge_value(metric, reading)


def _judge_value(metric: Metric, reading: Mapping[str, Any]) -> Reported | Refusal:
    number, unit = _number(reading.get("value")), reading.get("unit")
    if isinstance(number, Reason):
        return Refusal(number, metric.name)
    conversion = metric.units.get(unit) if isinstance(unit, str) else None
    if conversion is None:
        return Refusal(Reason.UNKNOWN_UNIT, metric.name, detail=_printable(unit))
    value, at = conversion.apply(number), _moment(reading.get("at"))
    if not metric.possible(value):
        return Refusal(Reason.IMPOSSIBLE, metric.name, value if math.isfinite(value) else None)
    if at is None and _given(reading, "at"):
        return Refusal(Reason.WRONG_SHAPE, metric.name, value, detail="at")
    changed = unit != metric.unit
    return Reported(metric.name, value, metric.unit, at, number if changed else None, str(unit) if changed else None)


def _number(value: object) -> float | Reason:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return Reason.NOT_A_NUMBER
    return Reason.INFINITE if math.isinf(value) else float(value)


def _printable(name: object) -> str:
    """What a device calls a thing, fit for a row and a screen."""
    return "".join(char if " " <= char <= "~" else "?" for char in name[:64]) if isinstance(name, str) else ""


def _content(readings: list[Any]) -> str | None:
    """SHA-256 (hex) over what was said, taken or not, where every reading carries its time; else None."""
    if not readings or not all(isinstance(reading, dict) and _moment(reading.get("at")) for reading in readings):
        return None
    said = ([_scalar(reading.get(key)) for key in ("metric", "value", "unit", "at")] for reading in readings)
    return sha256("\n".join(map(ascii, said)).encode()).hexdigest()


def _scalar(value: object) -> object:
    return value if isinstance(value, str | int | float) else None
