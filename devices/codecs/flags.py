"""The letters that laboratories flag a result with: HL7 table 0078, which ASTM, POCT1-A and FHIR share. In words of
ours, and where they say that the value lies off the instrument's scale."""

from collections.abc import Collection

from devices.codecs.decimal_text import Amount
from devices.readings import Comparator, Reason

FLAGS = {"HH": "critical_high", "LL": "critical_low", "H": "high", "L": "low", "A": "abnormal", "AA": "critical"}


def words(flags: Collection[str]) -> tuple[str, ...]:
    return tuple(FLAGS[flag] for flag in flags if flag in FLAGS)


def end_of_scale(flags: Collection[str]) -> Comparator | None:
    """What a number is that is flagged as off the scale."""
    if ">" in flags:
        return Comparator.GREATER
    return Comparator.LESS if "<" in flags else None


def off_scale(flags: Collection[str]) -> Reason | None:
    """HI or LO: the flag without a number."""
    if ">" in flags:
        return Reason.ABOVE_RANGE
    return Reason.BELOW_RANGE if "<" in flags else None


def bounded(found: Amount | Reason, flags: Collection[str]) -> Amount | Reason:
    if isinstance(found, Amount):
        return found if found.comparator is not None else Amount(found.value, end_of_scale(flags))
    return off_scale(flags) or found if found is Reason.NO_VALUE else found
