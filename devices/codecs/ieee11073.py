"""The numbers of IEEE 11073-20601: SFLOAT (16 bits) and FLOAT (32 bits), decimal, with values that are no numbers."""

from enum import StrEnum


class Special(StrEnum):
    """Recognised only where the exponent is 0: the same mantissa with another exponent is a number."""

    NAN = "NaN"
    NRES = "NRes"  # not at this resolution
    POSITIVE_INFINITY = "+INF"
    NEGATIVE_INFINITY = "-INF"
    RESERVED = "reserved"


def sfloat(raw: int) -> float | Special:
    """``raw`` as unsigned 16 bits: a signed exponent of 4, a signed mantissa of 12."""
    return _SFLOATS.get(raw) or _number(raw, 12, 4)


def float32(raw: int) -> float | Special:
    """``raw`` as unsigned 32 bits: a signed exponent of 8, a signed mantissa of 24."""
    return _FLOATS.get(raw) or _number(raw, 24, 8)


def _number(raw: int, mantissa_bits: int, exponent_bits: int) -> float:
    """By way of decimal digits, so that 364 × 10⁻¹ is 36.4 and not 36.400000000000006."""
    mantissa = _signed(raw & (1 << mantissa_bits) - 1, mantissa_bits)
    return float(f"{mantissa}e{_signed(raw >> mantissa_bits, exponent_bits)}")


def _signed(raw: int, bits: int) -> int:
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _specials(mantissa_bits: int) -> dict[int, Special]:
    lowest = 1 << (mantissa_bits - 1)
    return {
        lowest - 1: Special.NAN,
        lowest: Special.NRES,
        lowest - 2: Special.POSITIVE_INFINITY,
        lowest + 1: Special.RESERVED,
        lowest + 2: Special.NEGATIVE_INFINITY,
    }


_SFLOATS = _specials(12)
_FLOATS = _specials(24)
