"""Queries of the roster: departments, profiles, templates, days off, and the sessions that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.roles import Role
from server.clinic.kinds import kinds_of, stored_kinds
from server.clinic.reader import Span
from server.clinic.roster.profile import NewDepartment, Profile
from server.clinic.roster.service import Unbooked
from server.clinic.roster.templates import CLOCK_FORM, DueSession, Holiday, Template, Window, clock
from server.clinic.roster.views import (
    DoctorCard,
    HolidayView,
    KindView,
    MoveTarget,
    OpenSession,
    ProfileView,
    RosterSession,
    TemplateView,
)
from server.clinic.session import SessionState
from server.clinic.views import DoctorView
from server.store.audit import AuditQueries
from server.store.places import free_places, holding, listed, offered
from server.store.tables import (
    departments,
    doctor_profiles,
    holidays,
    session_doctors,
    session_templates,
    sessions,
    tickets,
    users,
    waiting_list,
)
from server.store.upsert import upsert

TAKES_BOOKINGS = (SessionState.PLANNED, SessionState.OPEN, SessionState.SUSPENDED)


class RosterQueries(AuditQueries):
    """server.clinic.roster.service.RosterTx."""

    async def save_department(self, department: NewDepartment) -> bool:
        try:
            async with self._connection.begin_nested():
                await self._put(departments, asdict(department))
        except IntegrityError:
            return False
        return True

    async def has_department(self, department_id: str) -> bool:
        found = sa.select(departments.c.id).where(departments.c.id == department_id)
        return await self._connection.scalar(found) is not None

    async def lock_doctor(self, doctor_id: str) -> bool:
        doctor = sa.select(users.c.id).where(users.c.id == doctor_id, users.c.role == Role.DOCTOR)
        return await self._connection.scalar(doctor.with_for_update(key_share=True)) is not None

    async def save_profile(self, profile: Profile) -> None:
        await self._put(doctor_profiles, asdict(profile))

    async def consented_at(self, doctor_id: str) -> datetime | None:
        query = sa.select(doctor_profiles.c.consented_at).where(doctor_profiles.c.doctor_id == doctor_id)
        moment: datetime | None = await self._connection.scalar(query)
        return moment

    async def templates(self, doctor_id: str | None) -> Sequence[Template]:
        query = sa.select(session_templates).where(session_templates.c.ended_at.is_(None))
        if doctor_id is not None:
            query = query.where(session_templates.c.doctor_id == doctor_id)
        return [_template_of(row) for row in await self._connection.execute(query.order_by(session_templates.c.id))]

    async def save_template(self, template: Template) -> None:
        await self._put(session_templates, {**_template_row(template), "ended_at": None})

    async def end_template(self, template_id: str, at: datetime) -> None:
        ended = sa.update(session_templates).where(session_templates.c.id == template_id).values(ended_at=at)
        await self._connection.execute(ended)

    async def holidays(self, days: Sequence[date]) -> Mapping[date, Holiday]:
        query = sa.select(holidays).where(holidays.c.day.between(days[0], days[-1]))
        rows = await self._connection.execute(query)
        return {row.day: Holiday(row.day, row.name, row.runs_as) for row in rows}

    async def save_holiday(self, holiday: Holiday) -> None:
        await self._put(holidays, asdict(holiday))

    async def drop_holiday(self, day: date) -> bool:
        dropped = await self._connection.execute(sa.delete(holidays).where(holidays.c.day == day))
        return dropped.rowcount == 1

    async def add_due(self, session_id: str, due: DueSession) -> bool:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        row = insert(sessions).values({**_session_row(due), "id": session_id}).on_conflict_do_nothing()
        return (await self._connection.execute(row)).rowcount == 1

    async def withdraw(self, which: Unbooked) -> int:
        unbooked = sa.and_(
            sessions.c.template_id.is_not(None),
            sessions.c.last_serial == 0,
            sessions.c.state == SessionState.PLANNED,
            sessions.c.opens_at > which.after,
            ~sa.exists().where(waiting_list.c.session_id == sessions.c.id),
            ~sa.exists().where(session_doctors.c.session_id == sessions.c.id),
        )
        if which.template_id is not None:
            unbooked &= sessions.c.template_id == which.template_id
        if which.day is not None:
            unbooked &= sessions.c.roster_day == which.day
        return (await self._connection.execute(sa.delete(sessions).where(unbooked))).rowcount

    async def booked_on(self, day: date) -> Sequence[str]:
        """Those left of a day once the unbooked ones are withdrawn."""
        query = sa.select(sessions.c.id).where(sessions.c.roster_day == day).order_by(sessions.c.opens_at)
        return (await self._connection.scalars(query)).all()

    async def _put(self, table: sa.Table, row: dict[str, Any]) -> None:
        await self._connection.execute(upsert(self._connection.dialect.name, table), row)


class DirectoryQueries:
    """server.clinic.roster.directory.DirectoryLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def departments(self) -> Sequence[NewDepartment]:
        rows = await self._connection.execute(sa.select(departments).order_by(departments.c.name_en))
        return [NewDepartment(row.id, row.name, row.name_en, row.childrens) for row in rows]

    async def doctors(self, department_id: str) -> Sequence[DoctorCard]:
        query = _doctors().where(doctor_profiles.c.department_id == department_id)
        rows = await self._connection.execute(query)
        return [DoctorCard(row.id, row.name, row.title, row.title_en) for row in rows]

    async def bookable(self, doctor_id: str, span: Span, now: datetime) -> Sequence[OpenSession]:
        query = _sessions(span).where(sessions.c.doctor_id == doctor_id, _shown(now))
        return [_open_session(row) for row in await self._connection.execute(query)]

    async def elsewhere(self, ticket_id: str, span: Span, now: datetime) -> Sequence[MoveTarget]:
        of_ticket = sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id).scalar_subquery()
        found = sa.select(sessions.c.doctor_id, sessions.c.department_id).where(sessions.c.id == of_ticket)
        own = (await self._connection.execute(found)).one_or_none()
        if own is None or own.department_id is None:
            return []
        there = sa.and_(sessions.c.department_id == own.department_id, sessions.c.id != of_ticket)
        rows = list(await self._connection.execute(_sessions(span).where(there, _shown(now))))
        rows.sort(key=lambda row: row.doctor_id != own.doctor_id)  # stable: by time within the own and the others'
        return [_move_target(row) for row in rows if free_places(row) != 0]

    async def roster_sessions(self, span: Span, doctor_id: str | None) -> Sequence[RosterSession]:
        query = _sessions(span)
        if doctor_id is not None:
            query = query.where(sessions.c.doctor_id == doctor_id)
        return [_roster_session(row) for row in await self._connection.execute(query)]

    async def template_views(self) -> Sequence[TemplateView]:
        query = (
            sa.select(session_templates, users.c.name.label("doctor_name"))
            .join(users, users.c.id == session_templates.c.doctor_id)
            .where(session_templates.c.ended_at.is_(None))
            .order_by(session_templates.c.weekday, session_templates.c.opens, session_templates.c.id)
        )
        return [_template_view(row) for row in await self._connection.execute(query)]

    async def holiday_views(self) -> Sequence[HolidayView]:
        rows = await self._connection.execute(sa.select(holidays).order_by(holidays.c.day))
        return [HolidayView(row.day, row.name, row.runs_as) for row in rows]

    async def profiles(self) -> Sequence[ProfileView]:
        return [_profile_view(row) for row in await self._connection.execute(_doctors())]


