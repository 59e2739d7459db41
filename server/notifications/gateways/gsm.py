"""SMS text → the octets of each part, as SMPP carries them. Pure; how many parts there are, ``parts.count`` says too.

3GPP TS 23.038 §6.2.1 (alphabet) and §6.2.1.1 (its extension), TS 23.040 §9.2.3.24.1 (concatenation).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server.notifications.parts import ALPHABET, ESCAPE, EXTENSION, ROOM, Encoding, count

CODES: Final = {**{letter: bytes([code]) for code, letter in enumerate(ALPHABET) if code != ESCAPE},
                **{letter: bytes([ESCAPE, code]) for letter, code in EXTENSION.items()}}  # fmt: skip
DATA_CODING: Final = {Encoding.GSM_7: 0, Encoding.UCS_2: 8}  # SMPP 3.4 §5.2.19


@dataclass(frozen=True, slots=True)
class Segments:
    """The octets of each part, one septet an octet in GSM-7, without the header that joins them."""

    encoding: Encoding
    parts: Sequence[bytes]


def segment(text: str, *, ucs2_only: bool = False) -> Segments:
    """``ucs2_only`` is for an SMSC whose "default alphabet" is another than GSM's."""
    encoding = Encoding.UCS_2 if ucs2_only else count(text).encoding
    letters = [CODES[letter] if encoding is Encoding.GSM_7 else letter.encode("utf-16-be") for letter in text]
    octets_a_unit = 1 if encoding is Encoding.GSM_7 else 2
    one, each = (room * octets_a_unit for room in ROOM[encoding])
    whole = b"".join(letters)
    return Segments(encoding, [whole] if len(whole) <= one else _filled(letters, each))


def joined(parts: Sequence[bytes], reference: int) -> list[bytes]:
    """Every part behind the header by which a telephone puts them together: 8-bit reference, total, place."""
    return [bytes([5, 0, 3, reference & 0xFF, len(parts), place]) + part for place, part in enumerate(parts, start=1)]


def _filled(letters: Iterable[bytes], room: int) -> list[bytes]:
    """Neither an escape nor a surrogate pair is torn: a letter that does not fit begins the next part."""
    parts = [b""]
    for letter in letters:
        if len(parts[-1]) + len(letter) > room:
            parts.append(b"")
        parts[-1] += letter
    return parts
