"""The line by example: order, urgency, calls, misses, lateness, failures, holding, leaving. Its machine tries all."""

from datetime import UTC, datetime, timedelta

import pytest

from server.clinic.errors import (
    AlreadyInVisit,
    NobodyWaiting,
    NotCalled,
    NotFound,
    NotWaiting,
    SessionNotOpen,
    TicketOver,
)
from server.clinic.events import (
    TicketAnswered,
    TicketArrived,
    TicketCalled,
    TicketCancelled,
    TicketCompleted,
    TicketGivenUp,
    TicketPutBack,
    TicketReclassified,
    TicketTransferred,
    TicketWithdrawn,
)
from server.clinic.line import LATE_GRACE, MISSES_ALLOWED, Line, Pick, changes
from server.clinic.session import SessionState
from server.clinic.ticket import Cause, TicketState, Urgency, new_ticket

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
LI, ZHAO = "doctor Li", "doctor Zhao"


def line_of(*serials: int, session: SessionState = SessionState.OPEN) -> Line:
    """A line in which the patients of these serial numbers have checked in; their tickets are named "1", "2" …"""
    line = Line(session, tuple(new_ticket(str(serial), serial) for serial in serials))
    for serial in serials:
        line, _ = line.arrive(str(serial), NOW)
    return line


def order(line: Line) -> list[int]:
    return [ticket.serial for ticket in line.waiting()]


def after_missed_call(line: Line) -> Line:
    line, called = line.call_next(LI, NOW)
    return line.miss(called[0].ticket_id)[0]


def test_number_one_is_called_first_whoever_arrives_first() -> None:
    line = Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial) for serial in (1, 2, 3)))
    for ticket_id in ("3", "1", "2"):
        line, _ = line.arrive(ticket_id, NOW)
    assert order(line) == [1, 2, 3]
    assert line.call_next(LI, NOW)[1] == (TicketCalled("1"),)


def test_who_is_booked_and_not_here_is_not_called() -> None:
    line = Line(SessionState.OPEN, (new_ticket("1", 1), new_ticket("2", 2)))
    with pytest.raises(NobodyWaiting):
        line.call_next(LI, NOW)
    line, _ = line.arrive("2", NOW)
    assert line.call_next(LI, NOW)[1] == (TicketCalled("2"),)


def test_checking_in_again_changes_nothing() -> None:
    line = Line(SessionState.PLANNED, (new_ticket("1", 1),))
    line, first = line.arrive("1", NOW)
    again, second = line.arrive("1", NOW + timedelta(minutes=5))
    assert (first, second) == ((TicketArrived("1"),), ())
    assert again == line
    assert again.ticket("1").arrived_at == NOW


def test_a_whole_visit() -> None:
    line, _ = line_of(1).call_next(LI, NOW)
    line, answered = line.answer("1")
    line, ended = line.end("1", None)
    assert answered == (TicketAnswered("1"),)
    assert ended == (TicketCompleted("1", None),)
    assert line.ticket("1").state is TicketState.COMPLETED
    with pytest.raises(TicketOver):
        line.arrive("1", NOW)


def test_unfit_for_online_care_is_an_end_with_its_cause() -> None:
    line, _ = line_of(1).call_next(LI, NOW)
    line, _ = line.end("1", Cause.UNFIT_FOR_ONLINE_CARE)
    assert (line.ticket("1").state, line.ticket("1").cause) == (TicketState.COMPLETED, Cause.UNFIT_FOR_ONLINE_CARE)


def test_a_doctor_has_one_room() -> None:
    line, _ = line_of(1, 2).call_next(LI, NOW)
    with pytest.raises(AlreadyInVisit):
        line.call_next(LI, NOW)
    line, _ = line.answer("1")
    with pytest.raises(AlreadyInVisit):
        line.call_next(LI, NOW)


def test_a_missed_call_lets_three_others_go_first() -> None:
    line = after_missed_call(line_of(1, 2, 3, 4, 5))
    assert order(line) == [2, 3, 4, 1, 5]
    assert (line.ticket("1").missed, line.ticket("1").cause) == (1, Cause.PATIENT_ABSENT)


def test_a_missed_call_goes_to_the_end_of_a_short_line() -> None:
    assert order(after_missed_call(line_of(1, 2, 3))) == [2, 3, 1]
    assert order(after_missed_call(line_of(1))) == [1]


def test_of_two_put_behind_the_same_the_later_goes_behind_the_earlier() -> None:
    line = Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial) for serial in range(1, 7)))
    for ticket_id in ("1", "3", "4", "5", "6"):
        line, _ = line.arrive(ticket_id, NOW)
    line = after_missed_call(line)
    assert order(line) == [3, 4, 5, 1, 6]
    line, _ = line.call_next(LI, NOW)
    line, _ = line.arrive("2", NOW)  # so that number 5 is the third again
    line, _ = line.miss("3")
    assert order(line) == [2, 4, 5, 1, 3, 6]


