"""Booking over HTTP without an account, the waiting list, moves and the calendar file."""

import pytest
from pytest_aiohttp import AiohttpClient

from server.clinic.ticket import Cause
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import NOW, OPERATOR, ZHAO, patient_of
from tests.roster.door import Door, open_door, slug
from tests.roster.house import RosterHouse, phone

PERSON = {"name": "王小明", "sex": "male", "birth_date": "1961-03-04", "phone": phone(1), "kind": "advice"}


@pytest.fixture
async def house(sqlite_store: Store) -> RosterHouse:
    house = RosterHouse(sqlite_store)
    await house.hire()
    return house


@pytest.fixture
async def door(house: RosterHouse, aiohttp_client: AiohttpClient) -> Door:
    return await open_door(house, aiohttp_client)


async def test_a_booking_is_confirmed_with_a_calendar_file_and_without_a_way_in(house: RosterHouse, door: Door) -> None:
    session_id = await house.bookable()
    status, booked = await door.ask("POST /bookings", {**PERSON, "session_id": session_id, "guardian": "王芳"})
    assert (status, booked["serial"], booked["doctor"]["name"]) == (201, 1, "李医生")
    assert booked["calendar"].startswith("BEGIN:VCALENDAR")
    [ticket] = await house.table(tables.tickets)
    assert ticket.guardian == "王芳"
    assert ticket.id not in str(booked)
    assert "#" not in str(booked)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phone": "110"}, "phone"),
        ({"birth_date": "2030-01-01"}, "birth_date"),
        ({"kind": "renewal"}, "kind"),
        ({"guardian": ""}, "guardian"),
        ({"wechat": "x"}, "wechat"),
    ],
)
async def test_a_field_that_cannot_be_taken_is_named(
    house: RosterHouse, door: Door, changes: dict[str, str], field: str
) -> None:
    wanted = {**PERSON, "session_id": await house.bookable(), **changes}
    status, refused = await door.ask("POST /bookings", wanted)
    assert (status, refused["field"]) == (422, field)


async def test_from_a_full_session_to_its_waiting_list_to_an_offer(house: RosterHouse, door: Door) -> None:
    session_id = await house.bookable(capacity=1)
    path = f"POST /sessions/{session_id}/waiting-list"
    assert slug((await door.ask(path, PERSON))[1]) == "places-free"
    await door.ask("POST /bookings", {**PERSON, "session_id": session_id})
    status, refused = await door.ask("POST /bookings", {**PERSON, "session_id": session_id, "phone": phone(2)})
    assert (status, slug(refused)) == (409, "session-full")
    token = await house.wait(session_id, 3)
    assert (await door.ask(path, {**PERSON, "phone": phone(4)}))[0] == 202
    assert (await door.ask("POST /offers/look", {"token": token}))[0] == 410
    [ticket] = await house.table(tables.tickets)
    await house.lines.cancel_own(ticket.id, Cause.BY_PATIENT, NOW)
    status, offer = await door.ask("POST /offers/look", {"token": token})
    assert (status, offer["tries_left"], offer["until"]) == (200, 5, "2026-11-21T02:00:00Z")
    wrong = {"token": token, "birth_date": "1990-01-01"}
    status, refused = await door.ask("POST /offers/accept", wrong)
    assert (status, slug(refused), refused["tries_left"]) == (403, "wrong-birth-date", 4)
    right = {"token": token, "birth_date": "1961-03-04"}
    status, booked = await door.ask("POST /offers/accept", right)
    assert (status, booked["serial"]) == (201, 2)
    assert slug((await door.ask("POST /offers/accept", right))[1]) == "offer-over"


async def test_too_many_bookings_are_told_when_to_come_again(house: RosterHouse, door: Door) -> None:
    wanted = {**PERSON, "session_id": await house.bookable(capacity=None)}
    answers = [await door.ask("POST /bookings", wanted) for _ in range(5)]
    assert [status for status, _ in answers] == [201, 201, 201, 201, 429]
    assert answers[-1][1]["retry_after_s"] > 0


async def test_the_desk_and_the_patient_move_a_ticket(house: RosterHouse, door: Door) -> None:
    first, second = await house.bookable(), await house.bookable()
    ticket = (await house.book(first)).ticket
    status, moved = await door.ask(f"POST /tickets/{ticket.id}/move", {"session_id": second}, who=OPERATOR)
    assert (status, moved["serial"], moved["session_id"]) == (200, 1, second)
    own = patient_of(moved["ticket_id"])
    status, back = await door.ask("POST /ticket/move", {"session_id": first}, who=own)
    assert (status, back["serial"]) == (200, 2)
    assert (await door.ask(f"POST /tickets/{ticket.id}/move", {"session_id": second}, who=ZHAO))[0] == 404


async def test_a_patient_is_shown_where_to_move_and_nothing_of_anybody(house: RosterHouse, door: Door) -> None:
    first, second = await house.bookable(), await house.bookable()
    own = patient_of((await house.book(first)).ticket.id)
    status, shown = await door.ask("GET /ticket/sessions", who=own)
    assert (status, [target["id"] for target in shown]) == (200, [second])
    assert set(shown[0]) == {"id", "title", "doctor", "opens_at", "closes_at", "free"}
    for who in (None, OPERATOR):
        assert (await door.ask("GET /ticket/sessions", who=who))[0] == 401


async def test_the_desk_sets_how_many_places_there_are(house: RosterHouse, door: Door) -> None:
    session_id = await house.bookable(capacity=1)
    path = f"POST /sessions/{session_id}/capacity"
    assert (await door.ask(path, {"capacity": 3}, who=OPERATOR))[0] == 204
    assert (await door.ask(path, {"capacity": 0}, who=OPERATOR))[1]["field"] == "capacity"
    [session] = await house.table(tables.sessions)
    assert session.capacity == 3


async def test_a_patient_gets_the_calendar_file_of_the_own_ticket(house: RosterHouse, door: Door) -> None:
    ticket = (await house.book(await house.bookable())).ticket
    status, text = await door.ask("GET /ticket/calendar.ics", who=patient_of(ticket.id))
    assert (status, text.splitlines()[0]) == (200, "BEGIN:VCALENDAR")
    assert (await door.ask("GET /ticket/calendar.ics"))[0] == 401
