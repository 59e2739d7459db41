"""What the roster shows: the JSON of departments, doctors, templates and sessions that can be booked."""

from datetime import date, datetime

import msgspec

from server.clinic.kinds import VisitKind
from server.clinic.session import SessionState
from server.clinic.views import DoctorView


class KindView(msgspec.Struct, frozen=True):
    """``minutes`` are planned, not promised."""

    kind: VisitKind
    minutes: int


class DepartmentCard(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str


class DepartmentRow(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str
    childrens: bool


class DoctorCard(msgspec.Struct, frozen=True):
    """A doctor as the public sees one."""

    id: str
    name: str
    title: str
    title_en: str


class OpenSession(msgspec.Struct, frozen=True):
    """One that can still be booked. ``free`` 0: its waiting list is open; null: no bound."""

    id: str
    title: str
    opens_at: datetime
    closes_at: datetime
    free: int | None
    kinds: list[KindView]


class MoveTarget(msgspec.Struct, frozen=True):
    """A session that a patient may move the own visit to. ``free`` null: no bound."""

    id: str
    title: str
    doctor: DoctorView
    opens_at: datetime
    closes_at: datetime
    free: int | None


class RosterSession(msgspec.Struct, frozen=True):
    """One as the desk sees it. ``booked`` counts the tickets that hold a place, ``listed`` those who wait for one."""

    id: str
    title: str
    doctor: DoctorView
    department_id: str | None
    opens_at: datetime
    closes_at: datetime
    state: SessionState
    capacity: int | None
    booked: int
    free: int | None
    listed: int


class TemplateView(msgspec.Struct, frozen=True):
    """``opens`` and ``closes`` by the hospital's wall clock, "08:00"; ``weekday`` 0 is Monday."""

    id: str
    doctor: DoctorView
    department_id: str
    title: str
    weekday: int
    opens: str
    closes: str
    first_day: date
    last_day: date | None
    capacity: int | None
    kinds: list[KindView]


class HolidayView(msgspec.Struct, frozen=True):
    day: date
    name: str
    runs_as: int | None


class ProfileView(msgspec.Struct, frozen=True):
    """Every doctor has one; an empty one where nothing was entered."""

    doctor: DoctorView
    department_id: str | None
    title: str
    title_en: str
    licence_no: str
    practice_since: date | None
    licence_until: date | None
    institution_consent: bool