def test_who_is_put_back_stays_before_later_numbers_that_arrive_afterwards() -> None:
    line = Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial) for serial in (1, 2, 3)))
    for ticket_id in ("1", "2"):
        line, _ = line.arrive(ticket_id, NOW)
    line, _ = after_missed_call(line).arrive("3", NOW)
    assert order(line) == [2, 1, 3]


def test_a_missed_call_never_gains_a_place() -> None:
    line = Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial) for serial in (1, 2, 3, 4, 5)))
    for ticket_id in ("4", "5"):
        line, _ = line.arrive(ticket_id, NOW)
    line, _ = line.call_next(LI, NOW)  # number 4, the first who is here
    for ticket_id in ("1", "2", "3"):
        line, _ = line.arrive(ticket_id, NOW)
    line, _ = line.miss("4")
    assert order(line) == [1, 2, 3, 4, 5]
    assert line.ticket("4").place == new_ticket("4", 4).place


def test_the_third_missed_call_is_the_last() -> None:
    line = line_of(1)
    for _ in range(MISSES_ALLOWED - 1):
        line = after_missed_call(line)
    line, _ = line.call_next(LI, NOW)
    line, happened = line.miss("1")
    assert happened == (TicketGivenUp("1"),)
    assert line.ticket("1").state is TicketState.NO_SHOW
    with pytest.raises(NobodyWaiting):
        line.call_next(LI, NOW)


def test_a_technical_failure_costs_no_place() -> None:
    line, _ = line_of(1, 2, 3).call_next(LI, NOW)
    line, _ = line.answer("1")
    line, happened = line.end("1", Cause.TECHNICAL_FAILURE)
    assert happened == (TicketPutBack("1", Cause.TECHNICAL_FAILURE),)
    assert order(line) == [1, 2, 3]
    assert line.ticket("1").missed == 0


def test_being_called_again_forgets_why_one_was_put_back() -> None:
    line, _ = after_missed_call(line_of(1)).call_next(LI, NOW)
    assert line.ticket("1").cause is None


def test_ahead_counts_those_before_and_the_one_in_the_room() -> None:
    line = line_of(1, 2, 3)
    assert [line.ahead(ticket_id) for ticket_id in ("1", "2", "3")] == [0, 1, 2]
    line, _ = line.call_next(LI, NOW)
    assert [line.ahead(ticket_id) for ticket_id in ("1", "2", "3")] == [None, 1, 2]
    line, _ = line.answer("1")
    line, _ = line.end("1", None)
    assert [line.ahead(ticket_id) for ticket_id in ("2", "3")] == [0, 1]


def test_ahead_says_nothing_to_who_has_not_checked_in() -> None:
    assert Line(SessionState.OPEN, (new_ticket("1", 1),)).ahead("1") is None


def test_who_is_not_called_can_neither_answer_nor_miss() -> None:
    line = line_of(1)
    with pytest.raises(NotCalled):
        line.answer("1")
    with pytest.raises(NotCalled):
        line.miss("1")
    with pytest.raises(NotFound):
        line.answer("7")


def test_changes_are_exactly_the_tickets_that_a_step_touched() -> None:
    before = line_of(1, 2, 3)
    after, _ = before.call_next(LI, NOW)
    assert [ticket.id for ticket in changes(before, after)] == ["1"]
    assert changes(before, before) == []


def done(line: Line, doctor: str = LI) -> Line:
    """The next one is called by the doctor, answers and is seen."""
    line, (called,) = line.call_next(doctor, NOW)
    line, _ = line.answer(called.ticket_id)
    return line.end(called.ticket_id, None)[0]


def test_two_doctors_call_from_one_line_and_nobody_is_called_by_both() -> None:
    line, first = line_of(1, 2, 3).call_next(LI, NOW)
    line, second = line.call_next(ZHAO, NOW)
    assert (first, second) == ((TicketCalled("1"),), (TicketCalled("2"),))
    assert [(ticket.id, ticket.called_by) for ticket in line.in_room()] == [("1", LI), ("2", ZHAO)]
    assert line.ahead("3") == 2
    line, _ = line.end("2", Cause.UNFIT_FOR_ONLINE_CARE)
    assert line.call_next(ZHAO, NOW)[1] == (TicketCalled("3"),)
    with pytest.raises(AlreadyInVisit):
        line.call_next(LI, NOW)


def test_who_has_left_the_room_is_in_nobodys_room() -> None:
    line, _ = line_of(1).call_next(LI, NOW)
    assert (line.ticket("1").called_by, line.ticket("1").called_at) == (LI, NOW)
    assert line.miss("1")[0].ticket("1").called_by is None


