"""Queries of the clinic: sessions, bookings, the line. The session's row is the lock of its line and of its visits."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.letters import Contact
from server.clinic.line import Cause, Line, Ticket, TicketState
from server.clinic.reader import Span
from server.clinic.service import Booking, Holder
from server.clinic.session import Hours, Session, SessionState
from server.clinic.views import TicketFacts
from server.patients.patient import Patient, Sex
from server.store.access import TicketAccessQueries
from server.store.audit import AuditQueries
from server.store.notifications import DeliveryQueries
from server.store.tables import alarms, consents, join_links, patients, sessions, tickets, users, visits


class LineQueries(AuditQueries, DeliveryQueries):
    """The line of a session under its lock (server.clinic.service.LineTx), and how its patients are reached."""

    async def lock_session(self, session_id: str) -> Session | None:
        # FOR NO KEY UPDATE: rows that refer to the session can still be added beside. SQLite has one writer anyway.
        lock = sa.select(sessions.c.id).where(sessions.c.id == session_id).with_for_update(key_share=True)
        if (await self._connection.execute(lock)).one_or_none() is None:
            return None
        return await find_session(self._connection, session_id)

    async def line(self, session: Session) -> Line:
        query = sa.select(tickets).where(tickets.c.session_id == session.id).order_by(tickets.c.serial)
        rows = await self._connection.execute(query)
        return Line(session.state, tuple(ticket_of(row) for row in rows))

    async def save_tickets(self, changed: Sequence[Ticket]) -> None:
        for ticket in changed:
            fields = {key: value for key, value in asdict(ticket).items() if key not in {"id", "serial"}}
            await self._connection.execute(sa.update(tickets).where(tickets.c.id == ticket.id).values(fields))

    async def contact(self, ticket_id: str) -> Contact | None:
        living_link = sa.and_(join_links.c.ticket_id == tickets.c.id, join_links.c.ended_at.is_(None))
        query = (
            sa.select(tickets.c.serial, patients, join_links.c.id.label("link_id"))
            .join(patients, patients.c.id == tickets.c.patient_id)
            .outerjoin(join_links, living_link)
            .where(tickets.c.id == ticket_id)
            .order_by(join_links.c.created_at.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return Contact(ticket_id, row.serial, row.id, row.phone, row.locale, row.link_id) if row else None


class ClinicQueries(LineQueries, TicketAccessQueries):
    """server.clinic.service.ClinicTx."""

    async def add_session(self, session_id: str, hours: Hours) -> None:
        row = {**asdict(hours), "id": session_id, "state": SessionState.PLANNED, "last_serial": 0}
        await self._connection.execute(sa.insert(sessions).values(row))

    async def save_session_state(self, session_id: str, state: SessionState) -> None:
        await self._connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(state=state))

    async def issue_serial(self, session_id: str) -> Session | None:
        raised = sa.update(sessions).where(sessions.c.id == session_id).values(last_serial=sessions.c.last_serial + 1)
        if (await self._connection.execute(raised)).rowcount == 0:
            return None
        return await find_session(self._connection, session_id)

    async def add_booking(self, booking: Booking) -> None:
        made = {"created_at": booking.booked_at, "created_by": booking.booked_by}
        await self._connection.execute(sa.insert(patients).values({**asdict(booking.patient), **made}))
        of = {"session_id": booking.session_id, "patient_id": booking.patient.id}
        by = {"booked_at": booking.booked_at, "booked_by": booking.booked_by}
        await self._connection.execute(sa.insert(tickets).values({**asdict(booking.ticket), **of, **by}))

    async def holder(self, ticket_id: str) -> Holder | None:
        of_ticket = sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id)
        session_id = await self._connection.scalar(of_ticket)
        session = await self.lock_session(session_id) if session_id else None
        contact = await self.contact(ticket_id)
        if session is None or contact is None:
            return None
        line = await self.line(session)
        return Holder(session, line.ticket(ticket_id).state, contact)


class ClinicLookQueries:
    """server.clinic.reader.ClinicLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def session(self, session_id: str) -> Session | None:
        return await find_session(self._connection, session_id)

    async def sessions(self, span: Span, doctor_id: str | None) -> Sequence[tuple[Session, int]]:
        today = sa.and_(sessions.c.opens_at >= span.first, sessions.c.opens_at < span.end)
        over_midnight = sa.or_(sessions.c.state == SessionState.OPEN, sessions.c.closes_at > span.first)
        from_before = sa.and_(sessions.c.opens_at < span.first, over_midnight)
        query = (
            _sessions()
            .add_columns(_waiting().label("waiting"))
            .where(sa.or_(today, from_before))
            .order_by(sessions.c.opens_at, sessions.c.id)
        )
        if doctor_id is not None:
            query = query.where(sessions.c.doctor_id == doctor_id)
        return [(session_of(row), row.waiting) for row in await self._connection.execute(query)]

    async def ticket_facts(self, session_id: str) -> Sequence[TicketFacts]:
        query = (
            sa.select(
                tickets,
                *(column.label(f"patient_{column.name}") for column in _PATIENT_COLUMNS),
                latest_visit_id().label("visit_id"),
                is_consented().label("consented"),
                _worst_alarm().label("worst_alarm"),
            )
            .join(patients, patients.c.id == tickets.c.patient_id)
            .where(tickets.c.session_id == session_id)
            .order_by(tickets.c.serial)
        )
        return [_facts(row) for row in await self._connection.execute(query)]

    async def has_ticket_with(self, doctor_id: str, patient_id: str) -> bool:
        own = (
            sa.select(tickets.c.id)
            .join(sessions, sessions.c.id == tickets.c.session_id)
            .where(tickets.c.patient_id == patient_id, sessions.c.doctor_id == doctor_id)
        )
        return bool(await self._connection.scalar(sa.select(own.exists())))


