"""Heart Rate Measurement (0x2A37): what a chest strap notifies each second."""

from dataclasses import dataclass

from devices.codecs.gatt.fields import Fields, LayoutError, reading
from devices.codecs.judging import gathered
from devices.readings import Decoded, Reason, Refusal

WIDE, CONTACT, CONTACT_SUPPORTED, ENERGY, INTERVALS = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class HeartRate:
    """``contact`` None where the strap cannot tell; ``rr_ms`` are the intervals between beats."""

    bpm: int
    contact: bool | None
    energy_kj: int | None
    rr_ms: tuple[float, ...]


def parse(payload: bytes) -> HeartRate:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(WIDE | CONTACT | CONTACT_SUPPORTED | ENERGY | INTERVALS)
    return HeartRate(
        bpm=fields.uint(2 if flags & WIDE else 1),
        contact=bool(flags & CONTACT) if flags & CONTACT_SUPPORTED else None,
        energy_kj=fields.uint(2) if flags & ENERGY else None,
        rr_ms=_intervals(fields, bool(flags & INTERVALS)),
    )


def _intervals(fields: Fields, present: bool) -> tuple[float, ...]:
    """Units of 1/1024 s, to the end of the value."""
    if len(fields) % 2 or (len(fields) and not present):
        raise LayoutError("bytes behind the last field")
    return tuple(fields.uint(2) * 1000 / 1024 for _ in range(len(fields) // 2))


def decode(payload: bytes) -> Decoded:
    """A strap that is off the skin measures nothing: 0 /min is then no asystole, and 80 /min no pulse."""
    measured = parse(payload)
    if measured.contact is False:
        return gathered([Refusal(Reason.NO_CONTACT, "hr")])
    return gathered([reading("hr", float(measured.bpm), "/min")])
