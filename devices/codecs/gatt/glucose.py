"""Glucose Measurement (0x2A18): one record of a meter's memory."""

from dataclasses import dataclass
from datetime import timedelta

from devices.codecs.gatt.fields import Fields, Stamp, named_bits, reading
from devices.codecs.ieee11073 import Special
from devices.codecs.judging import Said, gathered, judge
from devices.metrics import METRICS
from devices.readings import Comparator, Decoded, Reason, Refusal, Reported

OFFSET, CONCENTRATION, MOLAR, STATUS, CONTEXT_FOLLOWS = 1, 2, 4, 8, 16
TYPES = (
    "",
    "capillary_whole_blood",
    "capillary_plasma",
    "venous_whole_blood",
    "venous_plasma",
    "arterial_whole_blood",
    "arterial_plasma",
    "undetermined_whole_blood",
    "undetermined_plasma",
    "interstitial_fluid",
    "control_solution",
)
LOCATIONS = ("", "finger", "alternate_site", "earlobe", "control_solution")
STATUS_BITS = (
    "battery_low",
    "sensor_malfunction",
    "sample_insufficient",
    "strip_insertion_error",
    "strip_type_incorrect",
    "result_too_high",
    "result_too_low",
    "temperature_too_high",
    "temperature_too_low",
    "read_interrupted",
    "device_fault",
    "time_fault",
)
SPOILT = {"sensor_malfunction", "sample_insufficient", "strip_insertion_error", "strip_type_incorrect"}
SPOILT |= {"temperature_too_high", "temperature_too_low", "read_interrupted", "device_fault"}


@dataclass(frozen=True, slots=True)
class Glucose:
    """``stamp`` is the base time with the offset in it; ``unit`` is kg/L or mol/L."""

    sequence: int
    stamp: Stamp
    offset_min: int
    concentration: float | Special | None
    unit: str
    type: str
    location: str
    status: tuple[str, ...] | None
    context_follows: bool


def parse(payload: bytes) -> Glucose:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(OFFSET | CONCENTRATION | MOLAR | STATUS | CONTEXT_FOLLOWS)
    sequence, base = fields.uint(2), fields.stamp()
    offset_min = fields.sint16() if flags & OFFSET else 0
    measured = fields.sfloat() if flags & CONCENTRATION else None
    sample = fields.uint(1) if flags & CONCENTRATION else 0
    status = named_bits(fields.uint(2), STATUS_BITS) if flags & STATUS else None
    fields.end()
    return Glucose(
        sequence=sequence,
        stamp=_shifted(base, offset_min),
        offset_min=offset_min,
        concentration=measured,
        unit="mol/L" if flags & MOLAR else "kg/L",
        type=_named(TYPES, sample & 0x0F),
        location=_named(LOCATIONS, sample >> 4),
        status=status,
        context_follows=bool(flags & CONTEXT_FOLLOWS),
    )


def _shifted(base: Stamp, minutes: int) -> Stamp:
    """The user set the clock since: the offset is what they set it by, and may cross midnight."""
    return Stamp(base.at + timedelta(minutes=minutes)) if base.at is not None else base


def _named(names: tuple[str, ...], place: int) -> str:
    return names[place] if place < len(names) else ""


def decode(payload: bytes) -> Decoded:
    """HI and LO, an infinity or a bit, are said as such. Control solution is nobody's blood."""
    measured = parse(payload)
    return gathered([_judged(measured)], said_beside=str(measured.sequence))


def _judged(measured: Glucose) -> Reported | Refusal:
    metric = "glucose_isf" if measured.type == "interstitial_fluid" else "glucose"
    status = measured.status or ()
    if "control_solution" in (measured.type, measured.location):
        return Refusal(Reason.QUALITY_CONTROL, metric, detail="control solution")
    if isinstance(measured.concentration, Special):
        return reading(metric, _bound(measured.concentration, status), measured.unit)
    if measured.concentration is None or SPOILT.intersection(status):
        return Refusal(_why(status), metric, detail=", ".join(status))
    said = Said(
        METRICS[metric],
        measured.concentration,
        measured.unit,
        at=measured.stamp.at,
        comparator=_comparator(status),
        context=tuple(word for word in (measured.type, measured.location, *status) if word),
        wrong_at=measured.stamp.wrong,
    )
    return judge(said)


def _bound(special: Special, status: tuple[str, ...]) -> Special:
    """A NaN beside "too low" is a LO."""
    if "result_too_high" in status:
        return Special.POSITIVE_INFINITY
    return Special.NEGATIVE_INFINITY if "result_too_low" in status else special


def _why(status: tuple[str, ...]) -> Reason:
    if "result_too_high" in status:
        return Reason.ABOVE_RANGE
    return Reason.BELOW_RANGE if "result_too_low" in status else Reason.NO_VALUE


def _comparator(status: tuple[str, ...]) -> Comparator | None:
    """A number beside "too high" is the end of what the meter can tell."""
    if "result_too_high" in status:
        return Comparator.GREATER
    return Comparator.LESS if "result_too_low" in status else None
