"""When a patient is reminded: in each window once, never of what was just told, never after it has lost its meaning."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.appointments import WINDOWS, Appointment, Reminder, cause, due, recovering, reminding
from server.notifications.messages import Sender
from server.notifications.templates import Template
from tests.notifications.post import NOON

SENDER = Sender("青山互联网医院", ZoneInfo("Asia/Shanghai"), "https://h.example/console")
PLANNED = NOON + timedelta(days=3)
VISIT = Appointment(
    ticket_id="t" * 32,
    serial=7,
    patient_id="p1",
    phone="+8613812345678",
    locale="zh-CN",
    link_id="l1",
    booked_at=NOON,
    planned_at=PLANNED,
    opens_at=PLANNED - timedelta(hours=1),
    closes_at=PLANNED + timedelta(hours=3),
)


def before(hours: float = 0, minutes: float = 0) -> datetime:
    return PLANNED - timedelta(hours=hours, minutes=minutes)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (before(hours=24, minutes=1), ()),
        (before(hours=24), (Reminder.DAY,)),
        (before(hours=3), (Reminder.DAY,)),  # the server was down at the time: late is better than never …
        (before(hours=2), ()),  # … until it is hardly a day's notice any more
        (before(minutes=10), (Reminder.SOON,)),
        (before(minutes=0.1), (Reminder.SOON,)),
        (before(), ()),
    ],
)
def test_the_windows(now: datetime, expected: tuple[Reminder, ...]) -> None:
    assert due(VISIT, now) == expected


def test_who_booked_this_morning_for_tonight_is_only_reminded_when_it_is_soon() -> None:
    late = replace(VISIT, booked_at=before(hours=6))
    assert due(late, before(hours=5)) == ()
    assert due(late, before(minutes=9)) == (Reminder.SOON,)


@given(st.floats(-1, 80), st.floats(-1, 80))
def test_a_reminder_lives_until_its_window_closes_and_fits_its_row(booked_h: float, now_h: float) -> None:
    visit = replace(VISIT, booked_at=before(hours=booked_h))
    now = before(hours=now_h)
    for reminder in due(visit, now):
        letter = reminding(visit, reminder, SENDER, now)
        assert now < letter.expires_at <= PLANNED + timedelta(minutes=1)
        assert letter.cause == cause(visit, reminder)
        assert len(letter.cause) <= 80
        assert WINDOWS[reminder].before >= PLANNED - now


def test_each_reminder_is_worded_for_itself_and_brings_the_link() -> None:
    letters = [reminding(VISIT, reminder, SENDER, before(minutes=5)) for reminder in Reminder]
    assert [letter.text.template for letter in letters] == [Template.REMINDER_DAY, Template.REMINDER_SOON]
    assert {(letter.link_id, letter.recipient) for letter in letters} == {("l1", "patient:p1")}


def test_every_asking_for_a_link_is_answered_anew_in_a_cause_that_fits() -> None:
    first, second = (recovering(VISIT, recovery * 32, SENDER, NOON) for recovery in "ab")
    assert first.cause != second.cause
    assert len(first.cause) <= 80
