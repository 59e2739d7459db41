"""Calling out of turn, from several doctors, and sending on: on both databases."""

import asyncio

import pytest
import sqlalchemy as sa

from server.access.principal import Principal
from server.access.sign_ins import NewSignIn
from server.clinic.errors import AlreadyInVisit, InvalidWords, NotFound, NotWaiting, SessionClosed
from server.clinic.line import MISSES_ALLOWED, Pick
from server.clinic.roster.errors import SessionFull
from server.clinic.ticket import Cause, TicketState
from server.ids import new_id
from server.store import tables
from server.store.access import JoinQueries
from server.visits.calls import OutOfTurn, SendingOn
from server.visits.visit import Outcome, VisitState
from tests.clinic.house import LI, NOW, OPERATOR, WANG, ZHAO, House, at, connection

REASON = "结果已出"


def chosen(ticket_id: str) -> OutOfTurn:
    return OutOfTurn(ticket_id, Pick.CHOSEN, REASON)


def recalled(ticket_id: str) -> OutOfTurn:
    return OutOfTurn(ticket_id, Pick.RECALLED, REASON)


async def shared_line(house: House) -> str:
    """A session that both doctors call from."""
    session_id = await house.session(LI)
    await house.department(session_id, LI, ZHAO)
    await house.clinic.join_session(ZHAO, session_id, NOW)
    return session_id


async def test_two_doctors_who_press_at_once_never_call_one_person_twice(house: House) -> None:
    session_id = await shared_line(house)
    await house.waiting(session_id, 6)
    for minute in range(3):
        visits = await asyncio.gather(
            *(house.calls.call_next(doctor, session_id, at(60 * minute)) for doctor in (LI, ZHAO))
        )
        views = [await house.read.visit(doctor, visit) for doctor, visit in zip((LI, ZHAO), visits, strict=True)]
        assert {view.serial for view in views} == {2 * minute + 1, 2 * minute + 2}
        for doctor, view in zip((LI, ZHAO), views, strict=True):
            await house.visits.answer(view.ticket_id, at(60 * minute + 1))
            await house.visits.end(doctor, view.id, Outcome.COMPLETED, at(60 * minute + 2))
    rows = await house.table(tables.visits)
    assert len({row.ticket_id for row in rows}) == len(rows) == 6


