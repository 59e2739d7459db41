"""Reminders by tick alone: once each, also across restarts and two servers, and nobody who has come or cancelled."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from server.notifications.messages import Sender
from server.notifications.reminders import Reminders
from server.store import tables
from server.store.appointments import AppointmentLookQueries, AppointmentQueries
from server.store.engine import Store
from tests.notifications.people import OPENS, Booked, book, doctor, update
from tests.notifications.post import NOON, Outbox

SENDER = Sender("青山互联网医院", ZoneInfo("Asia/Shanghai"), "https://h.example/console")


class Scheduler:
    """Reminders over a store, by which a test lets time pass."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[str] = []

    def started(self) -> Reminders:
        async def tell(topic: str) -> None:
            self.told.append(topic)

        begin, look = partial(self.store.write, AppointmentQueries), partial(self.store.read, AppointmentLookQueries)
        return Reminders(begin, look, SENDER, tell)

    async def tick(self, now: datetime) -> None:
        """After a restart: nothing is remembered but what is stored."""
        await self.started().tick(now)

    async def causes(self) -> list[str]:
        return sorted(row.cause for row in await Outbox(self.store).rows())


@pytest.fixture
async def scheduler(store: Store) -> Scheduler:
    await doctor(store)
    await book(store, Booked("t1"))
    return Scheduler(store)


async def test_a_day_ahead_and_ten_minutes_ahead_once_each(scheduler: Scheduler) -> None:
    moment = NOON
    while moment < OPENS + timedelta(hours=1):
        await scheduler.tick(moment)
        moment += timedelta(minutes=5)
    assert await scheduler.causes() == ["ticket:t1:reminder-day", "ticket:t1:reminder-soon"]
    assert scheduler.told == ["outbox", "outbox"]
    rows = sorted(await Outbox(scheduler.store).rows(), key=lambda row: row.created_at)
    assert [row.created_at for row in rows] == [OPENS - timedelta(hours=24), OPENS - timedelta(minutes=10)]
    assert {row.link_id for row in rows} == {"link-t1"}


async def test_ten_minutes_before_the_own_time_not_before_the_session(scheduler: Scheduler) -> None:
    await book(scheduler.store, Booked("t2", planned_at=OPENS + timedelta(hours=2)))
    await scheduler.tick(OPENS + timedelta(hours=1, minutes=49))
    assert await scheduler.causes() == []
    await scheduler.tick(OPENS + timedelta(hours=1, minutes=50))
    assert await scheduler.causes() == ["ticket:t2:reminder-soon"]


async def test_two_servers_that_tick_at_once_remind_once(scheduler: Scheduler) -> None:
    now = OPENS - timedelta(minutes=5)
    await asyncio.gather(scheduler.tick(now), scheduler.tick(now))
    assert await scheduler.causes() == ["ticket:t1:reminder-soon"]


@pytest.mark.parametrize("state", ["arrived", "cancelled", "withdrawn", "transferred", "completed"])
async def test_who_has_come_or_will_not_come_is_not_reminded(scheduler: Scheduler, state: str) -> None:
    await update(scheduler.store, tables.tickets, "t1", state=state)
    await scheduler.tick(OPENS - timedelta(minutes=5))
    assert await scheduler.causes() == []


async def test_nobody_is_reminded_of_a_session_that_is_closed(scheduler: Scheduler) -> None:
    await update(scheduler.store, tables.sessions, "s-t1", state="closed")
    await scheduler.tick(OPENS - timedelta(minutes=5))
    assert await scheduler.causes() == []


async def test_a_dead_link_is_not_sent(scheduler: Scheduler) -> None:
    await update(scheduler.store, tables.join_links, "link-t1", ended_at=NOON)
    await scheduler.tick(OPENS - timedelta(minutes=5))
    assert await scheduler.causes() == []
