"""Floats of 16 and 32 bits as the decimal that the device meant: 36.6 was sent as 36.599998474, and is 36.6."""

import struct

MOST_DIGITS = {"<e": 5, ">e": 5, "<f": 9, ">f": 9}  # that many always tell two of them apart


def unpack(layout: str, encoded: bytes) -> float:
    """``layout`` as ``struct`` has it. A double is itself; NaN and infinities too."""
    number: float = struct.unpack(layout, encoded)[0]
    for digits in range(1, MOST_DIGITS.get(layout, 0)):
        decimal = float(f"{number:.{digits}g}")
        if _packed(layout, decimal) == encoded:
            return decimal
    return number


def _packed(layout: str, number: float) -> bytes | None:
    try:
        return struct.pack(layout, number)
    except OverflowError:  # rounded up beyond the largest
        return None
