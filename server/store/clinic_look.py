"""What the clinic looks up without a lock: sessions, the tickets of a line with what staff see of each, the display."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.reader import Span
from server.clinic.session import Session
from server.clinic.ticket import IN_ROOM
from server.clinic.views import DisplayView, TargetView, TicketFacts, display_view, target_view
from server.patients.patient import Patient, Sex
from server.store.places import free_places, holding, offered
from server.store.session_rows import (
    calls_from,
    find_session,
    session_of,
    sessions_in,
    waiting_in_session,
    whole_sessions,
)
from server.store.tables import (
    alarms,
    complaints,
    device_tests,
    doctor_profiles,
    interventions,
    patients,
    sessions,
    tickets,
)
from server.store.ticket_rows import device_test_columns, device_test_of, is_consented, latest_visit_id, ticket_of

_PATIENT_COLUMNS = (patients.c.name, patients.c.sex, patients.c.birth_date, patients.c.phone, patients.c.locale)
# The very words of the partial index ix_tickets_outside, so that both planners find the few by it.
_OUTSIDE = sa.text("tickets.state IN ('booked','arrived','held')")
_ALARM_RANK = sa.case((alarms.c.priority == "high", 0), (alarms.c.priority == "medium", 1), else_=2)


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

    async def display(self, session_id: str) -> DisplayView | None:
        query = whole_sessions().add_columns(waiting_in_session().label("waiting")).where(sessions.c.id == session_id)
        row = (await self._connection.execute(query)).one_or_none()
        in_room = sa.select(tickets.c.serial).where(tickets.c.session_id == session_id, tickets.c.state.in_(IN_ROOM))
        calling = (await self._connection.scalars(in_room.order_by(tickets.c.called_at))).all()
        return display_view(session_of(row), calling, row.waiting) if row else None


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
