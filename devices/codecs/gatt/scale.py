"""Weight Measurement (0x2A9D): who stood on the scale, and what it made of them."""

from dataclasses import dataclass
from fractions import Fraction

from devices.codecs.gatt.fields import NO_STAMP, Fields, Stamp, reading, user
from devices.codecs.judging import gathered
from devices.readings import Decoded, Reason, Refusal, Reported

IMPERIAL, STAMPED, USER, BODY = 1, 2, 4, 8
UNSUCCESSFUL = 0xFFFF


@dataclass(frozen=True, slots=True)
class Weight:
    """In ``unit``, height in ``height_unit``; ``weight`` None where the measurement did not succeed."""

    weight: float | None
    unit: str
    stamp: Stamp
    user_id: int | None
    bmi: float | None
    height: float | None
    height_unit: str


def parse(payload: bytes) -> Weight:
    """Raises LayoutError. Resolutions: 0.005 kg and 1 mm, or 0.01 lb and 0.1 in; BMI 0.1 kg/m²."""
    fields = Fields(payload)
    flags = fields.flags(IMPERIAL | STAMPED | USER | BODY)
    imperial = bool(flags & IMPERIAL)
    raw = fields.uint(2)
    measured = Weight(
        weight=None if raw == UNSUCCESSFUL else _scaled(raw, 100 if imperial else 200),
        unit="[lb_av]" if imperial else "kg",
        stamp=fields.stamp() if flags & STAMPED else NO_STAMP,
        user_id=fields.uint(1) if flags & USER else None,
        bmi=_scaled(fields.uint(2), 10) if flags & BODY else None,
        height=_scaled(fields.uint(2), 10 if imperial else 1000) if flags & BODY else None,
        height_unit="[in_i]" if imperial else "m",
    )
    fields.end()
    return measured


def _scaled(raw: int, parts: int) -> float:
    return float(Fraction(raw, parts))


def decode(payload: bytes) -> Decoded:
    """BMI and height are 0 on a scale that does not know who stands on it."""
    measured = parse(payload)
    context, stamp = user(measured.user_id), measured.stamp
    if measured.weight is None:
        return gathered([Refusal(Reason.NO_VALUE, "weight", detail="measurement unsuccessful")])
    judged: list[Reported | Refusal] = [reading("weight", measured.weight, measured.unit, stamp, context=context)]
    if measured.bmi:
        judged.append(reading("bmi", measured.bmi, "kg/m2", stamp, context=context))
    if measured.height:
        judged.append(reading("height", measured.height, measured.height_unit, stamp, context=context))
    return gathered(judged)
