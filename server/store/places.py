"""Queries of a session's places and its waiting list, for every transaction that takes a place or gives one back.

All run under the session's lock (server.store.clinic).
"""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.kinds import VisitKind
from server.clinic.roster.waiting_list import GIVEN_BACK, Entry, EntryState, Places
from server.clinic.session import Session
from server.patients.patient import Patient, Sex
from server.store.tables import patients, sessions, tickets, waiting_list


class PlaceQueries:
    """server.clinic.roster.places.PlacesTx, mixed in."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def places(self, session: Session) -> Places:
        held = sa.select(tickets.c.kind, sa.func.count().label("tickets")).group_by(tickets.c.kind)
        held = held.where(tickets.c.session_id == session.id, tickets.c.state.not_in(GIVEN_BACK))
        counts = {row.kind: row.tickets for row in await self._connection.execute(held)}
        minutes = sum(counts.get(planned.kind, 0) * planned.minutes for planned in session.kinds)
        return Places(session.capacity, sum(counts.values()), await self._entries(session.id), minutes)

    async def save_entry(self, entry: Entry) -> None:
        changed = {key: value for key, value in asdict(entry).items() if key != "id"}
        await self._connection.execute(sa.update(waiting_list).where(waiting_list.c.id == entry.id).values(changed))

    async def listed(self, entry_id: str) -> Patient:
        query = sa.select(patients).join(waiting_list, waiting_list.c.patient_id == patients.c.id)
        return patient_of((await self._connection.execute(query.where(waiting_list.c.id == entry_id))).one())

    async def _entries(self, session_id: str) -> tuple[Entry, ...]:
        query = sa.select(waiting_list).where(waiting_list.c.session_id == session_id)
        return tuple(entry_of(row) for row in await self._connection.execute(query))


def entry_of(row: sa.Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        patient_id=row.patient_id,
        position=row.position,
        kind=VisitKind(row.kind) if row.kind else None,
        guardian=row.guardian,
        state=EntryState(row.state),
        offered_until=row.offered_until,
        tries_left=row.tries_left,
    )


def patient_of(row: sa.Row[Any]) -> Patient:
    fields = {"phone": row.phone, "locale": row.locale, "email": row.email}
    return Patient(row.id, row.name, Sex(row.sex), row.birth_date, **fields)


def holding() -> sa.ScalarSelect[Any]:
    """How many tickets of the session of the query around it have a place."""
    return _count(tickets, tickets.c.state.not_in(GIVEN_BACK))


def offered() -> sa.ScalarSelect[Any]:
    """How many places of the session of the query around it are held for somebody."""
    return _count(waiting_list, waiting_list.c.state == EntryState.OFFERED)


def listed() -> sa.ScalarSelect[Any]:
    """How many wait for a place of the session of the query around it."""
    return _count(waiting_list, waiting_list.c.state == EntryState.WAITING)


def free_places(row: sa.Row[Any]) -> int | None:
    """Of a row with ``capacity``, ``held`` and ``offered``; None where there is no bound."""
    return None if row.capacity is None else max(0, row.capacity - row.held - row.offered)


def _count(table: sa.Table, which: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    of_session = sa.select(sa.func.count()).select_from(table).where(table.c.session_id == sessions.c.id, which)
    return of_session.correlate(sessions).scalar_subquery()
