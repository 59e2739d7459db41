"""Weekly windows become sessions: two a day, by the wall clock of the hospital, over clock changes and days off."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.roster.errors import InvalidRoster, TemplateOverlaps
from server.clinic.roster.templates import (
    Holiday,
    Template,
    Window,
    check_templates,
    clock,
    days_ahead,
    due_sessions,
    weekday_worked,
)

HANGZHOU, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
MORNING, AFTERNOON = Window(time(8), time(12)), Window(time(13, 30), time(17))
TEMPLATE = Template("t1", "dr", "cardiology", "心内科", 0, MORNING, MONDAY, kinds=(PlannedKind(VisitKind.ADVICE, 5),))
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"])
DAYS = st.dates(date(2005, 1, 1), date(2035, 12, 31))


def test_a_monday_has_a_morning_and_an_afternoon() -> None:
    templates = [TEMPLATE, replace(TEMPLATE, id="t2", window=AFTERNOON)]
    due = due_sessions(templates, days_ahead(MONDAY, 7), {}, HANGZHOU)
    assert [(session.template.id, session.opens_at.astimezone(HANGZHOU).strftime("%a %H:%M")) for session in due] == [
        ("t1", "Mon 08:00"),
        ("t2", "Mon 13:30"),
    ]
    assert due[0].closes_at == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_a_template_runs_from_its_first_to_its_last_day() -> None:
    template = replace(TEMPLATE, first_day=MONDAY + timedelta(7), last_day=MONDAY + timedelta(14))
    due = due_sessions([template], days_ahead(MONDAY, 35), {}, HANGZHOU)
    assert [session.day for session in due] == [MONDAY + timedelta(7), MONDAY + timedelta(14)]


def test_nobody_works_on_a_day_off_and_a_worked_saturday_runs_as_the_monday_it_replaces() -> None:
    saturday = MONDAY + timedelta(5)
    holidays = {MONDAY: Holiday(MONDAY, "元旦"), saturday: Holiday(saturday, "调休", runs_as=0)}
    due = due_sessions([TEMPLATE], days_ahead(MONDAY, 7), holidays, HANGZHOU)
    assert [session.day for session in due] == [saturday]


@pytest.mark.parametrize(
    ("day", "window", "utc"),
    [
        (date(2026, 3, 28), Window(time(8), time(12)), ("07:00", "11:00")),
        (date(2026, 3, 29), Window(time(8), time(12)), ("06:00", "10:00")),  # summer time has begun at two
        (date(2026, 3, 29), Window(time(2, 30), time(5)), ("01:30", "03:00")),  # 02:30 is jumped over: 03:30
        (date(2026, 10, 25), Window(time(2, 30), time(5)), ("00:30", "04:00")),  # 02:30 comes twice: its first
    ],
)
def test_the_wall_clock_rules_when_the_clock_changes(day: date, window: Window, utc: tuple[str, str]) -> None:
    moments = window.on(day, BERLIN)
    assert moments is not None
    assert tuple(moment.strftime("%H:%M") for moment in moments) == utc


def test_a_window_that_the_clock_jumps_over_does_not_take_place() -> None:
    assert Window(time(2, 30), time(3, 10)).on(date(2026, 3, 29), BERLIN) is None
    assert MORNING.on(date(2011, 12, 30), ZoneInfo("Pacific/Apia")) is None  # a day that Samoa left out


@given(zone=ZONES, day=DAYS, opens=st.times(), closes=st.times())
def test_every_window_of_every_zone_opens_on_its_day_before_it_closes(
    zone: str, day: date, opens: time, closes: time
) -> None:
    moments = Window(opens, closes).on(day, ZoneInfo(zone))
    if moments is None:
        return
    opens_at, closes_at = moments
    assert opens_at < closes_at
    assert opens_at.astimezone(ZoneInfo(zone)).date() == day
    assert timedelta(0) < closes_at - opens_at <= timedelta(hours=25)


@given(zone=ZONES, first=DAYS, days=st.integers(1, 40), off=st.sets(st.integers(0, 39)))
def test_a_daily_roster_makes_at_most_one_session_a_day_and_none_on_days_off(
    zone: str, first: date, days: int, off: set[int]
) -> None:
    templates = [replace(TEMPLATE, id=f"t{weekday}", weekday=weekday, first_day=first) for weekday in range(7)]
    ahead = days_ahead(first, days)
    holidays = {day: Holiday(day, "off") for number, day in enumerate(ahead) if number in off}
    due = due_sessions(templates, ahead, holidays, ZoneInfo(zone))
    assert len({session.day for session in due}) == len(due)
    assert not {session.day for session in due} & set(holidays)
    assert [session.opens_at for session in due] == sorted(session.opens_at for session in due)
    there = [day for day in ahead if day not in holidays and MORNING.on(day, ZoneInfo(zone))]
    assert [session.day for session in due] == there


def test_a_doctor_is_not_in_two_windows_at_once() -> None:
    noon = replace(TEMPLATE, id="t2", window=Window(time(11, 59), time(13)))
    with pytest.raises(TemplateOverlaps):
        check_templates([TEMPLATE, noon])
    check_templates([TEMPLATE, replace(noon, window=Window(time(12), time(13)))])
    check_templates([TEMPLATE, replace(noon, doctor_id="another")])
    check_templates([TEMPLATE, replace(noon, weekday=1)])
    check_templates([replace(TEMPLATE, last_day=MONDAY), replace(noon, first_day=MONDAY + timedelta(1))])


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("title", replace(TEMPLATE, title="  ")),
        ("weekday", replace(TEMPLATE, weekday=7)),
        ("closes", replace(TEMPLATE, window=Window(time(12), time(12)))),
        ("last_day", replace(TEMPLATE, last_day=MONDAY - timedelta(1))),
        ("capacity", replace(TEMPLATE, capacity=0)),
        ("kinds", replace(TEMPLATE, kinds=TEMPLATE.kinds * 2)),
        ("kinds", replace(TEMPLATE, kinds=(PlannedKind(VisitKind.ADVICE, 0),))),
    ],
)
def test_a_template_that_cannot_be_worked_names_its_field(field: str, wrong: Template) -> None:
    with pytest.raises(InvalidRoster) as refused:
        wrong.check()
    assert refused.value.field == field
    TEMPLATE.check()


def test_a_day_off_has_a_name_and_runs_as_a_day_of_the_week() -> None:
    for wrong in (Holiday(MONDAY, " "), Holiday(MONDAY, "x", runs_as=7)):
        with pytest.raises(InvalidRoster):
            wrong.check()
    Holiday(MONDAY, "国庆节", runs_as=6).check()
    assert weekday_worked(MONDAY, {}) == 0


@pytest.mark.parametrize("text", ["8", "24:00", "08:60", "", "eight"])
def test_a_time_of_the_wall_clock_is_read_strictly(text: str) -> None:
    with pytest.raises(InvalidRoster):
        clock(text, "opens")
    assert clock("08:05", "opens") == time(8, 5)


def test_nobody_plans_for_ever() -> None:
    for count in (0, 93):
        with pytest.raises(InvalidRoster):
            days_ahead(MONDAY, count)
