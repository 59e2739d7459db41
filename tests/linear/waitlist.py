"""A waiting list in the model: who waits, for whom a place is held and until when. All tuples, as in ``stand``."""

from enum import IntEnum
from fractions import Fraction
from typing import Final, NamedTuple

MINUTE_US: Final = 60_000_000
SHORTEST_US, LONGEST_US = 15 * MINUTE_US, 12 * 60 * MINUTE_US


class Turn(IntEnum):
    WAITING = 0
    OFFERED = 1
    TAKEN = 2
    LAPSED = 3


class Entry(NamedTuple):
    """``until`` is 0 for who was never offered a place."""

    turn: Turn = Turn.WAITING
    until: int = 0

    def stands(self, at: int) -> bool:
        return self.turn == Turn.OFFERED and at < self.until

    def lapsed(self, at: int) -> "Entry":
        return self._replace(turn=Turn.LAPSED) if self.turn == Turn.OFFERED and at >= self.until else self


def refilled(entries: tuple[Entry, ...], free: int, until: int) -> tuple[Entry, ...]:
    """The first ``free`` who wait have a place held until then."""
    waiting = [at for at, entry in enumerate(entries) if entry.turn == Turn.WAITING][:free]
    return tuple(Entry(Turn.OFFERED, until) if at in waiting else entry for at, entry in enumerate(entries))


def offered_until(at: int, opens: int, closes: int) -> int:
    """A quarter of the time that is left, a quarter of an hour at least, half a day at most, and not past the end."""
    quarter = round(Fraction(opens - at, 4))
    return min(at + min(max(quarter, SHORTEST_US), LONGEST_US), closes)
