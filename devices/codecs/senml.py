"""SenML (RFC 8428), in JSON or CBOR. The name behind the last ``:`` or ``/`` is the metric; ``%`` is a ratio there.

Base fields are resolved first, for the whole pack. Times below 2^28 are relative to the moment of sending (§4.5.3).
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from devices.codecs import cbor
from devices.codecs.judging import YEARS, Said, gathered, judge, printable
from devices.codecs.names import metric_named
from devices.codecs.strict_json import RefusedError, as_list, number, parse, text
from devices.codecs.units import ucum
from devices.metrics import Metric
from devices.readings import Decoded, Reason, Refusal, Reported

VERSION = 10  # of the format, and the highest that is understood (§4.4)
RELATIVE_BELOW = 2**28
LONGEST_BASE = 256  # or a thousand records would each have a name of 60,000 characters
LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs"} | {
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"
}  # fmt: skip  # of CBOR, table 4
UNITS = {"%": "/", "%EL": "%", "/100": "%"}  # %: a ratio (§12.1); %EL: percent, of a battery; /100: RFC 8798
HARDWARE = re.compile(r"[0-9a-f]{12,16}_(.+)")  # urn:dev:mac:… and urn:dev:ow:… with a component, RFC 9039 §3.2


class Record(msgspec.Struct, frozen=True):
    """A record with its base fields resolved (§4.6). ``value`` is None where it has something else than a number."""

    name: str
    unit: str
    time_s: float
    value: float | None


def decode(payload: bytes) -> Decoded:
    """Never raises. CBOR begins with an array's byte, which no JSON text can begin with."""
    try:
        records = _from_cbor(payload) if payload[:1] >= b"\x80" else as_list(parse(payload), "records")
        resolved = list(resolve(records))
    except RefusedError as refused:
        return Decoded(refusals=(refused.refusal,))
    if not resolved:
        return gathered([Refusal(Reason.NO_READING, "", detail="no record has a value")])
    return gathered(_judge(record) for record in resolved)


def resolve(records: list[object]) -> Iterator[Record | Refusal]:
    """Records that have a value, by themselves, in their order. Raises RefusedError for what concerns the pack."""
    base: dict[str, object] = {}
    for record in records:
        if not isinstance(record, Mapping):
            yield Refusal(Reason.WRONG_SHAPE, "", detail="a record is not an object")
            continue
        _check_understood(record)
        base |= {key: record[key] for key in ("bn", "bt", "bu", "bv") if key in record}
        if any(key in record for key in ("v", "vs", "vb", "vd")) or "bv" in base:
            yield _resolved(record, base)
        elif "s" in record:
            yield Refusal(Reason.SUMMARY, printable(_called(_name(record, base))), detail="s")


def _from_cbor(payload: bytes) -> list[object]:
    records = as_list(cbor.parse(payload), "records")
    return [_labelled(record) if isinstance(record, dict) else record for record in records]


def _labelled(record: dict[object, object]) -> dict[str, object]:
    """Names for numbers. Raises RefusedError where a field is there under both."""
    named = {LABELS.get(key, str(key)) if isinstance(key, int) else str(key): value for key, value in record.items()}
    if len(named) != len(record):
        raise RefusedError(Reason.DUPLICATE_KEY, "a field stands twice in one record")
    return named


def _check_understood(record: Mapping[str, object]) -> None:
    """§4.4: a field whose name ends in "_" must be understood or the pack refused, and so must its version."""
    if any(key.endswith("_") for key in record):
        raise RefusedError(Reason.WRONG_SHAPE, "a field that must be understood, and is not")
    version = record.get("bver", VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version <= VERSION:
        raise RefusedError(Reason.WRONG_SHAPE, "bver")
    if len(text(record.get("bn"))) > LONGEST_BASE:
        raise RefusedError(Reason.WRONG_SHAPE, "bn")


def _resolved(record: Mapping[str, object], base: Mapping[str, object]) -> Record | Refusal:
    name = _name(record, base)
    unit = text(record.get("u")) or text(base.get("bu"))
    times = [number(given) for given in (base.get("bt", 0), record.get("t", 0))]
    if None in times:
        return Refusal(Reason.WRONG_SHAPE, printable(_called(name)), detail="t")
    return Record(name, unit, sum(time or 0.0 for time in times), _value(record, base))


def _name(record: Mapping[str, object], base: Mapping[str, object]) -> str:
    return text(base.get("bn")) + text(record.get("n"))


def _value(record: Mapping[str, object], base: Mapping[str, object]) -> float | None:
    """``bv`` is added to ``v``, and stands alone where there is none. Text, truth and data are no measurement."""
    if any(key in record for key in ("vs", "vb", "vd")):
        return None
    parts = [number(given) for given in (base.get("bv", 0), record.get("v", 0))]
    return None if None in parts else sum(part or 0.0 for part in parts)


def _judge(record: Record | Refusal) -> Reported | Refusal:
    if isinstance(record, Refusal):
        return record
    metric = metric_named(_called(record.name))
    if metric is None:
        return Refusal(Reason.UNKNOWN_METRIC, printable(_called(record.name)))
    return judge(_said(metric, record))


def _said(metric: Metric, record: Record) -> Said:
    unit = ucum(UNITS.get(record.unit, record.unit))
    if abs(record.time_s) < RELATIVE_BELOW:
        after = timedelta(seconds=record.time_s) if record.time_s else None
        return Said(metric, record.value, unit, after_sent=after)
    at = _moment(record.time_s)
    return Said(metric, record.value, unit, at, wrong_at=at is None)


def _moment(seconds: float) -> datetime | None:
    if not math.isfinite(seconds) or seconds < 0:
        return None
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if at.year in YEARS else None


def _called(name: str) -> str:
    """What is behind the last ``:`` or ``/``, or behind the hardware address of a device's URN."""
    last = name[-256:].replace("/", ":").rpartition(":")[2]
    component = HARDWARE.fullmatch(last) if name.startswith("urn:dev:") else None
    return component[1] if component else last
