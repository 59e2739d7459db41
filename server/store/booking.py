"""Queries of those who book without an account and of those who arrange: entries of waiting lists, offers, capacity."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.roster.appointments import Kept
from server.clinic.roster.calendar import Appointment
from server.clinic.roster.public import HeldPlace
from server.clinic.roster.waiting_list import GIVEN_BACK, Entry, EntryState
from server.store.clinic import ClinicQueries
from server.store.places import entry_of, patient_of
from server.store.session_rows import find_session
from server.store.tables import patients, sessions, tickets, waiting_list


class BookingQueries(ClinicQueries):
    """server.clinic.roster.public.PublicTx and server.clinic.roster.moves.ArrangingTx."""

    async def add_entry(self, session_id: str, entry: Entry, token_hash: bytes, now: datetime) -> None:
        row = {**asdict(entry), "session_id": session_id, "token_hash": token_hash, "listed_at": now}
        await self._connection.execute(sa.insert(waiting_list).values(row))

    async def lock_offer(self, token_hash: bytes) -> HeldPlace | None:
        which = sa.select(waiting_list.c.session_id).where(waiting_list.c.token_hash == token_hash)
        session_id = await self._connection.scalar(which)
        if session_id is None:
            return None
        await self.lock_session(session_id)
        return await _held_place(self._connection, token_hash)

    async def save_capacity(self, session_id: str, capacity: int | None) -> None:
        await self._connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(capacity=capacity))


class BookingLookQueries:
    """server.clinic.roster.public.PublicLook and server.clinic.roster.appointments.AppointmentLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def held_place(self, token_hash: bytes) -> HeldPlace | None:
        return await _held_place(self._connection, token_hash)

    async def lapsing(self, now: datetime) -> Sequence[str]:
        over = sa.and_(waiting_list.c.state == EntryState.OFFERED, waiting_list.c.offered_until <= now)
        return (await self._connection.scalars(sa.select(waiting_list.c.session_id).where(over).distinct())).all()

    async def appointment(self, ticket_id: str) -> Kept | None:
        query = (
            sa.select(tickets.c.serial, tickets.c.state, sessions.c.opens_at, sessions.c.closes_at, patients.c.locale)
            .join(sessions, sessions.c.id == tickets.c.session_id)
            .join(patients, patients.c.id == tickets.c.patient_id)
            .where(tickets.c.id == ticket_id)
        )
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        first_id, moves = await _booked_as(self._connection, ticket_id)
        cancelled = row.state in GIVEN_BACK
        kept = Appointment(first_id, row.serial, row.opens_at, row.closes_at, moves=moves, cancelled=cancelled)
        return Kept(kept, row.locale)


async def _booked_as(connection: AsyncConnection, ticket_id: str) -> tuple[str, int]:
    """The ticket that this one goes on from, at the very beginning, and how many there were before this one."""
    own = sa.select(tickets.c.id, tickets.c.came_from, sa.literal(0).label("moves")).where(tickets.c.id == ticket_id)
    chain, earlier = own.cte(recursive=True), tickets.alias()
    before = sa.select(earlier.c.id, earlier.c.came_from, chain.c.moves + 1)
    chain = chain.union_all(before.join(chain, chain.c.came_from == earlier.c.id))
    first = sa.select(chain.c.id, chain.c.moves).order_by(chain.c.moves.desc()).limit(1)
    row = (await connection.execute(first)).one()
    return row.id, row.moves


async def _held_place(connection: AsyncConnection, token_hash: bytes) -> HeldPlace | None:
    query = sa.select(waiting_list).where(waiting_list.c.token_hash == token_hash)
    row: sa.Row[Any] | None = (await connection.execute(query)).one_or_none()
    session = await find_session(connection, row.session_id) if row else None
    if row is None or session is None:
        return None
    whose = (await connection.execute(sa.select(patients).where(patients.c.id == row.patient_id))).one()
    return HeldPlace(session, entry_of(row), patient_of(whose))
