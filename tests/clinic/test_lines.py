"""One ticket in people's hands, and several doctors on a line, on both databases."""

from datetime import timedelta
from functools import partial

import pytest

from server.access.principal import Principal
from server.clinic.errors import AlreadyInVisit, InvalidWords, NotFound, NotWaiting, SessionNotOpen, TicketOver
from server.clinic.lines import NewUrgency
from server.clinic.session import SessionState
from server.clinic.ticket import Cause, TicketState, Urgency
from server.monitoring.reader import MonitoringReader
from server.store import tables
from server.store.monitoring import MonitoringLookQueries
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, WANG, ZHAO, ZONE, House, at

URGENT = NewUrgency(Urgency.URGENT, "胸痛")


async def test_who_is_held_is_passed_over_and_comes_back_to_the_place(house: House) -> None:
    session_id = await house.session()
    first, _ = await house.waiting(session_id, 2)
    assert await house.lines.hold(OPERATOR, first, at(1)) == session_id
    [row, _] = await house.rows(session_id)
    assert (row.state, row.held, row.ahead) == (TicketState.HELD, True, None)
    assert await house.order(session_id) == [2]
    await house.lines.release(LI, first, at(2))
    assert await house.order(session_id) == [1, 2]
    assert (await house.audited())[-2:] == ["ticket.held", "ticket.released"]
    with pytest.raises(NotWaiting):
        await house.lines.release(LI, first, at(3))


async def test_an_urgent_one_goes_first_and_the_reason_is_kept_for_staff_alone(house: House) -> None:
    session_id = await house.session()
    _, second = await house.waiting(session_id, 2)
    await house.lines.reclassify(LI, second, URGENT, at(1))
    assert await house.order(session_id) == [2, 1]
    assert [(row.urgency, row.reason) for row in await house.rows(session_id)] == [(2, None), (0, "胸痛")]
    [step] = await house.table(tables.interventions)
    assert (step.ticket_id, step.by, step.step, step.reason) == (second, LI.id, "urgency", "胸痛")
    audited = await house.table(tables.audit, tables.audit.c.id)
    assert audited[-1].detail == {"urgency": 0}
    assert "胸痛" not in str([row.detail for row in audited])


@pytest.mark.parametrize("reason", ["", "  ", "a\0b"])
async def test_without_a_reason_nobody_is_put_out_of_the_order(house: House, reason: str) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    with pytest.raises(InvalidWords):
        await house.lines.reclassify(LI, ticket_id, NewUrgency(Urgency.URGENT, reason), NOW)
    assert [row.urgency for row in await house.rows(session_id)] == [2]