_PATIENT_COLUMNS = (patients.c.name, patients.c.sex, patients.c.birth_date, patients.c.phone, patients.c.locale)
_ALARM_RANK = sa.case((alarms.c.priority == "high", 0), (alarms.c.priority == "medium", 1), else_=2)


async def find_session(connection: AsyncConnection, session_id: str) -> Session | None:
    row = (await connection.execute(_sessions().where(sessions.c.id == session_id))).one_or_none()
    return session_of(row) if row else None


def session_of(row: sa.Row[Any]) -> Session:
    return Session(
        id=row.id,
        title=row.title,
        doctor_id=row.doctor_id,
        doctor_name=row.doctor_name,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        state=SessionState(row.state),
        last_serial=row.last_serial,
    )


def ticket_of(row: sa.Row[Any]) -> Ticket:
    return Ticket(
        id=row.id,
        serial=row.serial,
        place=row.place,
        state=TicketState(row.state),
        missed=row.missed,
        cause=Cause(row.cause) if row.cause else None,
        arrived_at=row.arrived_at,
    )


def latest_visit_id() -> sa.ScalarSelect[Any]:
    """Of the ticket of the query around it."""
    latest = sa.select(visits.c.id).where(visits.c.ticket_id == tickets.c.id)
    return latest.order_by(visits.c.called_at.desc()).limit(1).correlate(tickets).scalar_subquery()


def is_consented() -> sa.ColumnElement[bool]:
    """Of the ticket of the query around it."""
    return sa.select(consents.c.id).where(consents.c.ticket_id == tickets.c.id).correlate(tickets).exists()


def _sessions() -> sa.Select[Any]:
    return sa.select(sessions, users.c.name.label("doctor_name")).join(users, users.c.id == sessions.c.doctor_id)


def _waiting() -> sa.ScalarSelect[Any]:
    waiting = sa.select(sa.func.count()).select_from(tickets).correlate(sessions)
    return waiting.where(
        tickets.c.session_id == sessions.c.id, tickets.c.state == TicketState.ARRIVED
    ).scalar_subquery()


def _worst_alarm() -> sa.ScalarSelect[Any]:
    worst = sa.select(alarms.c.priority).where(alarms.c.patient_id == tickets.c.patient_id)
    worst = worst.where(alarms.c.state != "resolved").order_by(_ALARM_RANK).limit(1)
    return worst.correlate(tickets).scalar_subquery()


def _facts(row: sa.Row[Any]) -> TicketFacts:
    patient = Patient(
        id=row.patient_id,
        name=row.patient_name,
        sex=Sex(row.patient_sex),
        birth_date=row.patient_birth_date,
        phone=row.patient_phone,
        locale=row.patient_locale,
    )
    return TicketFacts(ticket_of(row), patient, row.visit_id, row.consented, row.worst_alarm)
