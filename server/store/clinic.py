"""Queries of the clinic: sessions, bookings, the line. The session's row is the lock of its line and of its visits."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.booking import Booking, Wish
from server.clinic.interventions import Intervention
from server.clinic.kinds import VisitKind, kinds_of
from server.clinic.letters import Contact
from server.clinic.line import Line
from server.clinic.reader import Span
from server.clinic.service import Holder
from server.clinic.session import Department, Doctor, Hours, Session, SessionState
from server.clinic.ticket import IN_ROOM, Cause, Ticket, TicketState, Urgency
from server.clinic.views import DeviceTestView, DisplayView, TargetView, TicketFacts, display_view, target_view
from server.ids import new_id
from server.patients.patient import Patient, Sex
from server.store.access import TicketAccessQueries
from server.store.audit import AuditQueries
from server.store.issuing import IssuingQueries, ticket_row
from server.store.notifications import DeliveryQueries
from server.store.places import PlaceQueries, free_places, holding, offered
from server.store.tables import (
    alarms,
    complaints,
    consent_withdrawals,
    consents,
    departments,
    device_tests,
    doctor_profiles,
    documents,
    interventions,
    join_links,
    patients,
    session_doctors,
    sessions,
    sign_ins,
    tickets,
    users,
    visits,
)


class LineQueries(AuditQueries, DeliveryQueries, PlaceQueries):
    """The line of a session under its lock (server.clinic.moving.MovingTx), and how its patients are reached."""

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

    async def session_of(self, ticket_id: str) -> str | None:
        return await self._connection.scalar(sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id))

    async def end_link(self, ticket_id: str, now: datetime, sign_in_until: datetime) -> None:
        links = sa.update(join_links).where(join_links.c.ticket_id == ticket_id, join_links.c.ended_at.is_(None))
        await self._connection.execute(links.values(ended_at=now))
        later = sa.and_(sign_ins.c.ticket_id == ticket_id, sign_ins.c.expires_at > sign_in_until)
        await self._connection.execute(sa.update(sign_ins).where(later).values(expires_at=sign_in_until))

    async def keep_signed_in(self, ticket_id: str, now: datetime, until: datetime) -> None:
        living = sa.and_(sign_ins.c.ticket_id == ticket_id, sign_ins.c.ended_at.is_(None), sign_ins.c.expires_at > now)
        await self._connection.execute(sa.update(sign_ins).where(living).values(expires_at=until))

    async def intervene(self, intervention: Intervention) -> None:
        await self._connection.execute(sa.insert(interventions).values({**asdict(intervention), "id": new_id()}))


class RelocationQueries(LineQueries, TicketAccessQueries):
    """From one line into another (server.clinic.relocation.RelocationTx), and a new number at all."""

    async def issue_serial(self, session_id: str) -> Session | None:
        raised = sa.update(sessions).where(sessions.c.id == session_id).values(last_serial=sessions.c.last_serial + 1)
        if (await self._connection.execute(raised)).rowcount == 0:
            return None
        return await find_session(self._connection, session_id)

    async def add_ticket(self, booking: Booking) -> None:
        await self._connection.execute(sa.insert(tickets), ticket_row(booking))

    async def wish(self, ticket_id: str) -> Wish:
        query = sa.select(tickets.c.kind, tickets.c.guardian).where(tickets.c.id == ticket_id)
        row = (await self._connection.execute(query)).one()
        return Wish(VisitKind(row.kind) if row.kind else None, row.guardian)

    async def carry_over(self, old_id: str, next_id: str, link_until: datetime) -> None:
        for table in (join_links, sign_ins):
            living = sa.update(table).where(table.c.ticket_id == old_id, table.c.ended_at.is_(None))
            await self._connection.execute(living.values(ticket_id=next_id, expires_at=link_until))
        for table in (complaints, device_tests, documents):
            handed_in = sa.update(table).where(table.c.ticket_id == old_id)
            await self._connection.execute(handed_in.values(ticket_id=next_id))
        given = await self._connection.execute(sa.select(consents).where(in_force(sa.literal(old_id))))
        for row in given.mappings().all():
            again = {**row, "id": new_id(), "ticket_id": next_id, "round": 0}
            await self._connection.execute(sa.insert(consents).values(again))


class ClinicQueries(RelocationQueries, IssuingQueries):
    """server.clinic.service.ClinicTx and server.clinic.lines.LinesTx."""

    async def add_session(self, session_id: str, hours: Hours) -> None:
        row = {**asdict(hours), "id": session_id, "state": SessionState.PLANNED, "last_serial": 0}
        await self._connection.execute(sa.insert(sessions).values(row))

    async def save_session(self, session: Session) -> None:
        now = {"state": session.state, "message": session.message}
        await self._connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(now))

    async def add_doctor(self, session_id: str, doctor_id: str, at: datetime) -> None:
        row = {"session_id": session_id, "user_id": doctor_id, "joined_at": at}
        await self._connection.execute(sa.insert(session_doctors).values(row))

    async def drop_doctor(self, session_id: str, doctor_id: str) -> None:
        of = sa.and_(session_doctors.c.session_id == session_id, session_doctors.c.user_id == doctor_id)
        await self._connection.execute(sa.delete(session_doctors).where(of))

    async def department_of(self, doctor_id: str) -> str | None:
        of = sa.select(doctor_profiles.c.department_id).where(doctor_profiles.c.doctor_id == doctor_id)
        return await self._connection.scalar(of)

    async def lock_sessions(self, session_ids: Sequence[str]) -> Sequence[Session]:
        """As ``lock_session``; read after all are locked, so that no number is older than its lock."""
        lock = sa.select(sessions.c.id).where(sessions.c.id.in_(session_ids)).order_by(sessions.c.id)
        await self._connection.execute(lock.with_for_update(key_share=True))
        found = _sessions().where(sessions.c.id.in_(session_ids)).order_by(sessions.c.id)
        return [session_of(row) for row in await self._connection.execute(found)]

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

    async def session_with(self, ticket_id: str) -> Session | None:
        of = sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id)
        session_id = await self._connection.scalar(of)
        return await find_session(self._connection, session_id) if session_id else None

    async def sessions(self, span: Span, doctor_id: str | None) -> Sequence[tuple[Session, int]]:
        query = sessions_in(span)
        if doctor_id is not None:
            own = sa.select(doctor_profiles.c.department_id).where(doctor_profiles.c.doctor_id == doctor_id)
            may_join = sessions.c.department_id == own.scalar_subquery()
            query = query.where(sa.or_(calls_from(doctor_id), may_join))
        return [(session_of(row), row.waiting) for row in await self._connection.execute(query)]

    async def targets(self, span: Span) -> Sequence[TargetView]:
        query = sessions_in(span).add_columns(holding().label("held"), offered().label("offered"))
        rows = await self._connection.execute(query)
        return [target_view(session_of(row), row.waiting, free_places(row)) for row in rows]

    async def ticket_facts(self, session_id: str) -> Sequence[TicketFacts]:
        query = (
            sa.select(
                tickets,
                *(column.label(f"patient_{column.name}") for column in _PATIENT_COLUMNS),
                latest_visit_id().label("visit_id"),
                is_consented().label("consented"),
                _worst_alarm().label("worst_alarm"),
                _latest_reason().label("reason"),
                complaints.c.text.label("complaint"),
                *device_test_columns(),
            )
            .join(patients, patients.c.id == tickets.c.patient_id)
            .outerjoin(complaints, complaints.c.ticket_id == tickets.c.id)
            .outerjoin(device_tests, device_tests.c.ticket_id == tickets.c.id)
            .where(tickets.c.session_id == session_id)
            .order_by(tickets.c.serial)
        )
        return [_facts(row) for row in await self._connection.execute(query)]

    async def unsettled(self, after: datetime, before: datetime) -> Sequence[str]:
        """server.clinic.day_end.UnsettledLook."""
        left = sa.select(tickets.c.session_id).where(_OUTSIDE).distinct()
        query = sa.select(sessions.c.id).where(sessions.c.id.in_(left), sessions.c.closes_at.between(after, before))
        return (await self._connection.scalars(query)).all()

    async def has_ticket_with(self, doctor_id: str, patient_id: str) -> bool:
        own = (
            sa.select(tickets.c.id)
            .join(sessions, sessions.c.id == tickets.c.session_id)
            .where(tickets.c.patient_id == patient_id, calls_from(doctor_id))
        )
        seen = sa.select(visits.c.id).where(visits.c.patient_id == patient_id, visits.c.doctor_id == doctor_id)
        return bool(await self._connection.scalar(sa.select(sa.or_(own.exists(), seen.exists()))))

    async def display(self, session_id: str) -> DisplayView | None:
        query = _sessions().add_columns(_waiting().label("waiting")).where(sessions.c.id == session_id)
        row = (await self._connection.execute(query)).one_or_none()
        in_room = sa.select(tickets.c.serial).where(tickets.c.session_id == session_id, tickets.c.state.in_(IN_ROOM))
        calling = (await self._connection.scalars(in_room.order_by(tickets.c.called_at))).all()
        return display_view(session_of(row), calling, row.waiting) if row else None


_PATIENT_COLUMNS = (patients.c.name, patients.c.sex, patients.c.birth_date, patients.c.phone, patients.c.locale)
# The very words of the partial index ix_tickets_outside, so that both planners find the few by it.
_OUTSIDE = sa.text("tickets.state IN ('booked','arrived','held')")
_BETWEEN = "\x1f"  # unit separator: stands in nobody's name
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
        message=row.message,
        joined=_joined_doctors(row.joined),
        department=Department(row.department_id, row.department_name) if row.department_id else None,
        capacity=row.capacity,
        kinds=kinds_of(row.kinds),
    )


def ticket_of(row: sa.Row[Any]) -> Ticket:
    return Ticket(
        id=row.id,
        serial=row.serial,
        place=row.place,
        state=TicketState(row.state),
        missed=row.missed,
        urgency=Urgency(row.urgency),
        cause=Cause(row.cause) if row.cause else None,
        late=row.late,
        planned_at=row.planned_at,
        arrived_at=row.arrived_at,
        called_at=row.called_at,
        called_by=row.called_by,
        came_from=row.came_from,
    )


def latest_visit_id() -> sa.ScalarSelect[Any]:
    """Of the ticket of the query around it."""
    latest = sa.select(visits.c.id).where(visits.c.ticket_id == tickets.c.id)
    return latest.order_by(*latest_first()).limit(1).correlate(tickets).scalar_subquery()


def latest_first() -> tuple[sa.ColumnElement[Any], ...]:
    """Of the visits of a ticket: the one that runs, whatever the clocks of others say, who came first and waited."""
    return visits.c.ended_at.is_(None).desc(), visits.c.called_at.desc()


def is_consented() -> sa.ColumnElement[bool]:
    """Of the ticket of the query around it."""
    return sa.select(consents.c.id).where(in_force(tickets.c.id)).correlate(tickets).exists()


def in_force(ticket_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Consents of this ticket that were given after the last time that they were withdrawn."""
    withdrawn = sa.select(sa.func.count()).select_from(consent_withdrawals)
    rounds = withdrawn.where(consent_withdrawals.c.ticket_id == consents.c.ticket_id).correlate(consents)
    return sa.and_(consents.c.ticket_id == ticket_id, consents.c.round == rounds.scalar_subquery())


