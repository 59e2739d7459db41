"""Temperature Measurement (0x2A1C): what a thermometer indicates when it is done."""

from dataclasses import dataclass

from devices.codecs.gatt.fields import NO_STAMP, Fields, Stamp, reading
from devices.codecs.ieee11073 import Special
from devices.codecs.judging import gathered
from devices.readings import Decoded, Reason, Refusal

FAHRENHEIT, STAMPED, TYPE = 1, 2, 4
SKIN = {"finger", "toe"}  # no core temperature
SITES = ("", "armpit", "body", "ear", "finger", "gastrointestinal", "mouth", "rectum", "toe", "tympanum")


@dataclass(frozen=True, slots=True)
class Temperature:
    """In ``unit``; ``site`` None where it was not sent."""

    value: float | Special
    unit: str
    stamp: Stamp
    site: str | None


def parse(payload: bytes) -> Temperature:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(FAHRENHEIT | STAMPED | TYPE)
    measured = Temperature(
        value=fields.float32(),
        unit="[degF]" if flags & FAHRENHEIT else "Cel",
        stamp=fields.stamp() if flags & STAMPED else NO_STAMP,
        site=_site(fields.uint(1)) if flags & TYPE else None,
    )
    fields.end()
    return measured


def _site(code: int) -> str:
    """A type that the standard reserves says nothing of the temperature."""
    return SITES[code] if code < len(SITES) else ""


def decode(payload: bytes) -> Decoded:
    measured = parse(payload)
    if measured.site in SKIN:
        return gathered([Refusal(Reason.UNKNOWN_METRIC, "", detail="a temperature of the skin")])
    context = (measured.site,) if measured.site else ()
    return gathered([reading("temp", measured.value, measured.unit, measured.stamp, context=context)])
