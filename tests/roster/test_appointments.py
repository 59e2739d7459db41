"""The calendar file of one's own ticket, and of a booking that was just made. On both databases."""

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from server.clinic.errors import NotFound
from server.clinic.ticket import Cause
from tests.clinic.house import NOW, OPERATOR
from tests.roster.house import RosterHouse


async def test_the_confirmation_and_the_ticket_have_one_and_the_same_entry(house: RosterHouse) -> None:
    confirmed = await house.book(await house.bookable())
    given = house.appointments.of_booking(confirmed, NOW)
    assert given.encode() == await house.appointments.of_ticket(confirmed.ticket.id, NOW)
    [event] = Calendar.from_ical(given).walk("VEVENT")
    assert event.decoded("dtstart") == confirmed.session.opens_at
    assert "1号" in str(event["summary"])


async def test_a_number_that_was_given_back_leaves_the_calendar(house: RosterHouse) -> None:
    ticket = (await house.book(await house.bookable())).ticket
    await house.lines.cancel_own(ticket.id, Cause.BY_PATIENT, NOW)
    [event] = Calendar.from_ical(await house.appointments.of_ticket(ticket.id, NOW)).walk("VEVENT")
    assert event["status"] == "CANCELLED"


async def test_a_moved_visit_replaces_its_entry_in_the_calendar_that_has_it(house: RosterHouse) -> None:
    first = (await house.book(await house.bookable())).ticket
    second = await house.moves.move(OPERATOR, first.id, await house.bookable(opens_at=NOW + timedelta(days=1)), NOW)
    third = await house.moves.move(OPERATOR, second.id, await house.bookable(opens_at=NOW + timedelta(days=2)), NOW)
    booked, moved = [await event_of(house, ticket_id) for ticket_id in (first.id, third.id)]
    assert booked["uid"] == moved["uid"]
    assert (booked["sequence"], moved["sequence"]) == (1, 2)  # the first was taken off its calendar by going
    assert moved.decoded("dtstart") == NOW + timedelta(days=2)
    await house.lines.cancel_own(third.id, Cause.BY_PATIENT, NOW)
    gone = await event_of(house, third.id)
    assert (gone["uid"], gone["sequence"], gone["status"]) == (moved["uid"], 3, "CANCELLED")


async def event_of(house: RosterHouse, ticket_id: str) -> Any:  # noqa: ANN401 – whatever a calendar makes of it
    [event] = Calendar.from_ical(await house.appointments.of_ticket(ticket_id, NOW)).walk("VEVENT")
    return event


async def test_there_is_no_entry_of_no_ticket(house: RosterHouse) -> None:
    with pytest.raises(NotFound):
        await house.appointments.of_ticket("none", NOW)
