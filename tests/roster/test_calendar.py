"""The calendar file: a calendar reads it, and it says nothing that a family's calendar should not know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from server.clinic.roster.calendar import Appointment, Organiser, calendar_file
from server.notifications.templates import Locale

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
HOSPITAL = Organiser("青山互联网医院", "0571-0000 0000")
VISIT = Appointment("ticket-1", 7, NOW, NOW + timedelta(hours=4))


def read(content: bytes) -> Any:  # noqa: ANN401 – whatever a calendar makes of it
    return Calendar.from_ical(content)


@pytest.mark.parametrize("locale", list(Locale))
def test_it_gives_hospital_number_and_hours(locale: Locale) -> None:
    [event] = read(calendar_file(HOSPITAL, VISIT, locale, NOW)).walk("VEVENT")
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (VISIT.opens_at, VISIT.closes_at)
    assert "青山互联网医院" in event["summary"]
    assert "7" in event["summary"]
    assert "0571-0000 0000" in event["description"]
    [alarm] = event.walk("VALARM")
    assert alarm.decoded("trigger") == -timedelta(minutes=10)


def test_no_link_and_no_id_leaves_with_it() -> None:
    text = calendar_file(HOSPITAL, VISIT, Locale.EN, NOW).decode()
    assert "join" not in text
    assert "ticket-1" not in text


def test_every_line_fits_what_old_calendars_read() -> None:
    for line in calendar_file(HOSPITAL, VISIT, Locale.ZH, NOW).split(b"\r\n"):
        assert len(line) <= 75


def test_a_cancelled_visit_leaves_the_calendar_that_has_it() -> None:
    booked = read(calendar_file(HOSPITAL, VISIT, Locale.EN, NOW))
    cancelled = Appointment(VISIT.first_id, VISIT.serial, VISIT.opens_at, VISIT.closes_at, cancelled=True)
    later = read(calendar_file(HOSPITAL, cancelled, Locale.EN, NOW))
    assert later["method"] == "CANCEL"
    [old], [new] = booked.walk("VEVENT"), later.walk("VEVENT")
    assert old["uid"] == new["uid"]
    assert new["status"] == "CANCELLED"
    assert new["sequence"] > old["sequence"]
