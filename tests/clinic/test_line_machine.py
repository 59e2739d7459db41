"""Everybody does anything at any time – two doctors, late patients, urgent ones, dropped lines – and the rules hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from server.clinic import events
from server.clinic.errors import ClinicError
from server.clinic.line import BLAMELESS, LATE_GRACE, MISSES_ALLOWED, STEP_BACK, Line, Pick
from server.clinic.movement import near
from server.clinic.session import SessionState
from server.clinic.ticket import IN_ROOM, OUTSIDE, OVER, Cause, Ticket, TicketState, Urgency, new_ticket

MORNING = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
DOCTORS = st.sampled_from(["Li", "Zhao", "Sun"])
MINUTES = st.integers(0, 20)
ENDINGS = st.sampled_from([None, Cause.UNFIT_FOR_ONLINE_CARE])
CANCELLED = {TicketState.CANCELLED, TicketState.WITHDRAWN}


class LineModel(RuleBasedStateMachine):
    """``seen`` remembers each ticket's states, so that nobody comes back from where nobody comes back."""

    tickets: Bundle[str] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(SessionState.OPEN, ())
        self.now = MORNING
        self.rung: dict[str, tuple[int, int]] = {}  # the rank from which each ticket was last called
        self.over: set[str] = set()

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(target=tickets, minutes=MINUTES, urgency=st.sampled_from(Urgency))
    def book(self, minutes: int, urgency: Urgency) -> str:
        serial = len(self.line.tickets) + 1
        planned_at = self.now + timedelta(minutes=minutes)
        ticket = replace(new_ticket(f"t{serial}", serial, planned_at), urgency=urgency)
        self.line = self.line.with_ticket(ticket)
        return ticket.id

    @rule(ticket_id=tickets)
    def arrive(self, ticket_id: str) -> None:
        before, waiting = self.line.ticket(ticket_id), self.line.waiting()
        if self.refused(before.state in OVER, lambda: self.line.arrive(ticket_id, self.now)):
            return
        self.line, happened = self.line.arrive(ticket_id, self.now)
        assert bool(happened) is (before.state is TicketState.BOOKED)
        if happened == (events.TicketArrived(ticket_id, late=True),):
            self.came_late(before, waiting)

    def came_late(self, before: Ticket, waiting: list[Ticket]) -> None:
        after = self.line.ticket(before.id)
        assert before.planned_at is not None
        assert self.now > before.planned_at + LATE_GRACE
        assert any(t.called_at and t.serial > before.serial for t in self.line.tickets)
        assert after.cause is Cause.LATE
        self.stands_behind(after, before.rank, waiting)

    @rule(doctor=DOCTORS)
    def call_next(self, doctor: str) -> None:
        waiting = self.line.waiting()
        if self.refused(not waiting or self.cannot_call(doctor), lambda: self.line.call_next(doctor, self.now)):
            return
        self.line, (called,) = self.line.call_next(doctor, self.now)
        assert called.ticket_id == min(waiting, key=lambda ticket: ticket.rank).id
        self.rung[called.ticket_id] = waiting[0].rank

    @rule(ticket_id=tickets, doctor=DOCTORS, pick=st.sampled_from(Pick))
    def call_this_one(self, ticket_id: str, doctor: str, pick: Pick) -> None:
        ticket = self.line.ticket(ticket_id)
        missed = ticket.state is TicketState.NO_SHOW or (ticket.state is TicketState.ARRIVED and ticket.missed > 0)
        here = ticket.state in {TicketState.ARRIVED, TicketState.HELD}
        possible = missed if pick is Pick.RECALLED else here
        step: Callable[[], object] = lambda: self.line.call(ticket_id, pick, doctor, self.now)  # noqa: E731
        if self.refused(not possible or self.cannot_call(doctor), step):
            return
        self.line, _ = self.line.call(ticket_id, pick, doctor, self.now)
        self.over.discard(ticket_id)
        self.rung[ticket_id] = ticket.rank

    @rule(ticket_id=tickets)
    def answer(self, ticket_id: str) -> None:
        ringing = self.line.ticket(ticket_id).state is TicketState.CALLED
        if not self.refused(not ringing, lambda: self.line.answer(ticket_id)):
            self.line, _ = self.line.answer(ticket_id)

    @rule(ticket_id=tickets)
    def miss(self, ticket_id: str) -> None:
        ticket, waiting = self.line.ticket(ticket_id), self.line.waiting()
        if self.refused(ticket.state not in IN_ROOM, lambda: self.line.miss(ticket_id)):
            return
        self.line, (happened,) = self.line.miss(ticket_id)
        after = self.line.ticket(ticket_id)
        assert after.missed == ticket.missed + 1
        if after.missed >= MISSES_ALLOWED:
            assert happened == events.TicketGivenUp(ticket_id)
            return
        assert happened == events.TicketPutBack(ticket_id, Cause.PATIENT_ABSENT)
        self.stands_behind(after, ticket.rank, waiting)

    @rule(ticket_id=tickets, cause=st.sampled_from(sorted(BLAMELESS)))
    def break_off(self, ticket_id: str, cause: Cause) -> None:
        ticket, waiting = self.line.ticket(ticket_id), self.line.waiting()
        if self.refused(ticket.state not in IN_ROOM, lambda: self.line.end(ticket_id, cause)):
            return
        self.line, _ = self.line.end(ticket_id, cause)
        after = self.line.ticket(ticket_id)
        assert (after.rank, after.missed) == (self.rung[ticket_id], ticket.missed), "a failure costs nothing"
        sooner = [other for other in waiting if other.rank < after.rank]
        assert self.line.ahead(ticket_id) == len(sooner) + len(self.line.in_room())

    @rule(ticket_id=tickets, cause=ENDINGS)
    def finish(self, ticket_id: str, cause: Cause | None) -> None:
        in_room = self.line.ticket(ticket_id).state in IN_ROOM
        if not self.refused(not in_room, lambda: self.line.end(ticket_id, cause)):
            self.line, _ = self.line.end(ticket_id, cause)

    @rule(ticket_id=tickets)
    def hold_and_release(self, ticket_id: str) -> None:
        ticket = self.line.ticket(ticket_id)
        if self.refused(ticket.state is not TicketState.ARRIVED, lambda: self.line.hold(ticket_id)):
            return
        held, _ = self.line.hold(ticket_id)
        assert ticket_id not in held.standing()
        assert held.release(ticket_id)[0] == self.line
        self.line = held

    @rule(ticket_id=tickets)
    def release(self, ticket_id: str) -> None:
        held = self.line.ticket(ticket_id).state is TicketState.HELD
        if not self.refused(not held, lambda: self.line.release(ticket_id)):
            self.line, _ = self.line.release(ticket_id)

    @rule(ticket_id=tickets, cause=st.sampled_from([Cause.BY_PATIENT, Cause.BY_CLINIC, Cause.NO_CONSENT]))
    def cancel(self, ticket_id: str, cause: Cause) -> None:
        outside = self.line.ticket(ticket_id).state in OUTSIDE
        if not self.refused(not outside, lambda: self.line.cancel(ticket_id, cause)):
            self.line, _ = self.line.cancel(ticket_id, cause)
            assert self.line.ticket(ticket_id).state in CANCELLED

    @rule(ticket_id=tickets)
    def go_elsewhere(self, ticket_id: str) -> None:
        outside = self.line.ticket(ticket_id).state in OUTSIDE
        if not self.refused(not outside, lambda: self.line.leave(ticket_id, Cause.MOVED)):
            self.line, _ = self.line.leave(ticket_id, Cause.MOVED)

    @rule(ticket_id=tickets, urgency=st.sampled_from(Urgency))
    def reclassify(self, ticket_id: str, urgency: Urgency) -> None:
        ticket = self.line.ticket(ticket_id)
        if not self.refused(ticket.state in OVER, lambda: self.line.reclassify(ticket_id, urgency)):
            self.line, _ = self.line.reclassify(ticket_id, urgency)
            if ticket_id in self.rung:
                self.rung[ticket_id] = (urgency, self.rung[ticket_id][1])

    @rule(session=st.sampled_from(SessionState))
    def change_session(self, session: SessionState) -> None:
        before = self.line.standing()
        self.line = Line(session, self.line.tickets)
        assert self.line.standing() == before, "who waits stays where they stand"

    @invariant()
    def a_doctor_has_one_room_and_nobody_is_in_two(self) -> None:
        doctors = [ticket.called_by for ticket in self.line.in_room()]
        assert None not in doctors
        assert len(doctors) == len(set(doctors))
        assert all(t.called_by is None for t in self.line.tickets if t.state not in IN_ROOM)

    @invariant()
    def nobody_is_lost_and_no_number_is_given_twice(self) -> None:
        assert [ticket.serial for ticket in self.line.tickets] == list(range(1, len(self.line.tickets) + 1))
        assert len({ticket.place for ticket in self.line.tickets}) == len(self.line.tickets)
        waiting = {ticket.id for ticket in self.line.waiting()}
        assert waiting == {t.id for t in self.line.tickets if t.state is TicketState.ARRIVED}

    @invariant()
    def the_order_is_urgency_then_place(self) -> None:
        ranks = [(ticket.urgency, ticket.place) for ticket in self.line.waiting()]
        assert ranks == sorted(ranks)
        seen_now = len(self.line.in_room())
        assert list(self.line.standing().values()) == list(range(seen_now, seen_now + len(ranks)))

    @invariant()
    def who_was_never_absent_or_late_stands_by_serial_number_in_the_own_class(self) -> None:
        for urgency in Urgency:
            serials = [t.serial for t in self.line.waiting() if not t.missed and not t.late and t.urgency is urgency]
            assert serials == sorted(serials)

    @invariant()
    def who_is_over_stays_over(self) -> None:
        """Only a recall brings a no-show back, and says so to this model."""
        now_over = {ticket.id for ticket in self.line.tickets if ticket.state in OVER}
        assert self.over <= now_over
        self.over = now_over

    @invariant()
    def nobody_is_told_to_get_ready_where_nobody_is_called(self) -> None:
        told = near(self.line)
        assert not told or self.line.session is SessionState.OPEN
        assert all(ahead <= STEP_BACK for ahead in told.values())

    def cannot_call(self, doctor: str) -> bool:
        busy = any(ticket.called_by == doctor for ticket in self.line.in_room())
        return busy or self.line.session is not SessionState.OPEN

    def refused(self, expected: bool, step: Callable[[], object]) -> bool:
        """Where a step is not possible it is refused by name, and the line is what it was."""
        if not expected:
            return False
        before = self.line
        with pytest.raises(ClinicError):
            step()
        assert self.line == before
        return True

    def stands_behind(self, ticket: Ticket, had: tuple[int, int], waiting: list[Ticket]) -> None:
        """No sooner than before, behind those of the first three who are no less urgent, and behind nobody else.

        But for those who were put behind the same ones before. All others stay where they stand.
        """
        assert ticket.rank >= had
        passed = [other for other in waiting[:STEP_BACK] if other.urgency <= ticket.urgency]
        standing = self.line.standing()
        assert all(standing[other.id] < standing[ticket.id] for other in passed)
        furthest = max([had, *(other.rank for other in passed)])
        beyond = [t for t in waiting if t.rank > furthest and not t.missed and not t.late]
        assert all(standing[other.id] > standing[ticket.id] for other in beyond)
        assert [other for other in self.line.waiting() if other.id != ticket.id] == waiting


TestLineModel = LineModel.TestCase
TestLineModel.settings = settings(max_examples=150, stateful_step_count=60)
