"""The roster: what the public may look at, and what operators and administrators arrange."""

from datetime import date
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Audience, Body, Call, Route
from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.roster import errors
from server.clinic.roster.directory import Days, Directory
from server.clinic.roster.profile import NewDepartment, Profile
from server.clinic.roster.service import Roster
from server.clinic.roster.templates import Holiday, Template, Window, clock
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
from server.ids import new_id

problems: Final[Problems] = {
    errors.InvalidRoster: INVALID,
    errors.DepartmentTaken: ProblemKind(409, "department-taken", "There is such a department"),
    errors.TemplateOverlaps: ProblemKind(409, "template-overlaps", "The doctor is elsewhere then"),
}

Words = Annotated[str, msgspec.Meta(max_length=200)]
MOST_KINDS: Final = 10


class DepartmentWish(Body, frozen=True):
    """``childrens``: its field is the medicine of children."""

    name: Words
    name_en: Words
    childrens: bool = False


class KindWish(Body, frozen=True):
    kind: VisitKind
    minutes: int


class TemplateWish(Body, frozen=True):
    """One weekday (0 is Monday) and one window of the hospital's wall clock; two windows a day are two templates."""

    doctor_id: str
    department_id: str
    title: Words
    weekday: int
    opens: str
    closes: str
    first_day: date
    last_day: date | None = None
    capacity: int | None = None
    kinds: Annotated[tuple[KindWish, ...], msgspec.Meta(max_length=MOST_KINDS)] = ()


class HolidayWish(Body, frozen=True):
    """``runs_as``: the weekday whose templates are worked that day (调休); null for a day off."""

    name: Words
    runs_as: int | None = None


class ProfileWish(Body, frozen=True):
    department_id: str | None = None
    title: Words = ""
    title_en: Words = ""
    licence_no: Words = ""
    practice_since: date | None = None
    licence_until: date | None = None
    institution_consent: bool = False


class DaysAhead(Body, frozen=True):
    days: int


class DaysQuery(Body, frozen=True, rename={"first": "from"}):
    """``from`` is a local day of the hospital; both or neither."""

    first: date | None = None
    days: int = 14


class DayOffView(msgspec.Struct, frozen=True):
    """``booked`` are sessions of that day that somebody has booked: people are to be moved."""

    removed: int
    booked: list[str]


class Generated(msgspec.Struct, frozen=True):
    created: int


def routes(roster: Roster, directory: Directory) -> list[Route]:
    handlers = _Handlers(roster, directory)
    return [*_public(handlers), *_people(handlers), *_plan(handlers)]


def _public(to: "_Handlers") -> list[Route]:
    public = Audience.PUBLIC
    return [
        Route(method="GET", path="/departments", handler=to.departments, audience=public, reply=list[DepartmentCard]),
        Route(
            method="GET",
            path="/departments/{id}/doctors",
            handler=to.doctors,
            audience=public,
            reply=list[DoctorCard],
        ),
        Route(
            method="GET",
            path="/doctors/{id}/sessions",
            handler=to.bookable,
            audience=public,
            query=DaysQuery,
            reply=list[OpenSession],
        ),
        Route(
            method="GET",
            path="/ticket/sessions",
            handler=to.elsewhere,
            audience=Audience.PATIENT,
            action=Action.TICKET_OWN,
            reply=list[MoveTarget],
        ),
    ]


def _people(to: "_Handlers") -> list[Route]:
    edit, of = Action.ROSTER_EDIT, "/roster/departments"
    return [
        Route(method="GET", path=of, handler=to.department_rows, action=edit, reply=list[DepartmentRow]),
        Route(
            method="POST",
            path=of,
            handler=to.add_department,
            action=edit,
            body=DepartmentWish,
            reply=DepartmentRow,
            status=201,
        ),
        Route(
            method="PUT",
            path=f"{of}/{{id}}",
            handler=to.change_department,
            action=edit,
            body=DepartmentWish,
            reply=DepartmentRow,
        ),
        Route(method="GET", path="/roster/doctors", handler=to.profiles, action=edit, reply=list[ProfileView]),
        Route(method="PUT", path="/roster/doctors/{id}", handler=to.save_profile, action=edit, body=ProfileWish),
    ]


def _plan(to: "_Handlers") -> list[Route]:
    edit, of = Action.ROSTER_EDIT, "/roster/templates"
    return [
        Route(method="GET", path=of, handler=to.templates, action=edit, reply=list[TemplateView]),
        Route(
            method="POST",
            path=of,
            handler=to.add_template,
            action=edit,
            body=TemplateWish,
            reply=TemplateView,
            status=201,
        ),
        Route(
            method="PUT",
            path=f"{of}/{{id}}",
            handler=to.change_template,
            action=edit,
            body=TemplateWish,
            reply=TemplateView,
        ),
        Route(method="DELETE", path=f"{of}/{{id}}", handler=to.end_template, action=edit),
        Route(method="GET", path="/roster/holidays", handler=to.holidays, action=edit, reply=list[HolidayView]),
        Route(
            method="PUT",
            path="/roster/holidays/{day}",
            handler=to.save_holiday,
            action=edit,
            body=HolidayWish,
            reply=DayOffView,
        ),
        Route(method="DELETE", path="/roster/holidays/{day}", handler=to.drop_holiday, action=edit),
        Route(
            method="POST",
            path="/roster/generate",
            handler=to.generate,
            action=edit,
            body=DaysAhead,
            reply=Generated,
        ),
        Route(
            method="GET",
            path="/roster/sessions",
            handler=to.sessions,
            action=Action.LINE_READ,
            query=DaysQuery,
            reply=list[RosterSession],
        ),
    ]


