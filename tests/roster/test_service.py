"""Templates become sessions and stay what was booked; profiles, departments and days off. On both databases."""

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from functools import partial
from typing import Any

import pytest

from server.clinic.errors import NotFound
from server.clinic.roster.errors import DepartmentTaken, InvalidRoster, TemplateOverlaps
from server.clinic.roster.profile import NewDepartment, Profile
from server.clinic.roster.service import DAYS_AHEAD, EVERY, Roster
from server.clinic.roster.templates import Holiday, Window
from server.store import tables
from server.store.roster import RosterQueries
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, ZHAO, ZONE, at
from tests.roster.house import CARDIOLOGY, MONDAY, TODAY, RosterHouse, template

SINCE, UNTIL = date(2010, 7, 1), date(2030, 1, 1)
PROFILE = Profile(LI.id, CARDIOLOGY.id, "主任医师", "Chief physician", "110-33", SINCE, UNTIL, NOW)


async def days(house: RosterHouse) -> list[str]:
    rows = await house.table(tables.sessions, tables.sessions.c.opens_at)
    return [row.opens_at.astimezone(ZONE).strftime("%m-%d %H:%M") for row in rows]


async def test_two_windows_a_week_make_the_sessions_of_two_weeks(house: RosterHouse) -> None:
    assert await house.roster.save_template(ADMIN, template(), NOW) == 2
    await house.roster.save_template(OPERATOR, template(2, window=Window(time(13, 30), time(17))), NOW)
    assert await days(house) == ["11-23 08:00", "11-23 13:30", "11-30 08:00", "11-30 13:30"]
    first = (await house.table(tables.sessions, tables.sessions.c.opens_at))[0]
    assert (first.capacity, first.department_id, first.roster_day) == (20, CARDIOLOGY.id, MONDAY)
    assert first.kinds == [["follow_up", 10], ["advice", 5]]


