"""The line: order, calls, misses, technical failures – by example, and by a model that tries everything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from server.clinic.errors import (
    AlreadyInVisit,
    ClinicError,
    NobodyWaiting,
    NotCalled,
    NotFound,
    SessionNotOpen,
    TicketOver,
)
from server.clinic.line import (
    IN_ROOM,
    MISSES_ALLOWED,
    OVER,
    STEP_BACK,
    Cause,
    Line,
    Ticket,
    TicketAnswered,
    TicketArrived,
    TicketCalled,
    TicketCompleted,
    TicketGivenUp,
    TicketPutBack,
    TicketState,
    changes,
    new_ticket,
)
from server.clinic.session import SessionState

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def line_of(*serials: int, session: SessionState = SessionState.OPEN) -> Line:
    """A line in which the patients of these serial numbers have checked in; their tickets are named "1", "2" …"""
    line = Line(session, tuple(new_ticket(str(serial), serial) for serial in serials))
    for serial in serials:
        line, _ = line.arrive(str(serial), NOW)
    return line


def order(line: Line) -> list[int]:
    return [ticket.serial for ticket in line.waiting()]


def after_missed_call(line: Line) -> Line:
    line, called = line.call_next()
    return line.miss(called[0].ticket_id)[0]


def test_number_one_is_called_first_whoever_arrives_first() -> None:
    line = Line(SessionState.OPEN, tuple(new_ticket(str(serial), serial) for serial in (1, 2, 3)))
    for ticket_id in ("3", "1", "2"):
        line, _ = line.arrive(ticket_id, NOW)
    assert order(line) == [1, 2, 3]
    assert line.call_next()[1] == (TicketCalled("1"),)


def test_who_is_booked_and_not_here_is_not_called() -> None:
    line = Line(SessionState.OPEN, (new_ticket("1", 1), new_ticket("2", 2)))
    with pytest.raises(NobodyWaiting):
        line.call_next()
    line, _ = line.arrive("2", NOW)
    assert line.call_next()[1] == (TicketCalled("2"),)


def test_checking_in_again_changes_nothing() -> None:
    line = Line(SessionState.PLANNED, (new_ticket("1", 1),))
    line, first = line.arrive("1", NOW)
    again, second = line.arrive("1", NOW + timedelta(minutes=5))
    assert (first, second) == ((TicketArrived("1"),), ())
    assert again == line
    assert again.ticket("1").arrived_at == NOW


def test_a_whole_visit() -> None:
    line, _ = line_of(1).call_next()
    line, answered = line.answer("1")
    line, ended = line.end("1", None)
    assert answered == (TicketAnswered("1"),)
    assert ended == (TicketCompleted("1", None),)
    assert line.ticket("1").state is TicketState.COMPLETED
    with pytest.raises(TicketOver):
        line.arrive("1", NOW)


def test_unfit_for_online_care_is_an_end_with_its_cause() -> None:
    line, _ = line_of(1).call_next()
    line, _ = line.end("1", Cause.UNFIT_FOR_ONLINE_CARE)
    assert (line.ticket("1").state, line.ticket("1").cause) == (TicketState.COMPLETED, Cause.UNFIT_FOR_ONLINE_CARE)


def test_only_one_is_in_the_room() -> None:
    line, _ = line_of(1, 2).call_next()
    with pytest.raises(AlreadyInVisit):
        line.call_next()
    line, _ = line.answer("1")
    with pytest.raises(AlreadyInVisit):
        line.call_next()


@pytest.mark.parametrize("session", [SessionState.PLANNED, SessionState.CLOSED])
def test_nobody_is_called_from_a_session_that_is_not_open(session: SessionState) -> None:
    with pytest.raises(SessionNotOpen):
        line_of(1, session=session).call_next()


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
    line, _ = line.call_next()
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
    line, _ = line.call_next()  # number 4, the first who is here
    for ticket_id in ("1", "2", "3"):
        line, _ = line.arrive(ticket_id, NOW)
    line, _ = line.miss("4")
    assert order(line) == [1, 2, 3, 4, 5]


def test_the_third_missed_call_is_the_last() -> None:
    line = line_of(1)
    for _ in range(MISSES_ALLOWED - 1):
        line = after_missed_call(line)
    line, _ = line.call_next()
    line, happened = line.miss("1")
    assert happened == (TicketGivenUp("1"),)
    assert line.ticket("1").state is TicketState.NO_SHOW
    with pytest.raises(NobodyWaiting):
        line.call_next()


def test_a_technical_failure_costs_no_place() -> None:
    line, _ = line_of(1, 2, 3).call_next()
    line, _ = line.answer("1")
    line, happened = line.end("1", Cause.TECHNICAL_FAILURE)
    assert happened == (TicketPutBack("1", Cause.TECHNICAL_FAILURE),)
    assert order(line) == [1, 2, 3]
    assert line.ticket("1").missed == 0


def test_being_called_again_forgets_why_one_was_put_back() -> None:
    line, _ = after_missed_call(line_of(1)).call_next()
    assert line.ticket("1").cause is None


def test_ahead_counts_those_before_and_the_one_in_the_room() -> None:
    line = line_of(1, 2, 3)
    assert [line.ahead(ticket_id) for ticket_id in ("1", "2", "3")] == [0, 1, 2]
    line, _ = line.call_next()
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
    after, _ = before.call_next()
    assert [ticket.id for ticket in changes(before, after)] == ["1"]
    assert changes(before, before) == []


class LineModel(RuleBasedStateMachine):
    """Anybody may book, arrive, be called, answer, miss, break off or finish at any time: the rules hold always."""

    booked: Bundle[str] = Bundle("booked")

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(SessionState.OPEN, ())
        self.calls: dict[str, int] = {}
        self.returns: dict[str, int] = {}

    @rule(target=booked)
    def book(self) -> str:
        serial = len(self.line.tickets) + 1
        ticket = new_ticket(f"t{serial}", serial)
        self.line = Line(self.line.session, (*self.line.tickets, ticket))
        return ticket.id

    @rule(ticket_id=booked)
    def arrive(self, ticket_id: str) -> None:
        before = self.line.ticket(ticket_id).state
        if before in OVER:
            with pytest.raises(TicketOver):
                self.line.arrive(ticket_id, NOW)
            return
        self.line, happened = self.line.arrive(ticket_id, NOW)
        assert bool(happened) is (before is TicketState.BOOKED)

    @rule()
    def call_next(self) -> None:
        waiting, in_room = self.line.waiting(), self.line.in_room()
        if in_room or not waiting:
            with pytest.raises((AlreadyInVisit, NobodyWaiting)):
                self.line.call_next()
            return
        first = min(waiting, key=lambda ticket: ticket.place)
        assert self.line.ahead(first.id) == 0
        self.line, (called,) = self.line.call_next()
        assert called.ticket_id == first.id
        self.calls[first.id] = self.calls.get(first.id, 0) + 1

    @precondition(lambda self: self.line.in_room() is not None)
    @rule()
    def answer(self) -> None:
        ticket = self.in_room()
        if ticket.state is TicketState.CALLED:
            self.line, _ = self.line.answer(ticket.id)
        else:
            with pytest.raises(NotCalled):
                self.line.answer(ticket.id)

    @precondition(lambda self: self.line.in_room() is not None)
    @rule()
    def miss(self) -> None:
        ticket, others = self.in_room(), self.line.waiting()
        self.line, (happened,) = self.line.miss(ticket.id)
        self.note_return(ticket.id)
        if ticket.missed + 1 >= MISSES_ALLOWED:
            assert isinstance(happened, TicketGivenUp)
            return
        back = self.line.ticket(ticket.id)
        assert back.state is TicketState.ARRIVED
        assert back.place >= ticket.place
        assert (self.line.ahead(ticket.id) or 0) >= min(STEP_BACK, len(others))
        assert [other for other in self.line.waiting() if other.id != ticket.id] == others

    @precondition(lambda self: self.line.in_room() is not None)
    @rule()
    def break_off(self) -> None:
        ticket, others = self.in_room(), self.line.waiting()
        self.line, _ = self.line.end(ticket.id, Cause.TECHNICAL_FAILURE)
        self.note_return(ticket.id)
        back = self.line.ticket(ticket.id)
        assert (back.place, back.missed, back.state) == (ticket.place, ticket.missed, TicketState.ARRIVED)
        assert self.line.ahead(ticket.id) == sum(other.place < ticket.place for other in others)

    @precondition(lambda self: self.line.in_room() is not None)
    @rule(cause=st.sampled_from([None, Cause.UNFIT_FOR_ONLINE_CARE]))
    def finish(self, cause: Cause | None) -> None:
        ticket = self.in_room()
        self.line, _ = self.line.end(ticket.id, cause)
        with pytest.raises(ClinicError):
            self.line.arrive(ticket.id, NOW)

    @invariant()
    def at_most_one_is_in_the_room(self) -> None:
        assert sum(ticket.state in IN_ROOM for ticket in self.line.tickets) <= 1

    @invariant()
    def serials_run_from_one_and_places_are_unique(self) -> None:
        assert [ticket.serial for ticket in self.line.tickets] == list(range(1, len(self.line.tickets) + 1))
        assert len({ticket.place for ticket in self.line.tickets}) == len(self.line.tickets)

    @invariant()
    def nobody_is_called_more_often_than_put_back_and_once(self) -> None:
        assert all(count <= self.returns.get(ticket_id, 0) + 1 for ticket_id, count in self.calls.items())

    @invariant()
    def those_ahead_count_up_along_the_line(self) -> None:
        room = 1 if self.line.in_room() else 0
        assert [self.line.ahead(ticket.id) for ticket in self.line.waiting()] == [
            room + index for index in range(len(self.line.waiting()))
        ]

    @invariant()
    def who_never_missed_stands_by_serial_number(self) -> None:
        punctual = [ticket.serial for ticket in self.line.waiting() if ticket.missed == 0]
        assert punctual == sorted(punctual)

    def in_room(self) -> Ticket:
        ticket = self.line.in_room()
        assert ticket is not None
        return ticket

    def note_return(self, ticket_id: str) -> None:
        self.returns[ticket_id] = self.returns.get(ticket_id, 0) + 1


TestLineModel = LineModel.TestCase
TestLineModel.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
