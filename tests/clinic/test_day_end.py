"""Hours after a session: no number without an end, nobody left without a word, and no doctor disturbed."""

from datetime import timedelta

from server.clinic.day_end import FORGOTTEN, NO_VISIT_LASTS
from server.clinic.session import LINK_OUTLIVES_SESSION, SessionState
from server.clinic.ticket import Cause, TicketState
from server.store import tables
from server.visits.visit import Outcome
from tests.clinic.house import LI, NOW, OPERATOR, WANG, House

HOURS = timedelta(hours=3)
OVER = NOW + HOURS + LINK_OUTLIVES_SESSION


async def states(house: House, session_id: str) -> list[tuple[TicketState, Cause | None]]:
    return [(row.state, row.cause) for row in await house.rows(session_id)]


async def test_who_never_came_is_a_no_show_and_who_still_waits_gets_an_excuse(house: House) -> None:
    session_id = await house.session()
    waiting, held = await house.waiting(session_id, 2)
    await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    await house.lines.hold(LI, held, NOW)
    await house.day_end.tick(OVER - timedelta(seconds=1))
    assert (await states(house, session_id))[0] == (TicketState.ARRIVED, None)

    await house.day_end.tick(OVER)
    excuse, absent = (TicketState.CANCELLED, Cause.DOCTOR_ABSENT), (TicketState.NO_SHOW, Cause.PATIENT_ABSENT)
    assert await states(house, session_id) == [excuse, excuse, absent]
    assert (await house.line.session(LI, session_id)).state is SessionState.CLOSED
    told = {text.cause for text in await house.table(tables.deliveries) if text.template == "cancelled"}
    assert told == {f"ticket:{waiting}:cancelled", f"ticket:{held}:cancelled"}
    assert all(link.ended_at == OVER for link in await house.table(tables.join_links))
    assert (await house.audited())[-4:] == [
        "session.closed",
        "ticket.cancelled",
        "ticket.cancelled",
        "ticket.never_came",
    ]


async def test_it_happens_once(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    await house.day_end.tick(OVER)
    before = await house.audited()
    await house.day_end.tick(OVER + timedelta(minutes=1))
    assert await house.audited() == before


async def test_a_doctor_who_is_still_at_work_is_left_alone(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 2)
    await house.calls.call_next(LI, session_id, OVER - timedelta(minutes=1))
    await house.day_end.tick(OVER)
    assert (await house.line.session(LI, session_id)).state is SessionState.OPEN
    assert await house.order(session_id) == [2]


async def test_a_visit_that_was_left_open_keeps_nobody_and_is_ended_by_its_doctor(house: House) -> None:
    session_id = await house.session()
    in_room, waiting = await house.waiting(session_id, 2)
    called_at = OVER - NO_VISIT_LASTS + timedelta(minutes=1)
    visit_id = await house.calls.call_next(LI, session_id, called_at)
    await house.visits.answer(in_room, called_at)
    await house.day_end.tick(OVER)
    assert [state for state, _ in await states(house, session_id)] == [TicketState.IN_VISIT, TicketState.ARRIVED]

    await house.day_end.tick(OVER + timedelta(minutes=1))
    excuse = (TicketState.CANCELLED, Cause.DOCTOR_ABSENT)
    assert await states(house, session_id) == [(TicketState.IN_VISIT, None), excuse]
    assert {text.cause for text in await house.table(tables.deliveries) if text.template == "cancelled"} == {
        f"ticket:{waiting}:cancelled"
    }
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, OVER + timedelta(hours=12))
    assert (await states(house, session_id))[0] == (TicketState.COMPLETED, None)


async def test_what_is_history_is_not_written_about(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    await house.day_end.tick(NOW + HOURS + FORGOTTEN + timedelta(seconds=1))
    assert await states(house, session_id) == [(TicketState.ARRIVED, None)]
