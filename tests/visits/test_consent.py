"""Consent taken back: before the call the place stays, in the visit it ends at once; agreeing again opens the way."""

import asyncio

import pytest

from server.clinic.errors import NotFound
from server.clinic.ticket import Cause, TicketState
from server.store import tables
from server.store.visits import VisitQueries
from server.visits.errors import ConsentMissing
from server.visits.visit import Outcome, VisitState
from tests.clinic.house import LI, NOW, ZHAO, House, at


async def test_before_the_call_the_place_stays_and_nobody_goes_in(house: House) -> None:
    session_id = await house.session()
    first, _ = await house.waiting(session_id, 2)
    await house.visits.withdraw_consent(first, NOW)
    assert not (await house.read.my_ticket(first)).consented
    assert await house.order(session_id) == [1, 2]
    assert [row.consented for row in await house.rows(session_id)] == [False, True]
    await house.calls.call_next(LI, session_id, at(1))
    with pytest.raises(ConsentMissing):
        await house.visits.answer(first, at(2))
    await house.agree(first)
    await house.visits.answer(first, at(3))


async def test_during_the_visit_it_ends_at_once_and_says_why(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    house.told.clear()
    await house.visits.withdraw_consent(ticket_id, at(30))
    visit = await house.read.visit(LI, visit_id)
    assert (visit.state, visit.outcome, visit.ended_at) == (VisitState.ENDED, Outcome.NO_CONSENT, at(30))
    mine = await house.read.my_ticket(ticket_id)
    assert (mine.state, mine.cause, mine.consented) == (TicketState.COMPLETED, Cause.NO_CONSENT, False)
    assert {f"visit:{visit_id}", f"ticket:{ticket_id}"} <= set(house.told)
    assert [action for action in await house.audited() if action in {"consent.withdrawn", "visit.ended"}] == [
        "consent.withdrawn",
        "visit.ended",
    ]


async def test_while_it_rings_the_ringing_ends(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.withdraw_consent(ticket_id, at(3))
    assert (await house.read.visit(LI, visit_id)).state is VisitState.ENDED


async def test_what_was_agreed_and_withdrawn_stays_on_record(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    for second in range(3):
        await house.visits.withdraw_consent(ticket_id, at(second))
        await house.agree(ticket_id)
        await house.agree(ticket_id)
    assert [row.round for row in await house.table(tables.consents, tables.consents.c.round)] == [0, 1, 2, 3]
    assert len(await house.table(tables.consent_withdrawals)) == 3
    assert (await house.read.my_ticket(ticket_id)).consented


async def test_taking_back_what_was_never_given_or_twice_changes_nothing(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    results = await asyncio.gather(
        *(house.visits.withdraw_consent(ticket_id, NOW) for _ in range(4)), return_exceptions=True
    )
    assert results == [None] * 4
    assert (await house.audited()).count("consent.withdrawn") == 1
    with pytest.raises(NotFound):
        await house.visits.withdraw_consent("nobody", NOW)


async def test_a_withdrawn_consent_does_not_come_back_in_another_line(house: House) -> None:
    session_id, other = await house.session(), await house.session(ZHAO)
    [ticket_id] = await house.waiting(session_id)
    await house.visits.withdraw_consent(ticket_id, NOW)
    await carry(house, ticket_id, other)
    assert [row.consented for row in (await house.line.line(ZHAO, other)).tickets] == [False]


async def carry(house: House, ticket_id: str, session_id: str) -> None:
    """As a transfer does it."""
    [new] = await house.waiting(session_id, consented=False)
    async with house.store.write(VisitQueries) as tx:
        await tx.carry_over(ticket_id, new, at(9))
