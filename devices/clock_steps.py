"""Was this machine's own clock set? The wall clock, held against one that nobody can set.

A wrong clock is put right in one step, forward or back. What was remembered by the old time then moves with it, so that
a duration stays as long as it was: see ``Reader.clock_was_set`` and ``setback``.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

STEP = timedelta(seconds=2)  # what is less between two looks is drift, and is followed
NOTHING = timedelta(0)
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)

Stepped = Callable[[], timedelta]


def steady_s() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where there is one: waking up is no step."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def never() -> timedelta:
    """The clock of a test is set by nobody but the test."""
    return NOTHING


class ClockSteps:
    """One for each who must hear of every step."""

    def __init__(self, wall: Callable[[], datetime], steady: Callable[[], float] = steady_s) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = self._measured()

    def taken(self) -> timedelta:
        """By how much the wall clock was put forward since this was last asked; back is negative."""
        ahead = self._measured()
        by, self._ahead = ahead - self._ahead, ahead
        return by if abs(by) >= STEP else NOTHING

    def _measured(self) -> timedelta:
        return self._wall() - _ORIGIN - timedelta(seconds=self._steady())
