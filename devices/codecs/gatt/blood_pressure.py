"""Blood Pressure Measurement (0x2A35): what a cuff indicates once it has deflated."""

from dataclasses import dataclass

from devices.codecs.gatt.fields import NO_STAMP, Fields, Stamp, named_bits, reading, user
from devices.codecs.ieee11073 import Special
from devices.codecs.judging import gathered
from devices.readings import Decoded

KPA, STAMPED, PULSE, USER, STATUS = 1, 2, 4, 8, 16
STATUS_BITS = (
    "body_movement",
    "cuff_too_loose",
    "irregular_pulse",
    "pulse_above_range",
    "pulse_below_range",
    "improper_position",
)


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """Pressures in ``unit``; pulse per minute. ``status`` None where none was sent."""

    unit: str
    systolic: float | Special
    diastolic: float | Special
    mean: float | Special
    stamp: Stamp
    pulse: float | Special | None
    user_id: int | None
    status: tuple[str, ...] | None


def parse(payload: bytes) -> BloodPressure:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(KPA | STAMPED | PULSE | USER | STATUS)
    measured = BloodPressure(
        unit="kPa" if flags & KPA else "mm[Hg]",
        systolic=fields.sfloat(),
        diastolic=fields.sfloat(),
        mean=fields.sfloat(),
        stamp=fields.stamp() if flags & STAMPED else NO_STAMP,
        pulse=fields.sfloat() if flags & PULSE else None,
        user_id=fields.uint(1) if flags & USER else None,
        status=_status(fields.uint(2)) if flags & STATUS else None,
    )
    fields.end()
    return measured


def _status(bits: int) -> tuple[str, ...]:
    return named_bits(bits, STATUS_BITS)


def decode(payload: bytes) -> Decoded:
    """The mean has a place in every message, and many cuffs put NaN there: then there is none, and nothing is wrong."""
    measured = parse(payload)
    context = (*(measured.status or ()), *user(measured.user_id))
    pressures = {"sbp": measured.systolic, "dbp": measured.diastolic}
    if not isinstance(measured.mean, Special):
        pressures["map"] = measured.mean
    judged = [reading(m, value, measured.unit, measured.stamp, context=context) for m, value in pressures.items()]
    if measured.pulse is not None:
        judged.append(reading("pulse_rate", measured.pulse, "/min", measured.stamp, context=context))
    return gathered(judged)
