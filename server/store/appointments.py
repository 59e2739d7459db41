"""Appointments in SQL, for reminders, for links that were lost and for summaries of visits that were had."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.notifications.appointments import Appointment
from server.notifications.recovery import Recovery
from server.notifications.summaries import Summary
from server.store.audit import AuditQueries
from server.store.notifications import DeliveryQueries
from server.store.tables import deliveries, join_links, link_recoveries, notes, patients, sessions, tickets, visits

TO_COME: Final = ("booked",)
TO_BE_SEEN: Final = ("booked", "arrived", "held", "called", "in_visit")


class AppointmentQueries(AuditQueries, DeliveryQueries):
    """ReminderTx, RecoveryTx and SummaryTx of server.notifications."""

    async def still_stands(self, ticket_id: str) -> bool:
        locked = sa.select(tickets.c.state).where(tickets.c.id == ticket_id).with_for_update(key_share=True)
        return await self._connection.scalar(locked) in TO_COME

    async def add_recovery(self, recovery: Recovery) -> None:
        await self._connection.execute(sa.insert(link_recoveries).values(asdict(recovery)))

    async def open_recoveries(self, limit: int) -> Sequence[Recovery]:
        query = (
            sa.select(link_recoveries)
            .where(link_recoveries.c.done_at.is_(None))
            .order_by(link_recoveries.c.asked_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [Recovery(row.id, row.phone, row.origin, row.asked_at) for row in await self._connection.execute(query)]

    async def close_recovery(self, recovery_id: str, now: datetime) -> None:
        done = sa.update(link_recoveries).where(link_recoveries.c.id == recovery_id)
        await self._connection.execute(done.values(done_at=now))

    async def appointments_of(self, phone: str, now: datetime, limit: int) -> Sequence[Appointment]:
        unlocked = (join_links.c.tries_left > 0) & (join_links.c.expires_at > now)
        query = _appointments().where(patients.c.phone == phone, tickets.c.state.in_(TO_BE_SEEN), unlocked)
        return _read(await self._connection.execute(query.limit(limit)))


class AppointmentLookQueries:
    """ReminderLook and SummaryLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def appointments(self, after: datetime, until: datetime) -> Sequence[Appointment]:
        soon = _PLANNED.between(after, until)
        # A session opens before any of its tickets is planned: its index finds the few that matter.
        near = sessions.c.opens_at.between(after - _LONGEST_SESSION, until)
        query = _appointments().where(near, soon, tickets.c.state.in_(TO_COME), sessions.c.state != "closed")
        return _read(await self._connection.execute(query))

    async def is_written(self, causes: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for first in range(0, len(causes), _CAUSES_AT_A_TIME):
            some = causes[first : first + _CAUSES_AT_A_TIME]
            query = sa.select(deliveries.c.cause).where(deliveries.c.cause.in_(some))
            found |= set(await self._connection.scalars(query))
        return frozenset(found)

    async def summaries(self, after: datetime, until: datetime) -> Sequence[Summary]:
        told = deliveries.c.cause == _SUMMARY_CAUSE
        written = sa.select(notes.c.id).where(notes.c.visit_id == visits.c.id).correlate(visits).exists()
        untold = ~sa.select(deliveries.c.id).where(told).correlate(visits).exists()
        query = (
            sa.select(visits.c.id, tickets.c.serial, visits.c.patient_id, patients.c.phone, patients.c.locale)
            .join(tickets, tickets.c.id == visits.c.ticket_id)
            .join(patients, patients.c.id == visits.c.patient_id)
            .join(sessions, sessions.c.id == visits.c.session_id)
            .where(sessions.c.opens_at > after - _LONGEST_SESSION)  # its index finds the few that matter
            .where(visits.c.outcome == "completed", visits.c.ended_at > after, visits.c.ended_at <= until)
            .where(written, untold)
            .order_by(visits.c.ended_at)
        )
        return [Summary(*row) for row in await self._connection.execute(query)]


_SUMMARY_CAUSE: Final = sa.literal("visit:") + visits.c.id + sa.literal(":summary")
_PLANNED: Final[sa.ColumnElement[datetime]] = sa.func.coalesce(
    tickets.c.planned_at, sessions.c.opens_at, type_=sessions.c.opens_at.type
)
_LONGEST_SESSION: Final = timedelta(hours=24)
_CAUSES_AT_A_TIME: Final = 500


def _appointments() -> sa.Select[Any]:
    """Tickets with their living link, the nearest first."""
    return (
        sa.select(
            tickets.c.id.label("ticket_id"),
            tickets.c.serial,
            tickets.c.booked_at,
            patients.c.id.label("patient_id"),
            patients.c.phone,
            patients.c.locale,
            join_links.c.id.label("link_id"),
            _PLANNED.label("planned_at"),
            sessions.c.opens_at,
            sessions.c.closes_at,
        )
        .join(sessions, sessions.c.id == tickets.c.session_id)
        .join(patients, patients.c.id == tickets.c.patient_id)
        .join(join_links, (join_links.c.ticket_id == tickets.c.id) & join_links.c.ended_at.is_(None))
        .order_by(_PLANNED, tickets.c.id)
    )


def _read(rows: sa.CursorResult[Any]) -> Sequence[Appointment]:
    return [Appointment(**row) for row in rows.mappings()]
