"""What comes too late to be judged: measured under limits, received when the device had been taken off. Pure.

The rules look back over a device's readings in their order, and whoever answers for an alarm looks at a patient who
wears it: both are over. So it is not judged, and said so – with the priority of the worst rule that a value of it
broke, as for a refusal, since a desaturation may be among it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from devices.readings import Body, Reading
from devices.rules import PROFILES, Priority, Profile


class Wearing(msgspec.Struct, frozen=True):
    """A device that was worn under limits, from ``since`` to before ``until``."""

    device_id: str
    profile: str
    since: datetime
    until: datetime


def unjudged(body: Body, received_at: datetime, worn: Iterable[Wearing]) -> Priority | None:
    """None where nothing of it should have been judged. What was measured as the device was taken off, and is received
    in time, is not looked for: somebody was there."""
    priorities = [
        _priority(reading, profile)
        for one in worn
        if (profile := PROFILES.get(one.profile)) is not None
        for reading in body.readings
        if one.since <= reading.at < one.until
        and profile.watching(reading.metric)
        and received_at - reading.at > timedelta(seconds=profile.late_after_s)
    ]
    return max(priorities, key=lambda priority: priority.rank, default=None)


def _priority(reading: Reading, profile: Profile) -> Priority:
    broken = [rule.priority for rule in profile.watching(reading.metric) if rule.broken_by(reading.value)]
    return max(broken, key=lambda priority: priority.rank, default=Priority.LOW)
