"""A summary that is ready: told once a visit, when there is one, and only of visits that were had."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from server.notifications.messages import Sender
from server.notifications.summaries import MEANS_SOMETHING_FOR, SETTLES_IN, Summaries, cause
from server.store import tables
from server.store.appointments import AppointmentLookQueries, AppointmentQueries
from server.store.engine import Store
from tests.notifications.people import PHONE, Booked, book, doctor, insert, update
from tests.notifications.post import NOON, Outbox

SENDER = Sender("青山互联网医院", ZoneInfo("Asia/Shanghai"), "https://h.example/console", "0571-0")
READY = NOON + SETTLES_IN


class Desk:
    """A hospital with one visit of t1's that has ended at noon."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def end(self, *, outcome: str = "completed", written: bool = True) -> None:
        ids = {"ticket_id": "t1", "session_id": "s-t1", "patient_id": "p-t1", "doctor_id": "doctor"}
        when = {"called_at": NOON, "ring_until": NOON, "ended_at": NOON}
        await insert(self.store, tables.visits, {"id": "v1", "state": "ended", "outcome": outcome, **ids, **when})
        if written:
            note = {"id": "n1", "visit_id": "v1", "version": 1, "author_id": "doctor", "body": "…", "written_at": NOON}
            await insert(self.store, tables.notes, note)

    async def told(self, now: datetime) -> list[str]:
        async def tell(_topic: str) -> None:
            return None

        begin, look = partial(self.store.write, AppointmentQueries), partial(self.store.read, AppointmentLookQueries)
        await Summaries(begin, look, SENDER, tell).tick(now)
        return [row.cause for row in await Outbox(self.store).rows()]


@pytest.fixture
async def desk(store: Store) -> Desk:
    await doctor(store)
    await book(store, Booked("t1", state="completed"))
    return Desk(store)


async def test_it_is_told_once_when_the_doctor_has_had_time_to_write(desk: Desk) -> None:
    await desk.end()
    assert await desk.told(READY - timedelta(seconds=1)) == []
    for _ in range(3):
        assert await desk.told(READY) == [cause("v1")]
    [row] = await Outbox(desk.store).rows()
    assert (row.address, row.recipient, row.link_id) == (PHONE, "patient:p-t1", None)
    assert "7号" in row.body


@pytest.mark.parametrize("outcome", ["patient_absent", "technical_failure", "unfit_for_online_care"])
async def test_a_visit_that_was_not_had_has_no_summary(desk: Desk, outcome: str) -> None:
    await desk.end(outcome=outcome)
    assert await desk.told(READY) == []


async def test_nothing_is_promised_that_is_not_written(desk: Desk) -> None:
    await desk.end(written=False)
    assert await desk.told(READY) == []


async def test_a_server_that_was_down_for_a_day_tells_nothing_stale(desk: Desk) -> None:
    await desk.end()
    assert await desk.told(NOON + MEANS_SOMETHING_FOR) == []
    await update(desk.store, tables.visits, "v1", ended_at=NOON + timedelta(hours=1))
    assert await desk.told(NOON + MEANS_SOMETHING_FOR) == [cause("v1")]


async def test_a_summary_that_cannot_be_written_is_said_and_written_the_next_time(desk: Desk) -> None:
    """The error is not swallowed, and nothing counts as told."""
    await desk.end()

    def torn() -> AbstractAsyncContextManager[AppointmentQueries]:
        raise ConnectionError("the store is away")

    told: list[str] = []

    async def tell(topic: str) -> None:
        told.append(topic)

    look = partial(desk.store.read, AppointmentLookQueries)
    with pytest.raises(ExceptionGroup, match="nobody could be told"):
        await Summaries(torn, look, SENDER, tell).tick(READY)
    assert told == ["outbox"]
    assert await desk.told(READY) == [cause("v1")]