async def test_a_number_that_is_given_back_ends_the_link_and_is_told(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    await house.lines.cancel(OPERATOR, ticket_id, Cause.BY_CLINIC, at(1))
    [row] = await house.rows(session_id)
    assert (row.state, row.cause) == (TicketState.CANCELLED, Cause.BY_CLINIC)
    [link] = await house.table(tables.join_links)
    assert link.ended_at == at(1)
    told = [text for text in await house.table(tables.deliveries) if text.template == "cancelled"]
    assert [(text.cause, text.link_id) for text in told] == [(f"ticket:{ticket_id}:cancelled", None)]
    assert "outbox" in house.told
    with pytest.raises(TicketOver):
        await house.clinic.arrive(ticket_id, at(2))


async def test_a_number_that_was_given_back_is_nobodys_again(house: House) -> None:
    session_id = await house.session()
    first = await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    await house.lines.cancel(OPERATOR, first, Cause.BY_PATIENT, at(1))
    await house.clinic.book(OPERATOR, session_id, WANG, at(2))
    assert [(row.serial, row.state) for row in await house.rows(session_id)] == [(1, "cancelled"), (2, "booked")]


async def test_a_patient_gives_the_own_number_back_and_the_page_can_still_say_so(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    assert (await house.read.my_ticket(ticket_id)).can_cancel
    await house.lines.cancel_own(ticket_id, Cause.BY_PATIENT, at(1))
    mine = await house.read.my_ticket(ticket_id)
    assert (mine.state, mine.cause, mine.can_cancel) == (TicketState.WITHDRAWN, Cause.BY_PATIENT, False)


async def test_who_is_in_a_room_is_not_cancelled_beside_the_visit(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    await house.calls.call_next(LI, session_id, at(1))
    with pytest.raises(AlreadyInVisit):
        await house.lines.cancel_own(ticket_id, Cause.BY_PATIENT, at(2))
    assert not (await house.read.my_ticket(ticket_id)).can_cancel


async def test_three_ahead_is_told_once_a_ticket_whatever_happens(house: House) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 5)
    assert await three_ahead(house) == []
    await house.lines.hold(LI, tickets[0], at(1))
    assert await three_ahead(house) == [f"ticket:{tickets[4]}:three_ahead"]
    for seconds in (2, 4):
        await house.lines.release(LI, tickets[0], at(seconds))
        await house.lines.hold(LI, tickets[0], at(seconds + 1))
    told = {f"ticket:{tickets[0]}:three_ahead", f"ticket:{tickets[4]}:three_ahead"}
    assert sorted(await three_ahead(house)) == sorted(told)


async def three_ahead(house: House) -> list[str]:
    return [text.cause for text in await house.table(tables.deliveries) if text.template == "three_ahead"]


async def test_opening_tells_the_first_numbers_to_get_ready(house: House) -> None:
    session_id = await house.session(opened=False)
    tickets = [await house.clinic.book(OPERATOR, session_id, WANG, NOW) for _ in range(6)]
    assert await three_ahead(house) == []
    await house.clinic.open_session(LI, session_id, at(1))
    assert set(await three_ahead(house)) == {f"ticket:{ticket_id}:three_ahead" for ticket_id in tickets[:4]}


async def test_a_pause_calls_nobody_keeps_everybody_and_says_why(house: House) -> None:
    session_id = await house.session()
    [ticket_id, _] = await house.waiting(session_id, 2)
    house.told.clear()
    await house.clinic.suspend_session(LI, session_id, "抢救中", at(1))
    assert f"ticket:{ticket_id}" in house.told
    mine = await house.read.my_ticket(ticket_id)
    assert mine.suspended is not None
    assert (mine.suspended.message, mine.ahead) == ("抢救中", 0)
    with pytest.raises(SessionNotOpen):
        await house.calls.call_next(LI, session_id, at(2))
    await house.clinic.resume_session(LI, session_id, at(3))
    assert (await house.read.my_ticket(ticket_id)).suspended is None
    assert await house.order(session_id) == [1, 2]
    assert [action for action in await house.audited() if action.startswith("session.")] == [
        "session.created",
        "session.open",
        "session.suspended",
        "session.open",
    ]


async def test_a_colleague_of_the_department_joins_calls_and_leaves(house: House) -> None:
    session_id = await house.session()
    await house.department(session_id, LI, ZHAO)
    await house.waiting(session_id, 2)
    assert [session.id for session in await house.line.sessions_today(ZHAO, NOW)] == [session_id]
    for _ in range(2):
        await house.clinic.join_session(ZHAO, session_id, at(1))
    view = (await house.line.line(ZHAO, session_id)).session
    assert [doctor.name for doctor in view.doctors] == [LI.name, ZHAO.name]
    assert (view.doctor.name, view.department and view.department.name) == (LI.name, "呼吸科")
    visit_id = await house.calls.call_next(ZHAO, session_id, at(2))
    await house.clinic.leave_session(ZHAO, session_id, at(3))
    with pytest.raises(NotFound):
        await house.line.line(ZHAO, session_id)
    assert (await house.read.visit(ZHAO, visit_id)).serial == 1, "the own visit goes on to its end"
    assert (await house.audited()).count("session.joined") == 1


async def test_nobody_else_joins(house: House) -> None:
    session_id = await house.session()
    for who in (ZHAO, OPERATOR, ADMIN):
        with pytest.raises(NotFound):
            await house.clinic.join_session(who, session_id, NOW)
    await house.department(session_id, LI)
    with pytest.raises(NotFound):
        await house.clinic.join_session(ZHAO, session_id, NOW)
    with pytest.raises(NotFound):
        await house.clinic.leave_session(LI, session_id, NOW)
    assert await house.line.sessions_today(ZHAO, NOW) == []


async def test_who_joined_sees_what_is_clinical_and_who_left_only_who_was_called(house: House) -> None:
    session_id = await house.session()
    await house.department(session_id, LI, ZHAO)
    await house.waiting(session_id, 2)
    [first, second] = [row.patient.id for row in await house.rows(session_id)]
    findings = MonitoringReader(partial(house.store.read, MonitoringLookQueries), ZONE, timedelta(minutes=5))
    assert not await findings.may_see(ZHAO, first)
    await house.clinic.join_session(ZHAO, session_id, at(1))
    assert await house.line.may_watch(ZHAO, session_id, alarms=True)
    await house.calls.call_next(ZHAO, session_id, at(2))
    await house.clinic.leave_session(ZHAO, session_id, at(3))
    assert await findings.may_see(ZHAO, first)
    assert not await findings.may_see(ZHAO, second)


async def test_the_screen_shows_numbers_and_nothing_else(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 3)
    await house.calls.call_next(LI, session_id, at(1))
    shown = await house.line.display(session_id)
    assert (shown.calling, shown.waiting, shown.suspended, shown.doctors) == ([1], 2, None, 1)
    await house.clinic.suspend_session(LI, session_id, "抢救中", at(2))
    assert (await house.line.display(session_id)).suspended == "抢救中"
    with pytest.raises(NotFound):
        await house.line.display("nowhere")


@pytest.mark.parametrize("who", [ZHAO, ADMIN])
async def test_a_strangers_ticket_is_not_found(house: House, who: Principal) -> None:
    session_id = await house.session(LI)
    [ticket_id] = await house.waiting(session_id)
    before = await house.audited()
    for which in (ticket_id, "nobody"):
        with pytest.raises(NotFound, match="no such ticket"):
            await house.lines.hold(who, which, NOW)
        with pytest.raises(NotFound, match="no such ticket"):
            await house.lines.cancel(who, which, Cause.BY_CLINIC, NOW)
        with pytest.raises(NotFound, match="no such ticket"):
            await house.lines.reclassify(who, which, URGENT, NOW)
        with pytest.raises(NotFound, match="no such ticket"):
            await house.line.targets(who, which, NOW)
    assert await house.audited() == before


async def test_a_ticket_may_go_to_every_other_session_that_takes_bookings(house: House) -> None:
    session_id, other, closed = await house.session(LI), await house.session(ZHAO), await house.session(ZHAO)
    [ticket_id] = await house.waiting(session_id)
    await house.clinic.close_session(ZHAO, closed, NOW)
    assert [session.id for session in await house.line.targets(LI, ticket_id, NOW)] == [other]


async def test_a_patients_own_ahead_is_that_of_the_line(house: House) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 4)
    await house.calls.call_next(LI, session_id, at(1))
    await house.lines.reclassify(LI, tickets[3], URGENT, at(2))
    rows = {row.id: row.ahead for row in await house.rows(session_id)}
    assert rows == {ticket_id: (await house.read.my_ticket(ticket_id)).ahead for ticket_id in tickets}
    assert list(rows.values()) == [None, 2, 3, 1]
    assert (await house.line.session(LI, session_id)).state is SessionState.OPEN