def test_urgency_goes_before_place_class_by_class() -> None:
    line = line_of(1, 2, 3, 4)
    line, happened = line.reclassify("4", Urgency.URGENT)
    line, _ = line.reclassify("3", Urgency.SOON)
    assert happened == (TicketReclassified("4", Urgency.URGENT),)
    assert order(line) == [4, 3, 1, 2]
    assert line.reclassify("4", Urgency.URGENT) == (line, ())


def test_who_was_put_back_is_passed_by_urgent_ones_only() -> None:
    line = after_missed_call(line_of(1, 2, 3, 4, 5))
    line, _ = line.reclassify("5", Urgency.URGENT)
    assert order(line) == [5, 2, 3, 4, 1]


def test_nobody_is_put_behind_a_less_urgent_one() -> None:
    line = line_of(1, 2, 3, 4)
    line, _ = line.reclassify("1", Urgency.URGENT)
    assert order(after_missed_call(line)) == [1, 2, 3, 4]


def test_behind_the_third_who_stands_counts_the_urgent_ones_too() -> None:
    line = line_of(1, 2, 3, 4, 5, 6)
    line, _ = line.call_next(LI, NOW)
    for urgent in ("5", "6"):
        line, _ = line.reclassify(urgent, Urgency.URGENT)
    line, _ = line.miss("1")
    assert order(line) == [5, 6, 2, 1, 3, 4]


def test_behind_three_urgent_ones_nobody_loses_more_than_that() -> None:
    line, _ = line_of(1, 2, 3, 4, 5, 6).call_next(LI, NOW)
    for urgent in ("4", "5", "6"):
        line, _ = line.reclassify(urgent, Urgency.URGENT)
    line, _ = line.miss("1")
    assert order(line) == [4, 5, 6, 1, 2, 3]


def planned_line(*serials: int) -> Line:
    return Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial, planned_at=NOW) for serial in serials))


def all_arrive(line: Line, *ticket_ids: str, at: datetime = NOW) -> Line:
    for ticket_id in ticket_ids:
        line, _ = line.arrive(ticket_id, at)
    return line


AFTER_GRACE = NOW + LATE_GRACE + timedelta(seconds=1)


def test_who_comes_late_to_a_number_that_was_passed_lets_three_others_go_first() -> None:
    line = done(all_arrive(planned_line(1, 2, 3, 4, 5, 6), "2", "3", "4", "5", "6"))
    line, happened = line.arrive("1", AFTER_GRACE)
    assert happened == (TicketArrived("1", late=True),)
    assert order(line) == [3, 4, 5, 1, 6]
    late = line.ticket("1")
    assert (late.late, late.cause, late.missed) == (True, Cause.LATE, 0)


def test_lateness_costs_nothing_within_the_grace_or_before_the_number_is_passed() -> None:
    waiting = all_arrive(planned_line(1, 2, 3, 4, 5), "2", "3", "4", "5")
    in_time, happened = done(waiting).arrive("1", NOW + LATE_GRACE)
    assert (order(in_time), happened) == ([1, 3, 4, 5], (TicketArrived("1"),))
    line_is_slower, _ = waiting.arrive("1", AFTER_GRACE)
    assert order(line_is_slower) == [1, 2, 3, 4, 5]


def test_an_urgent_one_who_is_called_early_has_passed_no_routine_number() -> None:
    line, _ = all_arrive(planned_line(1, 2, 3), "2", "3").reclassify("3", Urgency.URGENT)
    line, _ = done(line).arrive("1", AFTER_GRACE)
    assert (line.ticket("1").late, order(line)) == (False, [1, 2])


def test_a_ticket_without_a_planned_time_is_never_late() -> None:
    line = Line(SessionState.OPEN, (new_ticket("1", 1), new_ticket("2", 2)))
    line, _ = done(all_arrive(line, "2")).arrive("1", NOW + timedelta(hours=3))
    assert not line.ticket("1").late


@pytest.mark.parametrize("cause", [Cause.TECHNICAL_FAILURE, Cause.DOCTOR_ABSENT])
def test_what_is_not_the_patients_fault_costs_no_place_even_after_a_miss(cause: Cause) -> None:
    line = after_missed_call(line_of(1, 2, 3, 4, 5))
    line, _ = line.call("1", Pick.CHOSEN, LI, NOW)
    line, happened = line.end("1", cause)
    assert happened == (TicketPutBack("1", cause),)
    assert order(line) == [2, 3, 4, 1, 5]
    assert line.ticket("1").missed == 1


