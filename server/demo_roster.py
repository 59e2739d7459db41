"""The demonstration's roster: two departments, what is known of their doctors, and a fortnight that can be booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.roster.profile import NewDepartment, Profile
from server.clinic.roster.templates import CLOCK_FORM, Template, Window
from server.ids import new_id
from server.rostering import Rostering

MORNING, AFTERNOON = Window(time(8), time(12)), Window(time(13, 30), time(17))
KINDS: Final = (
    PlannedKind(VisitKind.FOLLOW_UP, 10),
    PlannedKind(VisitKind.ADVICE, 8),
    PlannedKind(VisitKind.REPORT, 5),
)
CAPACITY: Final = 20
SYSTEM: Final = Principal(Role.ADMIN, "demonstration", "demonstration", "demonstration")


@dataclass(frozen=True)
class Post:
    """A doctor's place in the demonstration. ``from_tomorrow``: today's session is made by hand."""

    login: str
    department: tuple[str, str]
    title: tuple[str, str]
    weekdays: Sequence[int]
    windows: Sequence[Window]
    from_tomorrow: bool = False


POSTS: Final = (
    Post(
        "dr.lin",
        ("心内科", "Cardiology"),
        ("主任医师", "Chief physician"),
        range(5),
        (MORNING, AFTERNOON),
        from_tomorrow=True,
    ),
    Post(
        "dr.gao",
        ("全科医学科", "General practice"),
        ("主治医师", "Attending physician"),
        range(7),
        (MORNING, AFTERNOON),
    ),
)


@dataclass(frozen=True)
class Occasion:
    """For whom it is made: the user's id by login, the hospital's day and language."""

    doctors: Mapping[str, str]
    today: date
    locale: str


async def make_roster(rostering: Rostering, occasion: Occasion) -> None:
    """What is missing of it."""
    for post in POSTS:
        department_id = await _department(rostering, post)
        doctor_id = occasion.doctors[post.login]
        await _complete_profile(rostering, _profile(doctor_id, department_id, post))
        views = await rostering.directory.templates()
        there = {(view.weekday, view.opens) for view in views if view.doctor.id == doctor_id}
        for template in _templates(doctor_id, department_id, post, occasion):
            if (template.weekday, template.window.opens.strftime(CLOCK_FORM)) not in there:
                await rostering.roster.save_template(SYSTEM, template, _now())


async def _complete_profile(rostering: Rostering, wanted: Profile) -> None:
    for view in await rostering.directory.profiles():
        if view.doctor.id == wanted.doctor_id and not view.licence_no:
            await rostering.roster.save_profile(SYSTEM, wanted, _now())


async def _department(rostering: Rostering, post: Post) -> str:
    name, name_en = post.department
    for row in await rostering.directory.department_rows():
        if row.name == name:
            return row.id
    department = NewDepartment(new_id(), name, name_en)
    await rostering.roster.save_department(SYSTEM, department, _now())
    return department.id


def _profile(doctor_id: str, department_id: str, post: Post) -> Profile:
    return Profile(
        doctor_id=doctor_id,
        department_id=department_id,
        title=post.title[0],
        title_en=post.title[1],
        licence_no="110330100000001",
        practice_since=date(2012, 7, 1),
        licence_until=date(2036, 6, 30),
        consented_at=_now(),
    )


def _templates(doctor_id: str, department_id: str, post: Post, occasion: Occasion) -> list[Template]:
    name, name_en = post.department
    return [
        Template(
            id=new_id(),
            doctor_id=doctor_id,
            department_id=department_id,
            title=f"{name}视频门诊" if occasion.locale == "zh-CN" else f"{name_en} video clinic",
            weekday=weekday,
            window=window,
            first_day=occasion.today + timedelta(days=int(post.from_tomorrow)),
            capacity=CAPACITY,
            kinds=KINDS,
        )
        for weekday in post.weekdays
        for window in post.windows
    ]


def _now() -> datetime:
    return datetime.now(UTC)
