"""How many parts an SMS takes, and why. GSM 03.38 (3GPP TS 23.038) and concatenation (TS 23.040 §9.2.3.24.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# TS 23.038 §6.2.1, the default alphabet: a letter's place is its code, and 0x1B, the escape, is nobody's letter.
ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE: Final = 0x1B
# §6.2.1.1, its extension table: an escape and this septet.
EXTENSION: Final = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
                    "|": 0x40, "€": 0x65}  # fmt: skip
LETTERS: Final = frozenset(ALPHABET) - {chr(ESCAPE)} | frozenset(EXTENSION)


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


# Units in a message of one part, and in each part of a longer one, whose header takes the rest.
ROOM: Final = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Parts:
    """``units`` are septets, or 16-bit code units: what the telephone network counts, not characters."""

    encoding: Encoding
    units: int
    parts: int


def count(text: str) -> Parts:
    """One character outside the GSM alphabet makes the whole message UCS-2."""
    encoding = Encoding.GSM_7 if set(text) <= LETTERS else Encoding.UCS_2
    sizes = [_size(char, encoding) for char in text]
    one, each = ROOM[encoding]
    units = sum(sizes)
    return Parts(encoding, units, 1 if units <= one else _filled(sizes, each))


def _size(char: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 2 if char in EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1  # a surrogate pair


def _filled(sizes: Iterable[int], room: int) -> int:
    """Neither an escape nor a surrogate pair is torn: what does not fit whole goes into the next part."""
    parts, left = 0, 0
    for size in sizes:
        if size > left:
            parts, left = parts + 1, room
        left -= size
    return parts
