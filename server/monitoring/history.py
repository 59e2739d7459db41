"""What was measured of a patient, over any time: a chart's points from the sums, with the alarms of that time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

import msgspec

from devices.conditions import Input
from devices.metrics import METRICS
from server.access.principal import Principal
from server.access.roles import Action
from server.monitoring.errors import NotFound, RangeRefused, UnknownMetric
from server.monitoring.ranges import Grid, Slot, Wish, grid, of_singles, of_tail, together
from server.monitoring.rolling import Behind

LONGEST: Final = timedelta(days=366 * 20)
TAIL: Final = 1_000  # messages that are not summed up yet; with more the newest are missing, and the answer says so


class HistoryPoint(msgspec.Struct, frozen=True, array_like=True):
    """``at``: milliseconds since 1970, where the first of its readings, or of their buckets, begins."""

    at: int
    low: float
    high: float
    mean: float
    last: float
    count: int


class AlarmMark(msgspec.Struct, frozen=True):
    """An alarm's episode as far as a chart shows it."""

    id: str
    condition: str
    rule: str
    priority: str
    metric: str | None
    value: float | None
    raised_at: datetime
    ended_at: datetime | None


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """``level``: single | minute | hour | day, what the points are made of; each is ``width_s`` wide, and where
    nothing was measured there is none. ``complete`` false: the newest readings are still being summed up."""

    metric: str
    unit: str
    start: datetime
    until: datetime
    level: str
    width_s: int
    complete: bool
    points: list[HistoryPoint]
    alarms: list[AlarmMark]


class SumsLook(Protocol):
    async def reach(self, patient_id: str) -> Behind:
        """How far the patient's partition is summed up."""
        ...

    async def horizons(self, patient_ids: Collection[str]) -> Mapping[str, datetime]: ...
    async def slots(self, wish: Wish, over: Grid) -> Sequence[Slot]: ...
    async def singles(self, wish: Wish) -> Sequence[Input]: ...
    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]: ...


class AroundLook(Protocol):
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...
    async def alarm_marks(self, wish: Wish) -> Sequence[AlarmMark]:
        """Those raised in the span: of the metric, or of no metric."""
        ...


class HistoryLook(SumsLook, AroundLook, Protocol):
    """One snapshot of both."""


class History:
    """``zone`` is the hospital's, whose days are summed up."""

    def __init__(self, look: Callable[[], AbstractAsyncContextManager[HistoryLook]], zone: tzinfo) -> None:
        self._look = look
        self._zone = zone

    async def of(self, who: Principal, wish: Wish) -> HistoryView:
        """Raises ``UnknownMetric``, ``RangeRefused``, ``NotFound``."""
        check(wish)
        async with self._look() as look:
            if not (who.may(Action.READINGS_READ) and await look.sees(who.id, wish.patient_id)):
                raise NotFound
            reach = await look.reach(wish.patient_id)
            horizon = (await look.horizons([wish.patient_id])).get(wish.patient_id)
            over = grid(wish, self._zone, singles_kept=horizon is None or horizon <= wish.start)
            points, complete = await self._points(look, wish, over, reach)
            marks = await look.alarm_marks(wish)
        return HistoryView(
            metric=wish.metric,
            unit=METRICS[wish.metric].unit,
            start=wish.start,
            until=wish.until,
            level=over.level.name.lower() if over.level else "single",
            width_s=over.width_s,
            complete=complete,
            points=[_point(slot) for slot in points],
            alarms=list(marks),
        )

    async def _points(self, look: SumsLook, wish: Wish, over: Grid, reach: Behind) -> tuple[list[Slot], bool]:
        """And whether they are all."""
        if over.level is None:
            return of_singles(await look.singles(wish), wish, over), True
        summed = await look.slots(wish, over)
        pending = await look.pending(reach.partition, reach.position, TAIL)
        return together([*summed, *of_tail(pending, wish, over, self._zone)]), len(pending) < TAIL


def check(wish: Wish) -> None:
    """Raises ``UnknownMetric``, ``RangeRefused``."""
    if wish.metric not in METRICS:
        raise UnknownMetric(wish.metric)
    check_span(wish.start, wish.until)


def check_span(start: datetime, until: datetime) -> None:
    if start.tzinfo is None or until.tzinfo is None:
        raise RangeRefused("A moment names its time zone: 2026-11-21T09:30:00Z.")
    if not timedelta(0) < until - start <= LONGEST:
        raise RangeRefused("The end comes after the beginning, at most twenty years.")


def _point(slot: Slot) -> HistoryPoint:
    sums = slot.sums
    return HistoryPoint(slot.start_ms, sums.low, sums.high, sums.mean, sums.last, sums.count)
