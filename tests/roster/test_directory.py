"""What the public may look at and what the desk sees of the roster. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server.clinic.errors import NotFound
from server.clinic.kinds import VisitKind
from server.clinic.roster.directory import Days
from server.clinic.roster.errors import InvalidRoster
from server.clinic.roster.profile import Profile
from server.clinic.roster.templates import Holiday
from server.clinic.roster.views import KindView
from server.clinic.ticket import Cause
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, ZHAO
from tests.roster.house import CARDIOLOGY, MONDAY, TODAY, RosterHouse, template

PROFILE = Profile(LI.id, CARDIOLOGY.id, "主任医师", "Chief physician", "110-33", None, None, NOW)


async def test_from_department_to_doctor_to_session(house: RosterHouse) -> None:
    await house.roster.save_profile(ADMIN, PROFILE, NOW)
    await house.roster.save_template(ADMIN, template(capacity=3), NOW)
    [department] = await house.directory.departments()
    [doctor] = await house.directory.doctors(department.id)
    assert (doctor.name, doctor.title, doctor.title_en) == ("李医生", "主任医师", "Chief physician")
    first, second = await house.directory.bookable(doctor.id, None, NOW)
    assert second.opens_at - first.opens_at == timedelta(7)
    assert (first.free, first.kinds[0]) == (3, KindView(VisitKind.FOLLOW_UP, 10))
    assert await house.directory.bookable(doctor.id, Days(MONDAY, 7), NOW) == [first]
    assert await house.directory.bookable(ZHAO.id, None, NOW) == []


async def test_the_free_places_are_those_that_can_be_booked_now(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=2)
    first, second = (await house.book(session_id, 1)).ticket, (await house.book(session_id, 2)).ticket
    await house.wait(session_id, 3)

    async def free() -> int | None:
        [session] = await house.directory.bookable(LI.id, None, NOW)
        return session.free

    assert await free() == 0
    await house.lines.cancel_own(first.id, Cause.BY_PATIENT, NOW)
    assert await free() == 0  # held for the one who waits
    await house.lines.cancel_own(second.id, Cause.BY_PATIENT, NOW)
    assert await free() == 1


async def test_what_is_over_closed_or_of_no_department_cannot_be_booked(house: RosterHouse) -> None:
    await house.bookable(opens_at=NOW - timedelta(hours=3))
    closed = await house.bookable()
    await house.clinic.close_session(LI, closed, NOW)
    await house.session()
    assert await house.directory.bookable(LI.id, None, NOW) == []


async def test_the_desk_sees_all_sessions_and_a_doctor_the_own(house: RosterHouse) -> None:
    own, other = await house.bookable(), await house.bookable(doctor=ZHAO)
    await house.book(own, 1)
    seen = {session.id: session for session in await house.directory.sessions(OPERATOR, None, NOW)}
    assert set(seen) == {own, other}
    assert (seen[own].booked, seen[own].free, seen[own].capacity, seen[own].listed) == (1, 1, 2, 0)
    assert [session.id for session in await house.directory.sessions(LI, Days(TODAY, 1), NOW)] == [own]


async def test_templates_days_off_and_profiles_are_read_as_they_were_written(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    await house.roster.save_holiday(ADMIN, Holiday(MONDAY, "校庆", runs_as=6), NOW)
    await house.roster.save_profile(ADMIN, replace(PROFILE, department_id=None), NOW)
    [view] = await house.directory.templates()
    assert (view.doctor.name, view.weekday, view.opens, view.closes) == ("李医生", 0, "08:00", "12:00")
    assert view == await house.directory.template("template-1")
    [day] = await house.directory.holidays()
    assert (day.day, day.name, day.runs_as) == (MONDAY, "校庆", 6)
    li, zhao = sorted(await house.directory.profiles(), key=lambda profile: profile.doctor.id)
    assert (li.licence_no, li.institution_consent) == ("110-33", True)
    assert (zhao.licence_no, zhao.institution_consent, zhao.department_id) == ("", False, None)
    assert await house.directory.doctors(CARDIOLOGY.id) == []


async def test_what_is_missing_is_not_found_and_too_far_ahead_is_not_asked(house: RosterHouse) -> None:
    with pytest.raises(NotFound):
        await house.directory.template("none")
    with pytest.raises(NotFound):
        await house.directory.department("none")
    with pytest.raises(InvalidRoster):
        await house.directory.bookable(LI.id, Days(MONDAY, 93), NOW)
