"""A ticket moves to another session: a new number there, the old one void, the way in kept. On both databases."""

import asyncio
from datetime import timedelta

import pytest

from server.access.errors import TooManyTries
from server.access.principal import Principal
from server.clinic.errors import NotFound, NotWaiting, SessionClosed, TicketOver
from server.clinic.roster.errors import InvalidRoster, SessionFull
from server.clinic.ticket import Cause, TicketState
from server.store import tables
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, ZHAO, patient_of
from tests.roster.house import RosterHouse

SOON = NOW + timedelta(hours=3)  # checking in to a session in four hours


async def booked_and_another(house: RosterHouse, capacity: int = 2) -> tuple[str, str, str]:
    """A ticket, its session, and another session of the same size."""
    first = await house.bookable(capacity)
    second = await house.bookable(capacity, opens_at=NOW + timedelta(days=1))
    return (await house.book(first)).ticket.id, first, second


async def test_the_new_number_is_the_other_sessions_next_and_the_old_one_is_void(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house)
    await house.book(second, 2)
    moved = await house.moves.move(OPERATOR, ticket_id, second, NOW)
    assert (moved.serial, moved.came_from, moved.state) == (2, ticket_id, TicketState.BOOKED)
    old = next(row for row in await house.table(tables.tickets) if row.id == ticket_id)
    assert (old.state, old.cause) == (TicketState.TRANSFERRED, Cause.MOVED)
    assert (await house.book(first, 3)).ticket.serial == 2  # number 1 is nobody's again


async def test_who_moves_is_asked_to_come_after_the_minutes_of_those_before(house: RosterHouse) -> None:
    """As whoever books there: reminded in time, and late by the same hour."""
    ticket_id, _, second = await booked_and_another(house, capacity=3)
    booked = [await house.book(second, number) for number in (2, 3)]
    moved = await house.moves.move(OPERATOR, ticket_id, second, NOW)
    assert moved.planned_at == booked[0].session.opens_at + 2 * timedelta(minutes=5)


async def test_the_message_says_that_the_old_number_is_void_and_leads_to_the_new_one(house: RosterHouse) -> None:
    ticket_id, _, second = await booked_and_another(house)
    moved = await house.moves.move(OPERATOR, ticket_id, second, NOW)
    [text] = await house.texts("moved")
    assert "新号为1号，原号作废" in text
    [link] = [row for row in await house.table(tables.join_links) if row.ended_at is None]
    assert link.ticket_id == moved.id
    [sms] = [row for row in await house.table(tables.deliveries) if row.template == "moved"]
    assert sms.link_id == link.id


async def test_the_place_that_is_left_is_offered(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house, capacity=1)
    await house.wait(first, 2)
    await house.moves.move(OPERATOR, ticket_id, second, NOW)
    assert len(await house.texts("offer")) == 1


async def test_nobody_is_moved_into_a_full_session(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house, capacity=1)
    await house.book(second, 2)
    with pytest.raises(SessionFull):
        await house.moves.move(OPERATOR, ticket_id, second, NOW)
    old = next(row for row in await house.table(tables.tickets) if row.id == ticket_id)
    assert old.state == TicketState.BOOKED
    assert {row.id: row.last_serial for row in await house.table(tables.sessions)} == {first: 1, second: 1}


async def test_two_who_move_one_ticket_at_once_move_it_once(house: RosterHouse) -> None:
    ticket_id, _, second = await booked_and_another(house)
    both = (house.moves.move(who, ticket_id, second, NOW) for who in (OPERATOR, patient_of(ticket_id)))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in done) == 1
    assert len(await house.table(tables.tickets)) == 2


async def test_two_who_change_places_do_not_block_each_other(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house)
    other = (await house.book(second, 2)).ticket.id
    both = (house.moves.move(OPERATOR, *move, NOW) for move in ((ticket_id, second), (other, first)))
    assert sorted(ticket.serial for ticket in await asyncio.gather(*both)) == [2, 2]


async def test_a_patient_who_waits_moves_and_checks_in_there_anew(house: RosterHouse) -> None:
    ticket_id, _, second = await booked_and_another(house)
    await house.clinic.arrive(ticket_id, SOON)
    moved = await house.moves.move(patient_of(ticket_id), ticket_id, second, SOON)
    assert (moved.serial, moved.state, moved.came_from) == (1, TicketState.BOOKED, ticket_id)
    await house.clinic.arrive(moved.id, NOW + timedelta(days=1))
    assert {row.id: row.state for row in await house.table(tables.tickets)}[moved.id] == TicketState.ARRIVED


async def test_who_is_held_or_called_does_not_slip_away(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house)
    await house.clinic.arrive(ticket_id, SOON)
    await house.lines.hold(LI, ticket_id, NOW)
    with pytest.raises(NotWaiting):
        await house.moves.move(patient_of(ticket_id), ticket_id, second, NOW)
    await house.lines.release(LI, ticket_id, NOW)
    await house.clinic.open_session(LI, first, NOW)
    await house.calls.call_next(LI, first, NOW)
    with pytest.raises(NotWaiting):
        await house.moves.move(patient_of(ticket_id), ticket_id, second, NOW)


