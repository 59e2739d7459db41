"""Clinics with a known fault: numbers that are ``max + 1``, read before they are written; a line without its lock."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.booking import ClinicRules
from server.clinic.service import ClinicService
from server.clinic.session import Session
from server.store import tables
from server.store.booking import BookingQueries
from server.store.clinic import LineQueries, find_session
from server.store.engine import Store, open_store, sqlite_path
from tests.clinic.house import KEY, SENDER, connection
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


async def look_without_lock(queries: LineQueries, session_id: str) -> Session | None:
    """In place of ``lock_session``: two doctors read one line at once. SQLite has one writer and does not mind."""
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
