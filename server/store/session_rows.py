"""Sessions as rows: what is asked for of them, and what is made of it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.kinds import kinds_of
from server.clinic.reader import Span
from server.clinic.session import Department, Doctor, Session, SessionState
from server.clinic.ticket import TicketState
from server.store.tables import departments, session_doctors, sessions, tickets, users

_BETWEEN = "\x1f"  # unit separator: stands in nobody's name


async def find_session(connection: AsyncConnection, session_id: str) -> Session | None:
    row = (await connection.execute(whole_sessions().where(sessions.c.id == session_id))).one_or_none()
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


def sessions_in(span: Span) -> sa.Select[Any]:
    """Those whose hours fall into ``span`` and those still open, with how many wait; by time."""
    today = sa.and_(sessions.c.opens_at >= span.first, sessions.c.opens_at < span.end)
    over_midnight = sa.or_(sessions.c.state == SessionState.OPEN, sessions.c.closes_at > span.first)
    from_before = sa.and_(sessions.c.opens_at < span.first, over_midnight)
    query = whole_sessions().add_columns(waiting_in_session().label("waiting")).where(sa.or_(today, from_before))
    return query.order_by(sessions.c.opens_at, sessions.c.id)


def whole_sessions() -> sa.Select[Any]:
    named = (users.c.name.label("doctor_name"), departments.c.name.label("department_name"))
    query = sa.select(sessions, *named, _joined()).join(users, users.c.id == sessions.c.doctor_id)
    return query.outerjoin(departments, departments.c.id == sessions.c.department_id)


def calls_from(doctor_id: str) -> sa.ColumnElement[bool]:
    """The session of the query around it is the doctor's own, or one that the doctor has joined and not left."""
    joined = sa.select(session_doctors.c.user_id).where(
        session_doctors.c.session_id == sessions.c.id, session_doctors.c.user_id == doctor_id
    )
    return sa.or_(sessions.c.doctor_id == doctor_id, joined.correlate(sessions).exists())


def waiting_in_session() -> sa.ScalarSelect[Any]:
    waiting = sa.select(sa.func.count()).select_from(tickets).correlate(sessions)
    return waiting.where(
        tickets.c.session_id == sessions.c.id, tickets.c.state == TicketState.ARRIVED
    ).scalar_subquery()


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