async def test_two_doctors_of_whom_one_is_wanted_by_both(house: House) -> None:
    session_id = await shared_line(house)
    [ticket_id] = await house.waiting(session_id)
    results = await asyncio.gather(
        *(house.calls.call(doctor, chosen(ticket_id), at(1)) for doctor in (LI, ZHAO)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NotWaiting", "str"]
    assert len(await house.table(tables.visits)) == 1


async def test_the_visit_is_the_one_who_calls_and_the_patient_sees_that_name(house: House) -> None:
    session_id = await shared_line(house)
    [ticket_id] = await house.waiting(session_id)
    assert (await house.read.my_ticket(ticket_id)).doctor.name == LI.name
    visit_id = await house.calls.call_next(ZHAO, session_id, at(1))
    assert (await house.read.my_ticket(ticket_id)).doctor.name == ZHAO.name
    with pytest.raises(NotFound):
        await house.read.visit(LI, visit_id)
    with pytest.raises(AlreadyInVisit):
        await house.calls.call(ZHAO, chosen(ticket_id), at(2))


async def test_this_one_is_called_out_of_turn_with_a_reason(house: House) -> None:
    session_id = await house.session()
    *_, last = await house.waiting(session_id, 3)
    await house.calls.call(LI, chosen(last), at(1))
    assert await house.order(session_id) == [1, 2]
    [step] = await house.table(tables.interventions)
    assert (step.ticket_id, step.step, step.reason) == (last, "call", REASON)
    with pytest.raises(InvalidWords):
        await house.calls.call(LI, OutOfTurn(last, Pick.CHOSEN, " "), at(2))


async def given_up(house: House, session_id: str) -> str:
    """A ticket whose patient has missed every call."""
    [ticket_id] = await house.waiting(session_id)
    for call in range(MISSES_ALLOWED):
        await house.calls.call_next(LI, session_id, at(100 * call))
        await house.visits.tick(at(100 * call + 50))
    return ticket_id


async def test_a_no_show_is_told_and_when_recalled_gets_a_new_link(house: House) -> None:
    session_id = await house.session()
    ticket_id = await given_up(house, session_id)
    [row] = await house.rows(session_id)
    assert (row.state, row.missed) == (TicketState.NO_SHOW, MISSES_ALLOWED)
    texts = [text.template for text in await house.table(tables.deliveries, tables.deliveries.c.created_at)]
    assert (texts.count("missed"), texts.count("cancelled")) == (MISSES_ALLOWED - 1, 1)
    with pytest.raises(NotWaiting):
        await house.calls.call(LI, chosen(ticket_id), at(400))
    visit_id = await house.calls.call(LI, recalled(ticket_id), at(400))
    living = [link for link in await house.table(tables.join_links) if link.ended_at is None]
    [called] = [text for text in await house.table(tables.deliveries) if text.cause == f"visit:{visit_id}:called"]
    assert [link.id for link in living] == [called.link_id]
    assert await house.visits.answer(ticket_id, at(405)) == visit_id


async def test_a_page_that_is_still_open_lasts_for_the_visit_of_a_recalled_no_show(house: House) -> None:
    """It was to go out ten minutes after the number was given up, and the new link goes to closed pages alone."""
    session_id = await house.session()
    ticket_id = await given_up(house, session_id)
    async with house.store.write(JoinQueries) as tx:
        await tx.add_sign_in(NewSignIn(new_id(), b"open", NOW, at(600), ticket_id=ticket_id))
        await tx.add_sign_in(NewSignIn(new_id(), b"gone", NOW, at(399), ticket_id=ticket_id))
    house.online.add(ticket_id)
    await house.calls.call(LI, recalled(ticket_id), at(400))
    [link] = [link for link in await house.table(tables.join_links) if link.ended_at is None]
    pages = {page.token_hash: page.expires_at for page in await house.table(tables.sign_ins)}
    assert pages == {b"open": link.expires_at, b"gone": at(399)}


async def test_a_doctor_who_is_called_away_costs_the_patient_nothing(house: House) -> None:
    session_id = await house.session()
    first, _ = await house.waiting(session_id, 2)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.answer(first, at(5))
    await house.visits.end(LI, visit_id, Outcome.DOCTOR_ABSENT, at(60))
    [row, _] = await house.rows(session_id)
    assert (row.cause, row.missed, row.ahead) == (Cause.DOCTOR_ABSENT, 0, 0)


async def sign_in(house: House, ticket_id: str) -> None:
    async with house.store.write(JoinQueries) as tx:
        await tx.add_sign_in(NewSignIn(new_id(), b"hash", NOW, at(7200), ticket_id=ticket_id))


async def test_who_waits_is_sent_on_with_link_page_consent_and_urgency(house: House) -> None:
    source, target = await house.session(LI), await house.session(ZHAO)
    await house.clinic.book(OPERATOR, target, WANG, NOW)
    [ticket_id] = await house.waiting(source)
    await sign_in(house, ticket_id)
    new = await house.calls.transfer(LI, SendingOn(ticket_id, target, "心电图异常"), at(60))

    [old_row] = await house.rows(source)
    assert (old_row.state, old_row.cause) == (TicketState.TRANSFERRED, Cause.TRANSFERRED)
    row = await house.line.ticket(ZHAO, target, new)
    assert (row.serial, row.state, row.arrived_at) == (2, TicketState.ARRIVED, at(60))
    assert (row.came_from, row.consented, row.patient.id) == (ticket_id, True, old_row.patient.id)
    assert row.reason == "心电图异常"  # who takes over reads why
    links = [link for link in await house.table(tables.join_links) if link.ticket_id == new]
    [page] = await house.table(tables.sign_ins)
    assert ([link.ended_at for link in links], page.ticket_id, page.ended_at) == ([None], new, None)
    [text] = [text for text in await house.table(tables.deliveries) if text.template == "moved"]
    assert (text.cause, text.link_id) == (f"ticket:{new}:moved", links[0].id)
    assert {f"ticket:{ticket_id}", f"ticket:{new}", f"session:{source}", f"session:{target}"} <= set(house.told)
    assert (await house.audited())[-3:] == ["ticket.booked", "ticket.transferred", "ticket.arrived"]


async def test_out_of_the_room_the_visit_ends_and_the_doctor_is_free(house: House) -> None:
    visit_id, ticket_id = await house.in_visit(LI)
    source = (await house.read.visit(LI, visit_id)).session_id
    target = await house.session(ZHAO)
    with pytest.raises(AlreadyInVisit):
        await house.calls.transfer(OPERATOR, SendingOn(ticket_id, target, REASON), at(30))
    new = await house.calls.transfer(LI, SendingOn(ticket_id, target, REASON), at(60))
    visit = await house.read.visit(LI, visit_id)
    assert (visit.state, visit.outcome, visit.ended_at) == (VisitState.ENDED, Outcome.TRANSFERRED, at(60))
    await house.waiting(source)
    await house.calls.call_next(LI, source, at(61))
    await house.calls.call_next(ZHAO, target, at(61))
    assert (await house.line.ticket(ZHAO, target, new)).state is TicketState.CALLED


async def test_nobody_is_sent_on_twice_nor_where_nobody_is_taken(house: House) -> None:
    source, target, closed = await house.session(LI), await house.session(ZHAO), await house.session(ZHAO)
    [ticket_id] = await house.waiting(source)
    await house.clinic.close_session(ZHAO, closed, NOW)
    for wrong, refusal in ((closed, SessionClosed), (source, NotWaiting), ("nowhere", NotFound)):
        with pytest.raises(refusal):
            await house.calls.transfer(LI, SendingOn(ticket_id, wrong, REASON), at(1))
    both = (house.calls.transfer(LI, SendingOn(ticket_id, target, REASON), at(2)) for _ in range(2))
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["TicketOver", "str"]
    assert [row.serial for row in (await house.line.line(ZHAO, target)).tickets] == [1]


async def with_one_place(house: House, doctor: Principal = ZHAO) -> str:
    session_id = await house.session(doctor)
    async with house.store.write(connection) as of:
        await of.execute(sa.update(tables.sessions).where(tables.sessions.c.id == session_id).values(capacity=1))
    return session_id


async def test_nobody_is_sent_on_to_a_full_session_unless_somebody_says_that_it_must_be(house: House) -> None:
    source, target = await house.session(LI), await with_one_place(house)
    first, second = await house.waiting(source, 2)
    await house.calls.transfer(LI, SendingOn(first, target, REASON), at(1))
    for who in (LI, OPERATOR):
        with pytest.raises(SessionFull):
            await house.calls.transfer(who, SendingOn(second, target, REASON), at(2))
    assert [row.state for row in await house.rows(source)] == [TicketState.TRANSFERRED, TicketState.ARRIVED]
    assert "session.overbooked" not in await house.audited()

    await house.calls.transfer(OPERATOR, SendingOn(second, target, REASON, even_if_full=True), at(3))
    assert [row.serial for row in (await house.line.line(ZHAO, target)).tickets] == [1, 2]
    [entry] = [row for row in await house.table(tables.audit) if row.action == "session.overbooked"]
    assert (entry.actor, entry.subject, entry.detail) == (OPERATOR.actor, f"session:{target}", {"came_from": second})


async def test_a_full_session_ends_no_visit(house: House) -> None:
    visit_id, ticket_id = await house.in_visit(LI)
    target = await with_one_place(house)
    await house.waiting(target)
    with pytest.raises(SessionFull):
        await house.calls.transfer(LI, SendingOn(ticket_id, target, REASON), at(60))
    assert (await house.read.visit(LI, visit_id)).state is VisitState.IN_VISIT


async def test_two_who_are_sent_on_to_the_last_place_at_once_do_not_share_it(house: House) -> None:
    source, target = await house.session(LI), await with_one_place(house)
    tickets = await house.waiting(source, 2)
    both = (house.calls.transfer(LI, SendingOn(ticket_id, target, REASON), at(1)) for ticket_id in tickets)
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["SessionFull", "str"]


async def test_two_who_send_on_against_each_other_do_not_block(house: House) -> None:
    here, there = await house.session(LI), await house.session(ZHAO)
    ours, theirs = await house.waiting(here, 3), await house.waiting(there, 3)
    moves = [(LI, ticket_id, there) for ticket_id in ours] + [(ZHAO, ticket_id, here) for ticket_id in theirs]
    async with asyncio.timeout(30):
        await asyncio.gather(*(house.calls.transfer(who, SendingOn(t, to, REASON), at(1)) for who, t, to in moves))
    for session_id, doctor in ((here, LI), (there, ZHAO)):
        rows = (await house.line.line(doctor, session_id)).tickets
        assert [row.serial for row in rows] == [1, 2, 3, 4, 5, 6]
        assert [row.state for row in rows].count(TicketState.ARRIVED) == 3


async def test_who_rings_now_is_answered_whatever_the_doctors_clock_says(house: House) -> None:
    """A call that waited for the line, or came by a server whose clock is behind, has an earlier moment than one that
    is over."""
    session_id = await shared_line(house)
    [ticket_id] = await house.waiting(session_id)
    missed = await house.calls.call_next(LI, session_id, at(10))
    await house.visits.end(LI, missed, Outcome.PATIENT_ABSENT, at(12))
    ringing = await house.calls.call(ZHAO, recalled(ticket_id), at(5))
    assert (await house.read.my_ticket(ticket_id)).visit.id == ringing  # type: ignore[union-attr]
    [row] = await house.rows(session_id)
    assert row.visit_id == ringing
    assert await house.visits.answer(ticket_id, at(13)) == ringing
