"""Reading the roster: what the public may book, and what the desk arranges. Changes nothing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Protocol

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.errors import NotFound
from server.clinic.reader import Span
from server.clinic.roster.profile import NewDepartment
from server.clinic.roster.templates import days_ahead
from server.clinic.roster.views import (
    DepartmentCard,
    DepartmentRow,
    DoctorCard,
    HolidayView,
    MoveTarget,
    OpenSession,
    ProfileView,
    RosterSession,
    TemplateView,
)
from server.clinic.session import day_bounds

LONGEST_PUBLIC = 31  # days that the public page looks ahead at once


@dataclass(frozen=True, slots=True)
class Days:
    """``count`` local days from ``first`` on."""

    first: date
    count: int


class PublicLook(Protocol):
    async def departments(self) -> Sequence[NewDepartment]: ...
    async def doctors(self, department_id: str) -> Sequence[DoctorCard]: ...

    async def bookable(self, doctor_id: str, span: Span, now: datetime) -> Sequence[OpenSession]:
        """Sessions that open in ``span``, take bookings and have not ended."""
        ...

    async def elsewhere(self, ticket_id: str, span: Span, now: datetime) -> Sequence[MoveTarget]:
        """Of the ticket's own department, with a place, and not its own session."""
        ...


class DeskLook(Protocol):
    async def roster_sessions(self, span: Span, doctor_id: str | None) -> Sequence[RosterSession]: ...
    async def template_views(self) -> Sequence[TemplateView]: ...
    async def holiday_views(self) -> Sequence[HolidayView]: ...
    async def profiles(self) -> Sequence[ProfileView]: ...


class DirectoryLook(PublicLook, DeskLook, Protocol):
    """One snapshot."""


class Directory:
    """``zone`` is the hospital's: its days are asked for."""

    def __init__(self, look: Callable[[], AbstractAsyncContextManager[DirectoryLook]], zone: tzinfo) -> None:
        self._look = look
        self._zone = zone

    async def departments(self) -> list[DepartmentCard]:
        return [DepartmentCard(row.id, row.name, row.name_en) for row in await self.department_rows()]

    async def department_rows(self) -> list[DepartmentRow]:
        async with self._look() as look:
            return [DepartmentRow(d.id, d.name, d.name_en, d.childrens) for d in await look.departments()]

    async def department(self, department_id: str) -> DepartmentRow:
        """Raises ``NotFound``."""
        for row in await self.department_rows():
            if row.id == department_id:
                return row
        raise NotFound("no such department")

    async def doctors(self, department_id: str) -> list[DoctorCard]:
        async with self._look() as look:
            return list(await look.doctors(department_id))

    async def bookable(self, doctor_id: str, days: Days | None, now: datetime) -> list[OpenSession]:
        """From today on where ``days`` does not say otherwise. Raises ``InvalidRoster`` for too many."""
        async with self._look() as look:
            return list(await look.bookable(doctor_id, self._span(days, now), now))

    async def elsewhere(self, ticket_id: str, now: datetime) -> list[MoveTarget]:
        """Where the patient of this ticket could go instead, the own doctor's sessions first."""
        async with self._look() as look:
            return list(await look.elsewhere(ticket_id, self._span(None, now), now))

    async def sessions(self, principal: Principal, days: Days | None, now: datetime) -> list[RosterSession]:
        """A doctor's own; everybody's for those who arrange."""
        doctor_id = principal.id if principal.role is Role.DOCTOR else None
        async with self._look() as look:
            return list(await look.roster_sessions(self._span(days, now), doctor_id))

    async def templates(self) -> list[TemplateView]:
        async with self._look() as look:
            return list(await look.template_views())

    async def template(self, template_id: str) -> TemplateView:
        """Raises ``NotFound``."""
        for view in await self.templates():
            if view.id == template_id:
                return view
        raise NotFound("no such template")

    async def holidays(self) -> list[HolidayView]:
        async with self._look() as look:
            return list(await look.holiday_views())

    async def profiles(self) -> list[ProfileView]:
        async with self._look() as look:
            return list(await look.profiles())

    def _span(self, days: Days | None, now: datetime) -> Span:
        wanted = days or Days(now.astimezone(self._zone).date(), LONGEST_PUBLIC)
        every = days_ahead(wanted.first, wanted.count)
        return Span(day_bounds(every[0], self._zone)[0], day_bounds(every[-1], self._zone)[1])