async def test_a_patient_who_cannot_decide_is_stopped(house: RosterHouse) -> None:
    """Every move costs a number and a message."""
    ticket_id, first, second = await booked_and_another(house, capacity=9)
    for there in (second, first, second):
        ticket_id = (await house.moves.move(patient_of(ticket_id), ticket_id, there, NOW)).id
    with pytest.raises(TooManyTries):
        await house.moves.move(patient_of(ticket_id), ticket_id, first, NOW)
    await house.moves.move(OPERATOR, ticket_id, first, NOW)


async def test_a_patient_is_shown_where_there_is_a_place_the_own_doctor_first(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house, capacity=1)
    colleague = await house.bookable(doctor=ZHAO, opens_at=NOW + timedelta(hours=6))
    full = await house.bookable(capacity=1, opens_at=NOW + timedelta(days=2))
    await house.book(full, 2)
    await house.session(opened=False)  # of no department: the public page does not show it
    over = await house.bookable(opens_at=NOW - timedelta(hours=3))
    shown = await house.directory.elsewhere(ticket_id, NOW)
    assert [(target.id, target.doctor.id, target.free) for target in shown] == [
        (second, LI.id, 1),
        (colleague, ZHAO.id, 2),
    ]
    assert not {first, over} & {target.id for target in shown}
    assert await house.directory.elsewhere("none", NOW) == []


async def test_a_patient_moves_only_to_what_the_public_page_shows(house: RosterHouse) -> None:
    ticket_id, _, _ = await booked_and_another(house)
    hidden = await house.session(opened=False)
    over = await house.bookable(opens_at=NOW - timedelta(hours=3))
    for session_id, refusal in ((hidden, NotFound), (over, SessionClosed), ("none", NotFound)):
        with pytest.raises(refusal):
            await house.moves.move(patient_of(ticket_id), ticket_id, session_id, NOW)
    await house.moves.move(OPERATOR, ticket_id, hidden, NOW)


@pytest.mark.parametrize("who", [ZHAO, ADMIN])
async def test_only_who_arranges_both_sessions_moves(house: RosterHouse, who: Principal) -> None:
    ticket_id, _, second = await booked_and_another(house)
    with pytest.raises(NotFound):
        await house.moves.move(who, ticket_id, second, NOW)
    with pytest.raises(NotFound):
        await house.moves.move(LI, ticket_id, await house.bookable(doctor=ZHAO), NOW)
    await house.moves.move(LI, ticket_id, second, NOW)


async def test_a_ticket_that_is_over_stays_where_it_is(house: RosterHouse) -> None:
    ticket_id, first, second = await booked_and_another(house)
    with pytest.raises(NotWaiting):
        await house.moves.move(OPERATOR, ticket_id, first, NOW)
    await house.moves.move(OPERATOR, ticket_id, second, NOW)
    with pytest.raises(TicketOver):
        await house.moves.move(OPERATOR, ticket_id, second, NOW)
    with pytest.raises(NotFound):
        await house.moves.move(OPERATOR, "none", second, NOW)


async def test_a_smaller_session_takes_nobodys_place(house: RosterHouse) -> None:
    session_id = await house.bookable(capacity=2)
    await house.book(session_id, 1)
    await house.book(session_id, 2)
    await house.moves.set_capacity(LI, session_id, 1, NOW)
    with pytest.raises(SessionFull):
        await house.book(session_id, 3)
    assert [row.state for row in await house.table(tables.tickets)] == [TicketState.BOOKED] * 2


async def test_a_capacity_is_set_by_who_arranges(house: RosterHouse) -> None:
    session_id = await house.bookable()
    for who in (ZHAO, ADMIN):
        with pytest.raises(NotFound):
            await house.moves.set_capacity(who, session_id, 3, NOW)
    with pytest.raises(InvalidRoster):
        await house.moves.set_capacity(OPERATOR, session_id, 0, NOW)


async def test_a_place_that_was_given_back_is_free_to_who_is_sent_on_unless_it_is_held(house: RosterHouse) -> None:
    own, other = await house.session(), await house.bookable(2)
    [ticket_id] = await house.waiting(own)
    cancelled = (await house.book(other, 1)).ticket.id
    await house.book(other, 2)

    async def free() -> int | None:
        [target] = await house.line.targets(OPERATOR, ticket_id, NOW)
        assert (target.id, target.capacity) == (other, 2)
        return target.free

    assert await free() == 0
    await house.lines.cancel(OPERATOR, cancelled, Cause.BY_PATIENT, NOW)
    assert await free() == 1
    again = (await house.book(other, 3)).ticket.id
    await house.wait(other, 4)
    await house.lines.cancel(OPERATOR, again, Cause.BY_PATIENT, NOW)
    assert await free() == 0  # the fourth has been offered it
