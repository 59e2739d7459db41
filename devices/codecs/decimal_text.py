"""Numbers as lines of text carry them: decimals, bounds such as <5, HI and LO, and the numbers that mean "none"."""

import re

import msgspec

from devices.readings import Comparator, Reason

_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_BOUND = re.compile(r"(<=|>=|<|>) ?(.+)", re.ASCII)
_WORDS = {
    "HI": Reason.ABOVE_RANGE,
    "HIGH": Reason.ABOVE_RANGE,
    "LO": Reason.BELOW_RANGE,
    "LOW": Reason.BELOW_RANGE,
}
SENTINELS = frozenset({-1.0, -99.9, -100.0, -999.0, -9999.0, -10000.0, 8388607.0})
"""Seen in real devices where there was nothing to tell. None of our metrics can have one of these values."""


class Amount(msgspec.Struct, frozen=True):
    value: float
    comparator: Comparator | None = None


def number(text: str) -> float | None:
    """Digits and a point: no comma, which in some places groups thousands, and no exponent."""
    return float(text) if _NUMBER.fullmatch(text) else None


def amount(text: str) -> Amount | Reason:
    """A number, a bound, or the reason why it is neither."""
    text = text.strip()
    if (reason := _WORDS.get(text.upper())) is not None:
        return reason
    bound = _BOUND.fullmatch(text)
    value = number(bound[2] if bound else text)
    if value is None:
        return Reason.NOT_A_NUMBER
    if value in SENTINELS:
        return Reason.NO_VALUE
    return Amount(value, Comparator(bound[1]) if bound else None)