def sessions_in(span: Span) -> sa.Select[Any]:
    """Those whose hours fall into ``span`` and those still open, with how many wait; by time."""
    today = sa.and_(sessions.c.opens_at >= span.first, sessions.c.opens_at < span.end)
    over_midnight = sa.or_(sessions.c.state == SessionState.OPEN, sessions.c.closes_at > span.first)
    from_before = sa.and_(sessions.c.opens_at < span.first, over_midnight)
    query = _sessions().add_columns(_waiting().label("waiting")).where(sa.or_(today, from_before))
    return query.order_by(sessions.c.opens_at, sessions.c.id)


def _sessions() -> sa.Select[Any]:
    named = (users.c.name.label("doctor_name"), departments.c.name.label("department_name"))
    query = sa.select(sessions, *named, _joined()).join(users, users.c.id == sessions.c.doctor_id)
    return query.outerjoin(departments, departments.c.id == sessions.c.department_id)


def _joined() -> sa.Label[Any]:
    """Those who call from the session beside its owner, in one column: a session is read for every page that waits."""
    colleagues = users.alias("colleagues")
    each = session_doctors.c.user_id + " " + colleagues.c.name
    joined = sa.select(sa.func.aggregate_strings(each, _BETWEEN)).select_from(session_doctors)
    joined = joined.join(colleagues, colleagues.c.id == session_doctors.c.user_id)
    of = joined.where(session_doctors.c.session_id == sessions.c.id).correlate(sessions)
    return of.scalar_subquery().label("joined")


