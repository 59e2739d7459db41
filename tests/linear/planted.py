"""Clinics with a known fault each: what a history must show, or it shows nothing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.booking import ClinicRules
from server.clinic.line import Line
from server.clinic.roster.waiting_list import Places
from server.clinic.service import ClinicService
from server.clinic.session import Session, SessionState
from server.store import tables
from server.store.booking import BookingQueries
from server.store.clinic import LineQueries
from server.store.engine import Store, open_store, sqlite_path
from server.store.session_rows import find_session
from server.visits import calls
from server.visits.calls import CallTx
from server.visits.visit import Visit
from tests.clinic.house import KEY, SENDER, connection
from tests.linear.habits import USUAL, Habits
from tests.roster.house import RosterHouse

UNIQUE: Final = "uq_tickets_session_id_serial"


class MaxPlusOne(BookingQueries):
    """What a number was when the booking began; it is the same for all who begin at once."""

    def __init__(self, of: AsyncConnection, seen: dict[str, int]) -> None:
        super().__init__(of)
        self._seen = seen

    async def lock_sessions(self, session_ids: Sequence[str]) -> Sequence[Session]:
        found = [await find_session(self._connection, session_id) for session_id in session_ids]
        return [replace(session, last_serial=self._seen.get(session.id, 0)) for session in found if session]


class PlantedHouse(RosterHouse):
    """Books as somebody would who has not read about concurrency."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clinic = ClinicService(self._begin_badly, self._tell, ClinicRules(SENDER, "CN", KEY))

    @asynccontextmanager
    async def _begin_badly(self) -> AsyncIterator[MaxPlusOne]:
        highest = sa.select(tables.tickets.c.session_id, sa.func.max(tables.tickets.c.serial))
        async with self.store.read(connection) as of:
            seen = {row[0]: row[1] for row in await of.execute(highest.group_by(tables.tickets.c.session_id))}
        async with self.store.write(partial(MaxPlusOne, seen=seen)) as tx:
            yield tx


@dataclass(frozen=True)
class Scene:
    """People who come to a broken rule again and again: where chance never comes to it there is nothing to see."""

    habits: Habits
    capacity: int = 30
    desks: int = 1


@dataclass(frozen=True)
class Fault:
    """``plant`` puts something else in the place of one rule. ``races``: it shows itself where several write at once,
    which SQLite, having one writer, does not mind."""

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    scene: Scene
    races: bool = False


def _suspended_is_called_anyway(patch: pytest.MonkeyPatch) -> None:
    check = Line._check_may_call

    def as_if_open(line: Line, doctor_id: str) -> None:
        suspended = line.session is SessionState.SUSPENDED
        check(replace(line, session=SessionState.OPEN) if suspended else line, doctor_id)

    patch.setattr(Line, "_check_may_call", as_if_open)


def _closed_is_booked_anyway(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "check_takes_bookings", lambda _session, _now: None)


def _an_offer_holds_no_place(patch: pytest.MonkeyPatch) -> None:
    def free(places: Places) -> int | None:
        return None if places.capacity is None else max(0, places.capacity - places.held)

    patch.setattr(Places, "free", property(free))


def _an_offer_is_taken_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Places, "accept", lambda places, _entry_id, _now: places)


def _who_is_sent_on_stays_in_the_room(patch: pytest.MonkeyPatch) -> None:
    """The visit goes on, the ticket is gone."""

    async def end_nothing(tx: CallTx, ticket_id: str, *_: object) -> Visit | None:
        return await tx.lock_latest_visit(ticket_id)

    patch.setattr(calls, "_end_for_transfer", end_nothing)


def _nobody_need_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Visit, "_check_in_visit", Visit._check_open)


def _a_line_has_no_lock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LineQueries, "lock_session", look_without_lock)


_COMING: Final = ("book", "arrive", "arrive")
COUNTING: Final = Scene(Habits(desk=("book", "book", "arrive"), doctor=("next",)), capacity=60, desks=3)
SUSPENDING: Final = Scene(Habits(desk=_COMING, doctor=("next", "next", "next", "suspend")))
CLOSING: Final = Scene(Habits(desk=_COMING, doctor=("next", "next", "close")))
OFFERING: Final = Scene(Habits(desk=("book", "join", "cancel", "accept"), doctor=("next",)), capacity=5, desks=3)
RINGING: Final = Scene(Habits(desk=_COMING, doctor=("next",), room=("answered", "unanswered", "sent on")))
SCENES: Final = (COUNTING, SUSPENDING, CLOSING, OFFERING, RINGING)

FAULTS: Final = (
    Fault("suspended is called anyway", _suspended_is_called_anyway, SUSPENDING),
    Fault("closed is booked anyway", _closed_is_booked_anyway, CLOSING),
    Fault("an offer holds no place", _an_offer_holds_no_place, OFFERING),
    Fault("an offer is taken twice", _an_offer_is_taken_twice, OFFERING),
    Fault("who is sent on stays in the room", _who_is_sent_on_stays_in_the_room, RINGING),
    Fault("nobody need answer", _nobody_need_answer, RINGING),
    Fault("a line has no lock", _a_line_has_no_lock, Scene(USUAL), races=True),
)


async def look_without_lock(queries: LineQueries, session_id: str) -> Session | None:
    """In place of ``lock_session``: two doctors read one line at once."""
    return await find_session(queries._connection, session_id)


async def without_the_constraint(url: str) -> None:
    """The database's own guard would turn the fault into an error; without it the fault shows itself."""
    path = sqlite_path(url)
    if path is not None:
        await asyncio.to_thread(_rebuild, str(path))
        return
    store: Store = await open_store(url)
    async with store.write(connection) as of:
        await of.execute(sa.text(f"ALTER TABLE tickets DROP CONSTRAINT {UNIQUE}"))
    await store.close()


def _rebuild(path: str) -> None:
    """SQLite drops no constraint: the empty table is made again."""
    database = sqlite3.connect(path)
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = 'tickets' AND sql IS NOT NULL ORDER BY type DESC"
    [table, *others] = [sql for (sql,) in database.execute(made)]
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute("DROP TABLE tickets")
    unique = f"CONSTRAINT {UNIQUE} UNIQUE (session_id, serial)"
    assert unique in table
    for sql in (table.replace(unique, "CHECK (1)"), *others):
        database.execute(sql)
    database.commit()
    database.close()
