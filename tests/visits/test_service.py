"""Calling, answering, ending, and what time brings, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy.dialects import sqlite

from server.access.sign_ins import NewSignIn
from server.clinic.errors import ClinicError, NobodyWaiting, NotCalled, NotFound, SessionNotOpen
from server.clinic.ticket import Cause, TicketState
from server.ids import new_id
from server.store import tables
from server.store.access import JoinQueries
from server.store.engine import Store
from server.store.visits import VisitQueries, due_visits
from server.visits.errors import ConsentMissing, NotInVisit, VisitOver
from server.visits.visit import Outcome, VisitState, VisitTimes
from tests.clinic.house import LI, NOW, OPERATOR, WANG, ZHAO, House, at, connection


async def test_calling_rings_for_the_first_who_waits(house: House) -> None:
    session_id = await house.session()
    first, second = await house.waiting(session_id, 2)
    house.told.clear()
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    visit = await house.read.visit(LI, visit_id)
    assert (visit.ticket_id, visit.serial, visit.state) == (first, 1, VisitState.CALLED)
    assert (visit.called_at, visit.ring_until) == (NOW, at(45))
    assert {f"session:{session_id}", f"ticket:{first}", f"ticket:{second}", f"visit:{visit_id}"} <= set(house.told)


async def test_a_doctor_calls_one_at_a_time_even_from_two_windows(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 3)
    results = await asyncio.gather(
        *(house.calls.call_next(LI, session_id, NOW) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["AlreadyInVisit"] * 3 + ["str"]
    assert len(await house.table(tables.visits)) == 1
    assert [row.state for row in await house.rows(session_id)].count(TicketState.CALLED) == 1


async def test_a_doctor_with_two_sessions_still_has_one_room(house: House) -> None:
    sessions = [await house.session(LI), await house.session(LI)]
    for session_id in sessions:
        await house.waiting(session_id)
    results = await asyncio.gather(
        *(house.calls.call_next(LI, session_id, NOW) for session_id in sessions), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["AlreadyInVisit", "str"]


async def test_two_doctors_call_beside_each_other(house: House) -> None:
    sessions = {LI: await house.session(LI), ZHAO: await house.session(ZHAO)}
    for session_id in sessions.values():
        await house.waiting(session_id, 2)
    await asyncio.gather(*(house.calls.call_next(doctor, sessions[doctor], NOW) for doctor in sessions))
    called = await house.table(tables.visits)
    assert {visit.session_id for visit in called} == set(sessions.values())


async def test_nobody_is_called_from_an_empty_or_closed_session(house: House) -> None:
    session_id = await house.session()
    with pytest.raises(NobodyWaiting):
        await house.calls.call_next(LI, session_id, NOW)
    await house.waiting(session_id)
    await house.clinic.close_session(LI, session_id, NOW)
    with pytest.raises(SessionNotOpen):
        await house.calls.call_next(LI, session_id, NOW)


async def test_only_who_has_closed_the_page_gets_a_text_at_the_call(house: House) -> None:
    session_id = await house.session()
    here, away = await house.waiting(session_id, 2)
    house.online.add(here)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.answer(here, at(1))
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(2))
    second = await house.calls.call_next(LI, session_id, at(3))
    texts = [row for row in await house.table(tables.deliveries) if row.template == "called"]
    assert [(text.cause, text.expires_at) for text in texts] == [(f"visit:{second}:called", at(48))]
    assert (await house.read.visit(LI, second)).ticket_id == away


async def test_without_consent_nobody_comes_in(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, consented=False)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    with pytest.raises(ConsentMissing):
        await house.visits.answer(ticket_id, at(5))
    assert (await house.read.visit(LI, visit_id)).state is VisitState.CALLED
    await house.agree(ticket_id)
    assert await house.visits.answer(ticket_id, at(6)) == visit_id


async def test_answering_puts_both_into_the_visit_and_again_is_harmless(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    assert await house.visits.answer(ticket_id, at(9)) == visit_id
    visit = await house.read.visit(LI, visit_id)
    assert (visit.state, visit.answered_at) == (VisitState.IN_VISIT, at(5))
    assert [row.state for row in await house.rows(visit.session_id)] == [TicketState.IN_VISIT]
    assert (await house.audited()).count("visit.answered") == 1


async def test_who_is_not_called_cannot_answer(house: House) -> None:
    session_id = await house.session()
    first, second = await house.waiting(session_id, 2)
    for ticket_id in (first, second, "nobody"):
        with pytest.raises(NotCalled):
            await house.visits.answer(ticket_id, NOW)
    await house.calls.call_next(LI, session_id, NOW)
    with pytest.raises(NotCalled):
        await house.visits.answer(second, NOW)


async def test_a_call_that_nobody_answers_returns_to_the_line_behind_three(house: House) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 5)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.tick(at(44))
    assert (await house.read.visit(LI, visit_id)).state is VisitState.CALLED
    house.told.clear()
    await house.visits.tick(at(45))
    assert (await house.read.visit(LI, visit_id)).state is VisitState.MISSED
    assert await house.order(session_id) == [2, 3, 4, 1, 5]
    assert {f"ticket:{ticket_id}" for ticket_id in tickets} <= set(house.told)
    assert "missed" in {row.template for row in await house.table(tables.deliveries)}
    assert (await house.audited())[-2:] == ["visit.missed", "ticket.put_back"]
    with pytest.raises(NotCalled):
        await house.visits.answer(tickets[0], at(46))


@dataclass(frozen=True)
class Ids:
    session: str
    ticket: str
    visit: str


async def ringing(house: House) -> Ids:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    return Ids(session_id, ticket_id, await house.calls.call_next(LI, session_id, NOW))


WAITING_STEPS: dict[str, Callable[[House, Ids], Awaitable[object]]] = {
    "answer": lambda house, ids: house.visits.answer(ids.ticket, at(5)),
    "end": lambda house, ids: house.visits.end(LI, ids.visit, Outcome.TECHNICAL_FAILURE, at(5)),
    "tick": lambda house, _ids: house.visits.tick(at(45)),
    "call next": lambda house, ids: house.calls.call_next(LI, ids.session, at(5)),
    "arrive": lambda house, ids: house.clinic.arrive(ids.ticket, at(5)),
    "book": lambda house, ids: house.clinic.book(OPERATOR, ids.session, WANG, at(5)),
    "reset link": lambda house, ids: house.clinic.reset_link(OPERATOR, ids.ticket, at(5)),
    "close": lambda house, ids: house.clinic.close_session(LI, ids.session, at(5)),
}


async def test_every_step_waits_while_another_one_has_the_session(house: House) -> None:
    ids = await ringing(house)
    for name, step in WAITING_STEPS.items():
        async with house.store.write(VisitQueries) as tx:
            await tx.lock_session(ids.session)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(step(house, ids), 0.15)
            assert (await tx.lock_visit(ids.visit)) is not None, name
    assert (await house.read.visit(LI, ids.visit)).state is VisitState.CALLED


async def test_a_call_waits_while_another_session_of_the_doctor_calls(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    async with house.store.write(VisitQueries) as tx:
        assert await tx.is_free(LI.id)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(house.calls.call_next(LI, session_id, NOW), 0.15)


async def test_an_answer_that_waited_sees_what_happened_meanwhile(house: House) -> None:
    ids, locked = await ringing(house), asyncio.Event()

    async def miss_slowly() -> None:
        async with house.store.write(VisitQueries) as tx:
            visit = await tx.lock_visit(ids.visit)
            assert visit is not None
            locked.set()
            await asyncio.sleep(0.2)
            await tx.save_visit(visit.tick(at(45), VisitTimes())[0])

    async def answer_meanwhile() -> None:
        await locked.wait()
        with pytest.raises(NotCalled):
            await house.visits.answer(ids.ticket, at(45))

    await asyncio.gather(miss_slowly(), answer_meanwhile())
    assert (await house.read.visit(LI, ids.visit)).answered_at is None


async def test_the_third_missed_call_ends_ticket_and_link(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    for minute in range(3):
        await house.calls.call_next(LI, session_id, at(60 * minute))
        await house.visits.tick(at(60 * minute + 45))
    [row] = await house.rows(session_id)
    assert (row.state, row.missed, row.cause) == (TicketState.NO_SHOW, 3, Cause.PATIENT_ABSENT)
    [link] = await house.table(tables.join_links)
    assert link.ended_at == at(165)


async def test_no_picture_in_time_shows_the_doctor_the_telephone(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    await house.visits.doctor_media(LI, visit_id, at(6))
    await house.visits.tick(at(19))
    assert (await house.read.visit(LI, visit_id)).telephone is None
    house.told.clear()
    await house.visits.tick(at(20))
    visit = await house.read.visit(LI, visit_id)
    assert (visit.media_missing, visit.telephone) == (True, "+8613812345678")
    assert house.told == [f"visit:{visit_id}"]
    await house.visits.patient_media(ticket_id, at(30))
    visit = await house.read.visit(LI, visit_id)
    assert (visit.media_missing, visit.telephone, visit.media_at) == (False, None, at(30))
    assert (await house.audited())[-2:] == ["visit.media_missing", "visit.media_established"]


async def test_a_picture_on_both_sides_keeps_the_telephone_private(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    await house.visits.doctor_media(LI, visit_id, at(6))
    await house.visits.patient_media(ticket_id, at(7))
    await house.visits.tick(at(600))
    assert (await house.read.visit(LI, visit_id)).telephone is None


async def test_who_confirmed_the_patients_identity_is_kept(house: House) -> None:
    visit_id, _ = await house.in_visit()
    for seconds in (8, 9):
        await house.visits.confirm_identity(LI, visit_id, at(seconds))
    visit = await house.read.visit(LI, visit_id)
    assert (visit.identity_confirmed_by, visit.identity_confirmed_at) == ("李医生", at(8))
    assert (await house.audited()).count("visit.identity_confirmed") == 1


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.UNFIT_FOR_ONLINE_CARE])
async def test_a_finished_visit_ends_ticket_and_link_and_lets_the_page_say_so(house: House, outcome: Outcome) -> None:
    visit_id, ticket_id = await house.in_visit()
    sign_in = NewSignIn(new_id(), b"hash", NOW, at(7200), ticket_id=ticket_id)
    async with house.store.write(JoinQueries) as tx:
        await tx.add_sign_in(sign_in)
    await house.visits.end(LI, visit_id, outcome, at(60))
    ticket = await house.read.my_ticket(ticket_id)
    assert (ticket.state, ticket.cause) == (TicketState.COMPLETED, outcome.cause)
    assert ticket.visit is not None
    assert ticket.visit.state is VisitState.ENDED
    [link], [left] = await house.table(tables.join_links), await house.table(tables.sign_ins)
    assert link.ended_at == at(60)
    assert (left.ended_at, left.expires_at) == (None, at(60) + timedelta(minutes=10))


async def test_a_sign_in_that_ends_sooner_is_not_made_longer(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    async with house.store.write(JoinQueries) as tx:
        await tx.add_sign_in(NewSignIn(new_id(), b"hash", NOW, at(90), ticket_id=ticket_id))
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    [left] = await house.table(tables.sign_ins)
    assert left.expires_at == at(90)


async def test_a_technical_failure_gives_the_place_and_the_link_back(house: House) -> None:
    session_id = await house.session()
    [first, _] = await house.waiting(session_id, 2)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.answer(first, at(5))
    await house.visits.end(LI, visit_id, Outcome.TECHNICAL_FAILURE, at(60))
    assert await house.order(session_id) == [1, 2]
    assert [link.ended_at for link in await house.table(tables.join_links)] == [None, None]
    assert "missed" not in {row.template for row in await house.table(tables.deliveries)}
    again = await house.calls.call_next(LI, session_id, at(61))
    assert (await house.read.visit(LI, again)).ticket_id == first
    assert await house.visits.answer(first, at(62)) == again


async def test_an_absent_patient_waits_again_behind_the_others(house: House) -> None:
    session_id = await house.session()
    [first, _] = await house.waiting(session_id, 2)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.answer(first, at(5))
    await house.visits.end(LI, visit_id, Outcome.PATIENT_ABSENT, at(60))
    assert await house.order(session_id) == [2, 1]


async def test_a_visit_that_is_over_changes_no_more(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    for act in (
        house.visits.end(LI, visit_id, Outcome.TECHNICAL_FAILURE, at(61)),
        house.visits.confirm_identity(LI, visit_id, at(61)),
        house.visits.doctor_media(LI, visit_id, at(61)),
        house.visits.patient_media(ticket_id, at(61)),
    ):
        with pytest.raises(VisitOver):
            await act
    assert (await house.read.visit(LI, visit_id)).outcome is Outcome.COMPLETED


async def test_before_the_answer_a_visit_is_neither_confirmed_nor_completed(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    for act in (
        house.visits.confirm_identity(LI, visit_id, NOW),
        house.visits.end(LI, visit_id, Outcome.COMPLETED, NOW),
    ):
        with pytest.raises(NotInVisit):
            await act


Step = Callable[[House, str], Awaitable[object]]
STRANGER_STEPS: dict[str, Step] = {
    "media": lambda house, visit_id: house.visits.doctor_media(ZHAO, visit_id, NOW),
    "confirm": lambda house, visit_id: house.visits.confirm_identity(ZHAO, visit_id, NOW),
    "end": lambda house, visit_id: house.visits.end(ZHAO, visit_id, Outcome.COMPLETED, NOW),
    "operator ends": lambda house, visit_id: house.visits.end(OPERATOR, visit_id, Outcome.COMPLETED, NOW),
}


@pytest.mark.parametrize("name", STRANGER_STEPS)
async def test_a_strangers_visit_is_not_found(house: House, name: str) -> None:
    visit_id, _ = await house.in_visit(LI)
    before = await house.audited()
    for which in (visit_id, "nowhere"):
        with pytest.raises(NotFound, match="no such visit"):
            await STRANGER_STEPS[name](house, which)
    assert await house.audited() == before


@pytest.mark.parametrize("who", [ZHAO, OPERATOR])
async def test_a_strangers_session_calls_nobody(house: House, who: object) -> None:
    session_id = await house.session(LI)
    await house.waiting(session_id)
    for which in (session_id, "nowhere"):
        with pytest.raises(NotFound, match="no such session"):
            await house.calls.call_next(who, which, NOW)  # type: ignore[arg-type]


async def test_one_visit_that_fails_does_not_keep_the_others_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = []
    for doctor in (LI, ZHAO):
        session_id = await house.session(doctor)
        await house.waiting(session_id)
        visits.append(await house.calls.call_next(doctor, session_id, NOW))
    lock = VisitQueries.lock_visit

    async def broken_for_the_first(queries: VisitQueries, visit_id: str) -> object:
        if visit_id == visits[0]:
            raise ClinicError("broken")
        return await lock(queries, visit_id)

    monkeypatch.setattr(VisitQueries, "lock_visit", broken_for_the_first)
    with pytest.raises(ExceptionGroup):
        await house.visits.tick(at(45))
    assert (await house.read.visit(ZHAO, visits[1])).state is VisitState.MISSED


async def test_what_is_due_is_found_by_the_index_of_open_visits(sqlite_store: Store) -> None:
    """Asked every second: it must not read every visit there ever was. (PostgreSQL plans by the size of the table.)"""
    query = due_visits(NOW, VisitTimes()).compile(dialect=sqlite.dialect())
    async with sqlite_store.read(connection) as of:
        nothing = (None,) * len(query.positiontup or ())
        plan = (await of.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", nothing)).all()
    assert "uq_visits_open_ticket" in str(plan)
