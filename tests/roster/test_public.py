"""Booking without an account, the waiting list of a full session, and offers. On both databases."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from server.access.errors import TooManyTries
from server.access.limits import GUESSES_AN_ADDRESS
from server.clinic.errors import NotFound, SessionClosed
from server.clinic.kinds import VisitKind
from server.clinic.roster.errors import KindNotOffered, OfferOver, PlacesFree, SessionFull, WrongBirthDate
from server.clinic.roster.public import BOOKINGS_A_PHONE, BOOKINGS_AN_ADDRESS
from server.clinic.ticket import Cause
from server.patients.patient import InvalidPatient
from server.store import tables
from server.visits.calls import SendingOn
from tests.clinic.house import LI, NOW, OPERATOR, WANG, connection
from tests.roster.house import HERE, RosterHouse, phone, request

SOON = NOW + timedelta(minutes=20)
LATER = NOW + timedelta(hours=5)  # the session has opened, and no offer stands so long
BIRTHDAY = WANG.birth_date


async def cancel(house: RosterHouse, ticket_id: str) -> None:
    """The patient gives the number back."""
    await house.lines.cancel_own(ticket_id, Cause.BY_PATIENT, NOW)


async def test_a_booking_gives_a_number_and_sends_the_way_in_by_sms_alone(house: RosterHouse) -> None:
    session_id = await house.bookable()
    confirmed = await house.book(session_id)
    assert (confirmed.ticket.serial, confirmed.session.id) == (1, session_id)
    [ticket], [sms] = await house.table(tables.tickets), await house.table(tables.deliveries)
    assert (ticket.booked_by, ticket.kind, ticket.guardian) == ("public", VisitKind.ADVICE, None)
    assert (sms.template, sms.origin, sms.link_id is not None) == ("booked", "203.0.113.1", True)
    assert "link" not in str(confirmed)
    assert "ticket.booked" in await house.audited()
    assert {f"session:{session_id}", "outbox"} <= set(house.told)


async def test_who_comes_when_is_planned_by_the_kinds_of_those_before(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=9)
    for number, kind in enumerate([VisitKind.FOLLOW_UP, VisitKind.ADVICE, VisitKind.ADVICE], 1):
        asked = request(session_id, f"203.0.113.{number}", phone=phone(number), kind=kind)
        await house.public.book(asked, NOW)
    planned = [row.planned_at for row in await house.table(tables.tickets, tables.tickets.c.serial)]
    opens_at = NOW + timedelta(hours=4)
    assert planned == [opens_at, opens_at + timedelta(minutes=10), opens_at + timedelta(minutes=15)]


async def test_nobody_learns_whether_somebody_is_known(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=9)
    known = await house.book(session_id, 1)
    again, stranger = await house.book(session_id, 1), await house.book(session_id, 2)
    assert [confirmed.ticket.serial for confirmed in (known, again, stranger)] == [1, 2, 3]
    assert known.session == replace(again.session, last_serial=1) == replace(stranger.session, last_serial=1)
    assert len(await house.table(tables.patients)) == 3


async def test_the_capacity_holds_whoever_books(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=2)
    await house.book(session_id, 1)
    await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    with pytest.raises(SessionFull):
        await house.clinic.book(LI, session_id, WANG, NOW)
    with pytest.raises(SessionFull):
        await house.book(session_id, 3)
    assert [row.serial for row in await house.table(tables.tickets, tables.tickets.c.serial)] == [1, 2]
    [session] = await house.table(tables.sessions)
    assert session.last_serial == 2  # a number that was not used is issued to the next


async def test_twenty_who_book_the_last_five_places_at_once(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=5)
    done = await asyncio.gather(*(house.book(session_id, number) for number in range(20)), return_exceptions=True)
    serials = [each.ticket.serial for each in done if not isinstance(each, BaseException)]
    assert sorted(serials) == [1, 2, 3, 4, 5]
    assert [type(each) for each in done if isinstance(each, BaseException)] == [SessionFull] * 15


@pytest.mark.parametrize("kind", [VisitKind.RENEWAL])
async def test_only_what_the_session_offers_is_booked(house: RosterHouse, kind: VisitKind) -> None:
    session_id = await house.bookable()
    with pytest.raises(KindNotOffered):
        await house.public.book(request(session_id, kind=kind), NOW)
    await house.public.book(request(session_id, kind=None), NOW)
    [ticket] = await house.table(tables.tickets)
    assert ticket.kind == VisitKind.FOLLOW_UP


async def test_a_session_that_no_department_shows_or_that_is_over_is_not_booked(house: RosterHouse) -> None:
    hidden, past = await house.session(), await house.bookable(opens_at=NOW - timedelta(hours=3))
    with pytest.raises(NotFound):
        await house.book(hidden)
    with pytest.raises(NotFound):
        await house.book("none")
    with pytest.raises(SessionClosed):
        await house.book(past)
    assert not await house.table(tables.patients)


async def test_a_wrong_field_costs_no_message_of_the_phone(house: RosterHouse) -> None:
    session_id = await house.bookable()
    with pytest.raises(InvalidPatient):
        await house.public.book(request(session_id, birth_date=date(2030, 1, 1)), NOW)


async def test_one_address_books_for_a_family_and_not_for_a_town(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=None)
    for number in range(BOOKINGS_AN_ADDRESS.burst):
        await house.public.book(request(session_id, phone=phone(number)), NOW)
    with pytest.raises(TooManyTries):
        await house.public.book(request(session_id, phone=phone(99)), NOW)
    await house.public.book(request(session_id, "192.0.2.1", phone=phone(99)), NOW)


async def test_one_telephone_gets_few_messages_and_a_stranger_elsewhere_takes_none_of_them(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=None)
    for _ in range(BOOKINGS_A_PHONE.burst):
        await house.public.book(request(session_id, "192.0.2.66"), NOW)
    with pytest.raises(TooManyTries):
        await house.public.book(request(session_id, "192.0.2.66"), NOW)
    await house.public.book(request(session_id, HERE), NOW)


async def test_a_full_session_costs_the_telephone_nothing(house: RosterHouse) -> None:
    full, other = await house.bookable(capacity=1), await house.bookable()
    await house.book(full, 1)
    for _ in range(BOOKINGS_A_PHONE.burst + 1):
        with pytest.raises(SessionFull):
            await house.public.book(request(full), NOW)
    await house.public.book(request(other), NOW)


# The waiting list.


async def test_nobody_waits_for_a_session_that_has_places(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=1)
    with pytest.raises(PlacesFree):
        await house.wait(session_id, 2)
    await house.book(session_id, 1)
    await house.wait(session_id, 2)
    assert "place.listed" in await house.audited()
    assert await house.texts("offer") == []


async def full_with_two_waiting(house: RosterHouse) -> tuple[str, str, tuple[str, str]]:
    """The session, the ticket that fills it, and the tokens of those who wait."""
    session_id = await house.bookable(capacity=1)
    ticket = (await house.book(session_id, 1)).ticket
    tokens = await house.wait(session_id, 2), await house.wait(session_id, 3)
    return session_id, ticket.id, tokens


async def test_a_cancelled_number_is_offered_to_the_next_in_the_same_commit(house: RosterHouse) -> None:
    session_id, ticket_id, (first, second) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    [text] = await house.texts("offer")
    assert "{link}" in text
    assert (await house.public.look_at_offer(first, HERE, NOW)).session.id == session_id
    with pytest.raises(OfferOver):
        await house.public.look_at_offer(second, HERE, NOW)
    with pytest.raises(SessionFull):  # the public page does not get ahead of the list
        await house.book(session_id, 4)


async def test_looking_at_an_offer_changes_nothing(house: RosterHouse) -> None:
    _, ticket_id, (first, _) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    before = await house.table(tables.waiting_list, tables.waiting_list.c.position)
    for _ in range(30):
        await house.public.look_at_offer(first, HERE, NOW)
    assert await house.table(tables.waiting_list, tables.waiting_list.c.position) == before


async def test_who_takes_the_offer_gets_the_next_number_and_a_way_in(house: RosterHouse) -> None:
    _, ticket_id, (first, _) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    confirmed = await house.public.accept(first, BIRTHDAY, HERE, SOON)
    assert confirmed.ticket.serial == 2  # number 1 is nobody's again
    assert len(await house.texts("booked")) == 2
    with pytest.raises(OfferOver):
        await house.public.accept(first, BIRTHDAY, HERE, SOON)


async def test_two_who_take_one_offer_at_once_get_one_ticket(house: RosterHouse) -> None:
    _, ticket_id, (first, _) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    taking = (house.public.accept(first, BIRTHDAY, HERE, SOON) for _ in range(5))
    done = await asyncio.gather(*taking, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Confirmed", *["OfferOver"] * 4]
    assert len(await house.table(tables.tickets)) == 2


async def test_the_birth_date_is_asked_and_five_wrong_ones_end_the_offer(house: RosterHouse) -> None:
    _, ticket_id, (first, _) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongBirthDate) as wrong:
            await house.public.accept(first, date(1990, 1, 1), HERE, SOON)
        assert wrong.value.tries_left == left
    with pytest.raises(OfferOver):
        await house.public.accept(first, BIRTHDAY, HERE, SOON)


async def test_an_offer_that_nobody_took_goes_to_the_next_by_time_alone(house: RosterHouse) -> None:
    _, ticket_id, (first, second) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    await house.public.tick(SOON)
    assert len(await house.texts("offer")) == 1
    await house.public.tick(NOW + timedelta(hours=1))
    assert len(await house.texts("offer")) == 2
    with pytest.raises(OfferOver):
        await house.public.accept(first, BIRTHDAY, HERE, LATER - timedelta(hours=4))
    assert (await house.public.accept(second, BIRTHDAY, HERE, NOW + timedelta(minutes=61))).ticket.serial == 2


async def test_one_place_more_goes_to_the_list(house: RosterHouse) -> None:
    session_id, _, (first, _) = await full_with_two_waiting(house)
    await house.moves.set_capacity(OPERATOR, session_id, 2, NOW)
    assert (await house.public.accept(first, BIRTHDAY, HERE, NOW)).ticket.serial == 2
    await house.moves.set_capacity(OPERATOR, session_id, None, NOW)
    assert len(await house.texts("offer")) == 2


async def test_a_token_that_was_made_up_is_an_offer_that_is_over(house: RosterHouse) -> None:
    with pytest.raises(OfferOver):
        await house.public.look_at_offer("made-up", HERE, NOW)
    with pytest.raises(OfferOver):
        await house.public.accept("made-up", BIRTHDAY, HERE, NOW)


async def test_who_guesses_tokens_is_stopped(house: RosterHouse) -> None:
    for number in range(GUESSES_AN_ADDRESS.burst):
        with pytest.raises(OfferOver):
            await house.public.look_at_offer(f"made-up-{number}", HERE, NOW)
    with pytest.raises(TooManyTries):
        await house.public.look_at_offer("made-up", HERE, NOW)


async def test_the_offers_token_is_not_in_the_database(house: RosterHouse) -> None:
    _, _, (first, _) = await full_with_two_waiting(house)
    async with house.store.read(connection) as of:
        rows = (await of.execute(sa.select(tables.waiting_list))).mappings().all()
    assert first not in str([dict(row) for row in rows])


async def test_a_held_place_is_its_holders_however_many_are_squeezed_in(house: RosterHouse) -> None:
    session_id, ticket_id, (first, _) = await full_with_two_waiting(house)
    await cancel(house, ticket_id)
    elsewhere = await house.clinic.book(OPERATOR, await house.bookable(), WANG, NOW)
    await house.calls.transfer(OPERATOR, SendingOn(elsewhere, session_id, "must be", even_if_full=True), NOW)
    assert (await house.public.accept(first, BIRTHDAY, HERE, SOON)).ticket.serial == 3


async def test_what_was_given_back_while_it_was_closed_is_offered_when_it_opens_again(house: RosterHouse) -> None:
    session_id, ticket_id, (first, _) = await full_with_two_waiting(house)
    await house.clinic.close_session(LI, session_id, NOW)
    await cancel(house, ticket_id)
    assert await house.texts("offer") == []
    await house.clinic.open_session(LI, session_id, SOON)
    with pytest.raises(SessionFull):  # nobody books past those who wait
        await house.book(session_id, 4, SOON)
    assert (await house.public.accept(first, BIRTHDAY, HERE, SOON)).ticket.serial == 2