async def test_the_roster_is_worked_out_again_without_making_anything_twice(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    assert await house.roster.generate("system", DAYS_AHEAD, NOW) == 0
    assert await house.roster.generate("system", 28, NOW) == 2


async def test_two_servers_that_work_it_out_at_once_make_one_session(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    servers = [Roster(partial(house.store.write, RosterQueries), ZONE) for _ in range(4)]
    made = await asyncio.gather(*(server.generate("system", 28, NOW) for server in servers))
    assert sum(made) == 2
    assert len(await days(house)) == 4


async def test_time_alone_keeps_two_weeks_ahead(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    for hours in range(0, 24 * 8, 3):
        await house.roster.tick(NOW + timedelta(hours=hours))
    assert await days(house) == ["11-23 08:00", "11-30 08:00", "12-07 08:00"]
    before = await house.audited()
    await house.roster.tick(NOW + timedelta(hours=189) + EVERY / 2)
    assert await house.audited() == before


async def test_what_is_over_today_is_not_made(house: RosterHouse) -> None:
    saturday = template(weekday=5, window=Window(time(6), time(8, 30)))  # it is nine o'clock
    assert await house.roster.save_template(ADMIN, saturday, NOW) == 1
    assert await days(house) == ["11-28 06:00"]


async def test_a_changed_template_reaches_only_what_nobody_has_booked(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    booked = (await house.table(tables.sessions, tables.sessions.c.opens_at))[0]
    await house.book(booked.id)
    await house.roster.save_template(ADMIN, template(window=Window(time(9), time(11)), capacity=5), NOW)
    assert await days(house) == ["11-23 08:00", "11-30 09:00"]


async def test_an_ended_template_makes_no_more_and_takes_nothing_booked_away(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    booked = (await house.table(tables.sessions, tables.sessions.c.opens_at))[1]
    await house.book(booked.id)
    await house.roster.end_template(ADMIN, "template-1", NOW)
    assert await days(house) == ["11-30 08:00"]
    assert await house.roster.generate("system", 28, NOW) == 0
    with pytest.raises(NotFound):
        await house.roster.end_template(ADMIN, "template-1", NOW)


async def test_a_day_off_names_the_sessions_whose_patients_are_to_be_moved(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    await house.roster.save_template(ADMIN, template(2, doctor_id=ZHAO.id), NOW)
    booked = (await house.table(tables.sessions, tables.sessions.c.opens_at, tables.sessions.c.doctor_id))[0]
    await house.book(booked.id)
    done = await house.roster.save_holiday(ADMIN, Holiday(MONDAY, "校庆"), NOW)
    assert (done.removed, done.booked) == (1, (booked.id,))
    assert await days(house) == ["11-23 08:00", "11-30 08:00", "11-30 08:00"]


async def test_a_dropped_day_off_is_worked_again(house: RosterHouse) -> None:
    await house.roster.save_holiday(ADMIN, Holiday(MONDAY, "校庆"), NOW)
    await house.roster.save_template(ADMIN, template(), NOW)
    assert await days(house) == ["11-30 08:00"]
    await house.roster.drop_holiday(ADMIN, MONDAY, NOW)
    assert await days(house) == ["11-23 08:00", "11-30 08:00"]
    with pytest.raises(NotFound):
        await house.roster.drop_holiday(ADMIN, MONDAY, NOW)


async def test_a_worked_sunday_runs_as_a_monday(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    await house.roster.save_holiday(ADMIN, Holiday(TODAY + timedelta(1), "调休", runs_as=0), NOW)
    assert await days(house) == ["11-22 08:00", "11-23 08:00", "11-30 08:00"]


async def test_two_editors_do_not_put_a_doctor_into_two_windows(house: RosterHouse) -> None:
    overlapping = template(2, window=Window(time(11), time(13)))
    done = await asyncio.gather(
        *(house.roster.save_template(ADMIN, wanted, NOW) for wanted in (template(), overlapping)),
        return_exceptions=True,
    )
    assert [type(each) for each in done if not isinstance(each, int)] == [TemplateOverlaps]
    assert len(await house.table(tables.session_templates)) == 1


@pytest.mark.parametrize("changes", [{"doctor_id": OPERATOR.id}, {"doctor_id": "nobody"}, {"department_id": "none"}])
async def test_a_template_is_of_a_doctor_and_a_department(house: RosterHouse, changes: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        await house.roster.save_template(ADMIN, template(**changes), NOW)


async def test_departments_have_names_of_their_own(house: RosterHouse) -> None:
    with pytest.raises(DepartmentTaken):
        await house.roster.save_department(ADMIN, NewDepartment("d" * 32, "心内科", "Heart"), NOW)
    await house.roster.save_department(ADMIN, replace(CARDIOLOGY, name_en="Heart"), NOW)
    [card] = await house.directory.departments()
    assert (card.name, card.name_en) == ("心内科", "Heart")
    with pytest.raises(InvalidRoster):
        await house.roster.save_department(ADMIN, NewDepartment("d" * 32, " ", "Heart"), NOW)


async def test_a_profile_keeps_when_the_institutions_consent_was_put_on_record(house: RosterHouse) -> None:
    await house.roster.save_profile(ADMIN, PROFILE, NOW)
    await house.roster.save_profile(ADMIN, replace(PROFILE, consented_at=at(3600), title="副主任医师"), at(3600))
    [row] = await house.table(tables.doctor_profiles)
    assert (row.consented_at, row.title) == (NOW, "副主任医师")
    await house.roster.save_profile(ADMIN, replace(PROFILE, consented_at=None), at(7200))
    [row] = await house.table(tables.doctor_profiles)
    assert row.consented_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PROFILE, title="x" * 61),
        replace(PROFILE, licence_no="x" * 65),
        replace(PROFILE, licence_until=date(2001, 1, 1)),
    ],
)
async def test_a_profile_that_cannot_be_is_refused(house: RosterHouse, wrong: Profile) -> None:
    with pytest.raises(InvalidRoster):
        await house.roster.save_profile(ADMIN, wrong, NOW)


async def test_every_change_of_the_roster_is_audited(house: RosterHouse) -> None:
    await house.roster.save_template(ADMIN, template(), NOW)
    await house.roster.save_profile(ADMIN, PROFILE, NOW)
    await house.roster.save_holiday(ADMIN, Holiday(MONDAY, "校庆"), NOW)
    await house.roster.drop_holiday(ADMIN, MONDAY, NOW)
    await house.roster.end_template(ADMIN, "template-1", NOW)
    assert await house.audited() == [
        "department.saved",
        "template.saved",
        "doctor.profile_saved",
        "holiday.saved",
        "holiday.dropped",
        "template.ended",
    ]
