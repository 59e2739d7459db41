"""A few thousand inputs without a fuzzer: what the corpus has, cut, doubled, crossed and overwritten. Seeded."""

import random
from collections.abc import Iterator, Sequence

TOKENS = (
    b"", b"\0", b"\xff", b"\xff\xff\xff\xff", b'"', b"{}", b"[]", b"null", b"NaN", b"1e999", b"-0", b"9" * 400,
    b"\\ud800", b"|", b"^", b"\r", b"\n", b"<", b"/>", b'V=""', b"\x02", b"\x03", b"\x1c\r", b"\x7f", b"\x80",
    b"\xe2\x80\xa8", b"{{1}}",
)  # fmt: skip


def mutations(corpus: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311 – the same each time
    for _ in range(count):
        one = chance.choice(corpus)
        for _ in range(chance.choice((1, 1, 2, 4))):
            one = _changed(one, chance.choice(corpus), chance)
        yield one


def _changed(one: bytes, other: bytes, chance: random.Random) -> bytes:
    first, last = sorted((chance.randint(0, len(one)), chance.randint(0, len(one))))
    match chance.randrange(6):
        case 0:
            return one[:first] + one[last:]
        case 1:
            return one[:last] + one[first:last] + one[last:]
        case 2:
            return one[:first] + chance.choice(TOKENS) + one[last if chance.random() < 0.5 else first :]
        case 3:
            return one[:first] + other[min(first, len(other)) :]
        case 4:
            return one[:first] + chance.randbytes(min(4, last - first)) + one[min(first + 4, last) :]
        case _:
            flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in one[first : first + 1])
            return one[:first] + flipped + one[first + 1 :]
