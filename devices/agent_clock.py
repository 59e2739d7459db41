"""When a reading was taken, though the clock was set since: a gateway without a battery learns the time late. Pure; the
moments are arguments.
"""

from datetime import datetime, timedelta

import msgspec

STEADY = timedelta(seconds=2)  # within this the clock was not set, it drifted


class Moment(msgspec.Struct, frozen=True):
    """The clock on the wall, the seconds since the system was started, and which start that was."""

    wall: datetime
    since_boot_s: float
    boot: str


def when(taken: Moment, now: Moment) -> datetime:
    """``taken.wall`` by the clock as it goes ``now``; of another start nothing better is known than what was noted."""
    if taken.boot != now.boot:
        return taken.wall
    true = now.wall - timedelta(seconds=now.since_boot_s - taken.since_boot_s)
    return true if abs(true - taken.wall) > STEADY else taken.wall