def _doctors() -> sa.Select[Any]:
    columns = [column for column in doctor_profiles.c if column is not doctor_profiles.c.doctor_id]
    joined = users.outerjoin(doctor_profiles, doctor_profiles.c.doctor_id == users.c.id)
    working = sa.and_(users.c.role == Role.DOCTOR, users.c.disabled_at.is_(None))
    return sa.select(users.c.id, users.c.name, *columns).select_from(joined).where(working).order_by(users.c.name)


def _sessions(span: Span) -> sa.Select[Any]:
    query = sa.select(
        sessions,
        users.c.name.label("doctor_name"),
        holding().label("held"),
        offered().label("offered"),
        listed().label("listed"),
    ).join(users, users.c.id == sessions.c.doctor_id)
    opening = sa.and_(sessions.c.opens_at >= span.first, sessions.c.opens_at < span.end)
    return query.where(opening).order_by(sessions.c.opens_at, sessions.c.id)


def _shown(now: datetime) -> sa.ColumnElement[bool]:
    """What the public page shows: a department's, taking bookings, not over."""
    takes = sessions.c.state.in_(TAKES_BOOKINGS)
    return sa.and_(sessions.c.department_id.is_not(None), sessions.c.closes_at > now, takes)


def _open_session(row: sa.Row[Any]) -> OpenSession:
    hours, kinds = (row.opens_at, row.closes_at), _kind_views(row.kinds)
    return OpenSession(row.id, row.title, *hours, free=free_places(row), kinds=kinds)