def _joined_doctors(column: str | None) -> tuple[Doctor, ...]:
    found = (each.split(" ", 1) for each in (column or "").split(_BETWEEN) if each)
    return tuple(sorted((Doctor(*each) for each in found), key=lambda doctor: (doctor.name, doctor.id)))


def _waiting() -> sa.ScalarSelect[Any]:
    waiting = sa.select(sa.func.count()).select_from(tickets).correlate(sessions)
    return waiting.where(
        tickets.c.session_id == sessions.c.id, tickets.c.state == TicketState.ARRIVED
    ).scalar_subquery()


def calls_from(doctor_id: str) -> sa.ColumnElement[bool]:
    """The session of the query around it is the doctor's own, or one that the doctor has joined and not left."""
    joined = sa.select(session_doctors.c.user_id).where(
        session_doctors.c.session_id == sessions.c.id, session_doctors.c.user_id == doctor_id
    )
    return sa.or_(sessions.c.doctor_id == doctor_id, joined.correlate(sessions).exists())


def _latest_reason() -> sa.ScalarSelect[Any]:
    """Also why it was passed on from the line that it came from."""
    of_it = interventions.c.ticket_id.in_([tickets.c.id, tickets.c.came_from])
    latest = sa.select(interventions.c.reason).where(of_it)
    return latest.order_by(interventions.c.at.desc()).limit(1).correlate(tickets).scalar_subquery()


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
    return TicketFacts(
        ticket_of(row),
        patient,
        row.visit_id,
        row.consented,
        worst_alarm=row.worst_alarm,
        reason=row.reason,
        complaint=row.complaint,
        device_test=device_test_of(row),
    )


def device_test_columns() -> list[sa.Label[Any]]:
    """Of the outer join of device_tests."""
    return [column.label(f"test_{column.name}") for column in device_tests.c]


def device_test_of(row: sa.Row[Any]) -> DeviceTestView | None:
    if row.test_tested_at is None:
        return None
    return DeviceTestView(
        camera=row.test_camera,
        microphone=row.test_microphone,
        speaker=row.test_speaker,
        rtt_ms=row.test_rtt_ms,
        kbps=row.test_kbps,
        kbps_up=row.test_kbps_up,
        tested_at=row.test_tested_at,
    )