def test_a_doctor_may_call_this_one_out_of_turn() -> None:
    line, happened = line_of(1, 2, 3).call("3", Pick.CHOSEN, LI, NOW)
    assert happened == (TicketCalled("3"),)
    assert order(line) == [1, 2]
    with pytest.raises(AlreadyInVisit):
        line.call("1", Pick.CHOSEN, LI, NOW)
    with pytest.raises(NotWaiting):
        line.call("3", Pick.CHOSEN, ZHAO, NOW)


def test_who_is_held_keeps_the_place_and_is_passed_over() -> None:
    line, _ = line_of(1, 2).hold("1")
    assert order(line) == [2]
    assert line.ahead("1") is None
    with pytest.raises(NotWaiting):
        line.hold("1")
    back, _ = line.release("1")
    assert order(back) == [1, 2]
    called, _ = line.call("1", Pick.CHOSEN, LI, NOW)
    assert called.ticket("1").state is TicketState.CALLED


def given_up(line: Line) -> Line:
    for _ in range(MISSES_ALLOWED):
        line = after_missed_call(line)
    return line


def test_a_no_show_who_is_there_after_all_is_recalled_and_has_one_more_try() -> None:
    line = given_up(line_of(1))
    with pytest.raises(NotWaiting):
        line.call("1", Pick.CHOSEN, LI, NOW)
    line, happened = line.call("1", Pick.RECALLED, LI, NOW)
    assert happened == (TicketCalled("1"),)
    assert line.miss("1")[1] == (TicketGivenUp("1"),)
    again, _ = line.end("1", Cause.TECHNICAL_FAILURE)
    assert order(again) == [1]


def test_only_who_has_missed_a_call_is_recalled() -> None:
    with pytest.raises(NotWaiting):
        line_of(1).call("1", Pick.RECALLED, LI, NOW)
    line, _ = after_missed_call(line_of(1)).call("1", Pick.RECALLED, LI, NOW)
    assert line.ticket("1").state is TicketState.CALLED


@pytest.mark.parametrize(
    ("arrived", "cause", "state"),
    [
        (False, Cause.BY_PATIENT, TicketState.CANCELLED),
        (True, Cause.BY_PATIENT, TicketState.WITHDRAWN),
        (True, Cause.NO_CONSENT, TicketState.WITHDRAWN),
        (True, Cause.BY_CLINIC, TicketState.CANCELLED),
    ],
)
def test_giving_a_number_back(arrived: bool, cause: Cause, state: TicketState) -> None:
    line = line_of(1, 2) if arrived else Line(SessionState.PLANNED, (new_ticket("1", 1), new_ticket("2", 2)))
    line, happened = line.cancel("1", cause)
    assert (line.ticket("1").state, line.ticket("1").cause) == (state, cause)
    assert happened in {(TicketCancelled("1", cause),), (TicketWithdrawn("1", cause),)}
    assert "1" not in {ticket.id for ticket in line.waiting()}
    with pytest.raises(TicketOver):
        line.cancel("1", cause)
    with pytest.raises(TicketOver):
        line.arrive("1", NOW)
    with pytest.raises(TicketOver):
        line.leave("1", Cause.MOVED)


def test_who_is_in_a_room_is_neither_cancelled_nor_moved() -> None:
    line, _ = line_of(1).call_next(LI, NOW)
    with pytest.raises(AlreadyInVisit):
        line.cancel("1", Cause.BY_PATIENT)
    with pytest.raises(AlreadyInVisit):
        line.leave("1", Cause.MOVED)


def test_going_on_in_another_line_ends_the_ticket_here() -> None:
    line, happened = line_of(1, 2).leave("1", Cause.MOVED)
    assert happened == (TicketTransferred("1", Cause.MOVED),)
    assert order(line) == [2]
    from_the_room, _ = line.call_next(LI, NOW)
    from_the_room, happened = from_the_room.end("2", Cause.TRANSFERRED)
    assert happened == (TicketTransferred("2", Cause.TRANSFERRED),)
    assert from_the_room.ticket("2").state is TicketState.TRANSFERRED


def test_those_who_may_still_come_are_expected_and_those_who_were_passed_are_not() -> None:
    line = all_arrive(planned_line(1, 2, 3, 4, 5, 6), "2", "3", "5")
    assert line.expected_ahead() == {"1": 0, "4": 3, "6": 5}
    line = done(line)  # number 2: so 1 has been passed
    assert line.expected_ahead() == {"1": 0, "4": 1, "6": 3}


@pytest.mark.parametrize("state", [SessionState.PLANNED, SessionState.SUSPENDED, SessionState.CLOSED])
def test_a_line_that_is_not_open_keeps_everybody_and_calls_nobody(state: SessionState) -> None:
    line = line_of(1, 2, session=state)
    assert order(line) == [1, 2]
    with pytest.raises(SessionNotOpen):
        line.call_next(LI, NOW)
    with pytest.raises(SessionNotOpen):
        line.call("1", Pick.CHOSEN, LI, NOW)