class _Handlers:
    def __init__(self, roster: Roster, directory: Directory) -> None:
        self._roster = roster
        self._directory = directory

    async def departments(self, _call: Call[None]) -> list[DepartmentCard]:
        return await self._directory.departments()

    async def doctors(self, call: Call[None]) -> list[DoctorCard]:
        return await self._directory.doctors(call.path["id"])

    async def bookable(self, call: Call[None]) -> list[OpenSession]:
        return await self._directory.bookable(call.path["id"], _days(call.query), call.now)

    async def elsewhere(self, call: Call[None]) -> list[MoveTarget]:
        return await self._directory.elsewhere(call.who.id, call.now)

    async def sessions(self, call: Call[None]) -> list[RosterSession]:
        return await self._directory.sessions(call.who, _days(call.query), call.now)

    async def department_rows(self, _call: Call[None]) -> list[DepartmentRow]:
        return await self._directory.department_rows()

    async def add_department(self, call: Call[DepartmentWish]) -> DepartmentRow:
        return await self._save_department(call, new_id())

    async def change_department(self, call: Call[DepartmentWish]) -> DepartmentRow:
        await self._directory.department(call.path["id"])
        return await self._save_department(call, call.path["id"])

    async def _save_department(self, call: Call[DepartmentWish], department_id: str) -> DepartmentRow:
        typed = call.body
        wanted = NewDepartment(department_id, typed.name.strip(), typed.name_en.strip(), typed.childrens)
        await self._roster.save_department(call.who, wanted, call.now)
        return await self._directory.department(department_id)

    async def profiles(self, _call: Call[None]) -> list[ProfileView]:
        return await self._directory.profiles()

    async def save_profile(self, call: Call[ProfileWish]) -> None:
        typed = call.body
        profile = Profile(
            doctor_id=call.path["id"],
            department_id=typed.department_id,
            title=typed.title.strip(),
            title_en=typed.title_en.strip(),
            licence_no=typed.licence_no.strip(),
            practice_since=typed.practice_since,
            licence_until=typed.licence_until,
            consented_at=call.now if typed.institution_consent else None,
        )
        await self._roster.save_profile(call.who, profile, call.now)

    async def templates(self, _call: Call[None]) -> list[TemplateView]:
        return await self._directory.templates()

    async def add_template(self, call: Call[TemplateWish]) -> TemplateView:
        return await self._save_template(call, new_id())

    async def change_template(self, call: Call[TemplateWish]) -> TemplateView:
        await self._directory.template(call.path["id"])
        return await self._save_template(call, call.path["id"])

    async def _save_template(self, call: Call[TemplateWish], template_id: str) -> TemplateView:
        await self._roster.save_template(call.who, _template(template_id, call.body), call.now)
        return await self._directory.template(template_id)

    async def end_template(self, call: Call[None]) -> None:
        await self._roster.end_template(call.who, call.path["id"], call.now)

    async def holidays(self, _call: Call[None]) -> list[HolidayView]:
        return await self._directory.holidays()

    async def save_holiday(self, call: Call[HolidayWish]) -> DayOffView:
        holiday = Holiday(_day(call.path["day"]), call.body.name, call.body.runs_as)
        done = await self._roster.save_holiday(call.who, holiday, call.now)
        return DayOffView(done.removed, [*done.booked])

    async def drop_holiday(self, call: Call[None]) -> None:
        await self._roster.drop_holiday(call.who, _day(call.path["day"]), call.now)

    async def generate(self, call: Call[DaysAhead]) -> Generated:
        return Generated(await self._roster.generate(call.who.actor, call.body.days, call.now))


def _template(template_id: str, typed: TemplateWish) -> Template:
    return Template(
        id=template_id,
        doctor_id=typed.doctor_id,
        department_id=typed.department_id,
        title=typed.title.strip(),
        weekday=typed.weekday,
        window=Window(clock(typed.opens, "opens"), clock(typed.closes, "closes")),
        first_day=typed.first_day,
        last_day=typed.last_day,
        capacity=typed.capacity,
        kinds=tuple(PlannedKind(planned.kind, planned.minutes) for planned in typed.kinds),
    )


def _days(asked: DaysQuery) -> Days | None:
    return Days(asked.first, asked.days) if asked.first else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise errors.InvalidRoster("day", "is a day like 2026-10-01") from None