def _move_target(row: sa.Row[Any]) -> MoveTarget:
    doctor = DoctorView(row.doctor_id, row.doctor_name)
    return MoveTarget(row.id, row.title, doctor, row.opens_at, closes_at=row.closes_at, free=free_places(row))


def _roster_session(row: sa.Row[Any]) -> RosterSession:
    return RosterSession(
        id=row.id,
        title=row.title,
        doctor=DoctorView(row.doctor_id, row.doctor_name),
        department_id=row.department_id,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        state=SessionState(row.state),
        capacity=row.capacity,
        booked=row.held,
        free=free_places(row),
        listed=row.listed,
    )


def _template_view(row: sa.Row[Any]) -> TemplateView:
    return TemplateView(
        id=row.id,
        doctor=DoctorView(row.doctor_id, row.doctor_name),
        department_id=row.department_id,
        title=row.title,
        weekday=row.weekday,
        opens=row.opens,
        closes=row.closes,
        first_day=row.first_day,
        last_day=row.last_day,
        capacity=row.capacity,
        kinds=_kind_views(row.kinds),
    )


def _profile_view(row: sa.Row[Any]) -> ProfileView:
    return ProfileView(
        doctor=DoctorView(row.id, row.name),
        department_id=row.department_id,
        title=row.title or "",
        title_en=row.title_en or "",
        licence_no=row.licence_no or "",
        practice_since=row.practice_since,
        licence_until=row.licence_until,
        institution_consent=row.consented_at is not None,
    )


def _kind_views(stored: Sequence[tuple[str, int]] | None) -> list[KindView]:
    return [KindView(planned.kind, planned.minutes) for planned in kinds_of(stored)]


def _template_of(row: sa.Row[Any]) -> Template:
    return Template(
        id=row.id,
        doctor_id=row.doctor_id,
        department_id=row.department_id,
        title=row.title,
        weekday=row.weekday,
        window=Window(clock(row.opens, "opens"), clock(row.closes, "closes")),
        first_day=row.first_day,
        last_day=row.last_day,
        capacity=row.capacity,
        kinds=kinds_of(row.kinds),
    )


def _template_row(template: Template) -> dict[str, Any]:
    window = {"opens": template.window.opens, "closes": template.window.closes}
    return {
        "id": template.id,
        "doctor_id": template.doctor_id,
        "department_id": template.department_id,
        "title": template.title.strip(),
        "weekday": template.weekday,
        **{name: moment.strftime(CLOCK_FORM) for name, moment in window.items()},
        "first_day": template.first_day,
        "last_day": template.last_day,
        "capacity": template.capacity,
        "kinds": stored_kinds(template.kinds),
    }


def _session_row(due: DueSession) -> dict[str, Any]:
    template = due.template
    return {
        "title": template.title,
        "doctor_id": template.doctor_id,
        "opens_at": due.opens_at,
        "closes_at": due.closes_at,
        "state": SessionState.PLANNED,
        "last_serial": 0,
        "department_id": template.department_id,
        "template_id": template.id,
        "roster_day": due.day,
        "capacity": template.capacity,
        "kinds": stored_kinds(template.kinds),
    }
