"""Which part of a history is asked for, which sums answer it, and where each point of the answer begins. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from devices.conditions import Input
from server.monitoring.rollups import Bucket, Level, Sums, day_start, fold, measurements, milliseconds, standing

SINGLE: Final = timedelta(hours=2)  # so much of single readings is read at once, never more


@dataclass(frozen=True, slots=True)
class Wish:
    """One metric of one patient from ``start`` to before ``until``, in at most ``points``; ``site`` None: of all."""

    patient_id: str
    metric: str
    start: datetime
    until: datetime
    points: int
    site: str | None = None

    @property
    def span(self) -> timedelta:
        return self.until - self.start


@dataclass(frozen=True, slots=True)
class Grid:
    """``level`` None: single readings. A point is ``width_s`` wide; ``origin`` and ``until`` in seconds since 1970.

    A bucket belongs to the slot in which it begins. Slots begin half a bucket before the buckets: where summer time
    makes a day an hour shorter it still has a slot of its own.
    """

    level: Level | None
    width_s: int
    origin: int
    until: int

    def slot(self, start: float) -> int:
        return int(start - self.origin) // self.width_s


@dataclass(frozen=True, slots=True)
class Slot:
    """``start_ms``: where the first of what is in it begins."""

    number: int
    start_ms: int
    sums: Sums


def grid(wish: Wish, zone: tzinfo, *, singles_kept: bool) -> Grid:
    """The widest sums that are not wider than a point; single readings where a point is less than a minute."""
    span_s = wish.span.total_seconds()
    start, until = int(wish.start.timestamp()), _up(wish.until.timestamp(), 1)
    if span_s < wish.points * Level.MINUTE and wish.span <= SINGLE and singles_kept:
        return Grid(None, max(_up((span_s + 1) / wish.points, 1), 1), start, until)
    level = max((level for level in Level if level * (wish.points - 2) <= span_s), default=Level.MINUTE)
    first = day_start(start, zone) if level is Level.DAY else start // level * level
    return Grid(level, _up((span_s + 2 * level) / wish.points, level), first - level // 2, until)


def of_singles(inputs: Iterable[Input], wish: Wish, over: Grid) -> list[Slot]:
    """``inputs`` in the order of their positions."""
    found = [
        Slot(over.slot(measured.at.timestamp()), milliseconds(measured.at), measured.sums)
        for measured in standing(measurements(inputs))
        if _asked(measured.minute, wish) and wish.start <= measured.at < wish.until
    ]
    return together(found)


def of_tail(inputs: Iterable[Input], wish: Wish, over: Grid, zone: tzinfo) -> list[Slot]:
    """What is stored and not summed up yet."""
    own = [given for given in inputs if given.patient_id == wish.patient_id]
    return [
        Slot(over.slot(bucket.start), bucket.start * 1000, sums)
        for bucket, sums in fold(own, zone).sums.items()
        if bucket.level is over.level and _asked(bucket, wish) and over.origin <= bucket.start < over.until
    ]


def together(given: Iterable[Slot]) -> list[Slot]:
    """One a number, in order."""
    found: dict[int, Slot] = {}
    for slot in given:
        before = found.get(slot.number)
        found[slot.number] = slot if before is None else _both(before, slot)
    return [found[number] for number in sorted(found)]


def _asked(bucket: Bucket, wish: Wish) -> bool:
    return bucket.metric == wish.metric and wish.site in {None, bucket.site}


def _both(one: Slot, other: Slot) -> Slot:
    return Slot(one.number, min(one.start_ms, other.start_ms), one.sums.merged(other.sums))


def _up(value: float, unit: int) -> int:
    """To whole units."""
    return -int(-value // unit) * unit
