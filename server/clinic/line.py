"""THE LINE: those of one session who wait, who is called next, and what a missed call costs.

Values in, (new value, events) out. A place is not a socket: nothing here knows who is online.

    booked ──arrive──▶ arrived ──call──▶ called ──answer──▶ in_visit ──end──▶ completed
       │                │  ▲ ▲              │                   │
       │       hold     ▼  │ ├── absent: behind the third ──────┤
       │               held┘ └── a failure: the old place ──────┘
       ├── cancel ──▶ cancelled, withdrawn            (the third miss) ──▶ no_show ──recall──▶ called
       ├── leave ───▶ transferred
       └── conclude ▶ no_show
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from server.clinic import events
from server.clinic.errors import (
    AlreadyInVisit,
    NobodyWaiting,
    NotCalled,
    NotFound,
    NotWaiting,
    SessionNotOpen,
    TicketOver,
)
from server.clinic.events import Event
from server.clinic.session import SessionState
from server.clinic.ticket import IN_ROOM, OUTSIDE, OVER, Cause, Ticket, TicketState, Urgency

STEP_BACK = 3  # who misses a call or comes late lets so many others go first
MISSES_ALLOWED = 3  # the third one ends the ticket
LATE_GRACE = timedelta(minutes=10)
BLAMELESS = frozenset({Cause.TECHNICAL_FAILURE, Cause.DOCTOR_ABSENT})  # cost no place and count as no miss
OWN_WISH = frozenset({Cause.BY_PATIENT, Cause.NO_CONSENT})


class Pick(Enum):
    """Why a doctor calls a ticket out of its turn."""

    CHOSEN = "chosen"  # one who waits or is held
    RECALLED = "recalled"  # one who has missed a call, even the last one


@dataclass(frozen=True, slots=True)
class Line:
    """The tickets of one session and whether it is open. Methods raise ``ClinicError``s and change nothing then."""

    session: SessionState
    tickets: tuple[Ticket, ...]

    def ticket(self, ticket_id: str) -> Ticket:
        for ticket in self.tickets:
            if ticket.id == ticket_id:
                return ticket
        raise NotFound("no such ticket")

    def waiting(self) -> list[Ticket]:
        """Those who have checked in and wait, the next one first."""
        return sorted((t for t in self.tickets if t.state is TicketState.ARRIVED), key=lambda t: t.rank)

    def in_room(self) -> list[Ticket]:
        """Those who are called or seen, at most one a doctor."""
        return [t for t in self.tickets if t.state in IN_ROOM]

    def ahead(self, ticket_id: str) -> int | None:
        """How many will be seen before this one, those in a room included; 0 means "you are next".

        Counts those who are here: who is booked and has not arrived counts nothing yet. None for a ticket that does
        not wait.
        """
        self.ticket(ticket_id)
        return self.standing().get(ticket_id)

    def standing(self) -> Mapping[str, int]:
        """``ahead`` of everybody who waits, by ticket."""
        seen_now = len(self.in_room())
        return {ticket.id: seen_now + sooner for sooner, ticket in enumerate(self.waiting())}

    def expected_ahead(self) -> Mapping[str, int]:
        """``ahead`` of those who are booked, were they here: those who may still come before them are counted."""
        booked, passed = [t for t in self.tickets if t.state is TicketState.BOOKED], self._passed()
        may_come = [t for t in booked if t.serial > passed[t.urgency]]
        sooner = sorted(t.rank for t in [*self.waiting(), *may_come])
        return {ticket.id: len(self.in_room()) + bisect_left(sooner, ticket.rank) for ticket in booked}

    def with_ticket(self, ticket: Ticket) -> "Line":
        """The line with one who was booked, or came from another line."""
        return replace(self, tickets=(*self.tickets, ticket))

    def arrive(self, ticket_id: str, now: datetime, grace: timedelta = LATE_GRACE) -> "tuple[Line, tuple[Event, ...]]":
        """Check in. Again is no event: a page that is opened twice changes nothing. Raises ``TicketOver``.

        Late is who comes more than ``grace`` after the planned time when the number has been passed: behind the third
        who waits, as after a missed call.
        """
        ticket = self.ticket(ticket_id)
        _check_not_over(ticket)
        if ticket.state is not TicketState.BOOKED:
            return self, ()
        arrived = replace(ticket, state=TicketState.ARRIVED, arrived_at=now)
        late = _is_overdue(ticket, now - grace) and ticket.serial < self._passed()[ticket.urgency]
        if late:
            arrived = replace(arrived, late=True, cause=Cause.LATE, place=self._place_behind_others(ticket))
        return self._with(arrived), (events.TicketArrived(ticket_id, late),)

    def call_next(self, doctor_id: str, now: datetime) -> "tuple[Line, tuple[events.TicketCalled]]":
        """Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NobodyWaiting``."""
        self._check_may_call(doctor_id)
        waiting = self.waiting()
        if not waiting:
            raise NobodyWaiting("nobody has checked in")
        return self._called(waiting[0], doctor_id, now)

    def call(self, ticket_id: str, pick: Pick, doctor_id: str, now: datetime) -> "tuple[Line, tuple[Event, ...]]":
        """Call this one, out of turn. Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NotWaiting``."""
        ticket = self.ticket(ticket_id)
        self._check_may_call(doctor_id)
        missed = ticket.state is TicketState.NO_SHOW or (ticket.state is TicketState.ARRIVED and ticket.missed > 0)
        here = ticket.state in {TicketState.ARRIVED, TicketState.HELD}
        if not (missed if pick is Pick.RECALLED else here):
            raise NotWaiting("this ticket cannot be called so")
        return self._called(replace(ticket, missed=min(ticket.missed, MISSES_ALLOWED - 1)), doctor_id, now)

    def answer(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """The patient takes the call. Raises ``NotCalled``."""
        ticket = self.ticket(ticket_id)
        if ticket.state is not TicketState.CALLED:
            raise NotCalled("this ticket is not being called")
        return self._with(replace(ticket, state=TicketState.IN_VISIT)), (events.TicketAnswered(ticket_id),)

    def end(self, ticket_id: str, cause: Cause | None) -> "tuple[Line, tuple[Event, ...]]":
        """The call or visit is over: done, or back into the line after absence or a failure. Raises ``NotCalled``."""
        ticket = self.ticket(ticket_id)
        if ticket.state not in IN_ROOM:
            raise NotCalled("this ticket is not in a room")
        left = replace(ticket, called_by=None, cause=cause)
        if cause is Cause.PATIENT_ABSENT:
            return self._missed(left)
        if cause in BLAMELESS:
            return self._with(replace(left, state=TicketState.ARRIVED)), (events.TicketPutBack(ticket_id, cause),)
        if cause is Cause.TRANSFERRED:
            return self._transferred(left, cause)
        return self._with(replace(left, state=TicketState.COMPLETED)), (events.TicketCompleted(ticket_id, cause),)

    def miss(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """Nobody answered in time. Raises ``NotCalled``."""
        return self.end(ticket_id, Cause.PATIENT_ABSENT)

    def hold(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """Raises ``NotWaiting``."""
        return self._turn(ticket_id, TicketState.ARRIVED, TicketState.HELD), (events.TicketHeld(ticket_id),)

    def release(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """Back to the place that was kept. Raises ``NotWaiting``."""
        return self._turn(ticket_id, TicketState.HELD, TicketState.ARRIVED), (events.TicketReleased(ticket_id),)

    def cancel(self, ticket_id: str, cause: Cause) -> "tuple[Line, tuple[Event, ...]]":
        """Give the number back; nobody gets it again. Raises ``TicketOver``, ``AlreadyInVisit``."""
        ticket = self._outside(ticket_id)
        if ticket.state is not TicketState.BOOKED and cause in OWN_WISH:
            withdrawn = replace(ticket, state=TicketState.WITHDRAWN, cause=cause)
            return self._with(withdrawn), (events.TicketWithdrawn(ticket_id, cause),)
        cancelled = replace(ticket, state=TicketState.CANCELLED, cause=cause)
        return self._with(cancelled), (events.TicketCancelled(ticket_id, cause),)

    def leave(self, ticket_id: str, cause: Cause) -> "tuple[Line, tuple[Event, ...]]":
        """Go on in another session: ``MOVED`` or ``TRANSFERRED``. Raises ``TicketOver``, ``AlreadyInVisit``."""
        return self._transferred(self._outside(ticket_id), cause)

    def reclassify(self, ticket_id: str, urgency: Urgency) -> "tuple[Line, tuple[Event, ...]]":
        """Again the same is no event. Raises ``TicketOver``."""
        ticket = self.ticket(ticket_id)
        _check_not_over(ticket)
        if ticket.urgency is urgency:
            return self, ()
        return self._with(replace(ticket, urgency=urgency)), (events.TicketReclassified(ticket_id, urgency),)

    def conclude(self) -> "tuple[Line, tuple[Event, ...]]":
        """The day is over: who never came is a no-show, and the clinic owes an excuse to whoever still waits."""
        line, happened = self, list[Event]()
        for ticket in self.tickets:
            if ticket.state is TicketState.BOOKED:
                line = line._with(replace(ticket, state=TicketState.NO_SHOW, cause=Cause.PATIENT_ABSENT))
                happened.append(events.TicketNeverCame(ticket.id))
            elif ticket.state in OUTSIDE:
                line, cancelled = line.cancel(ticket.id, Cause.DOCTOR_ABSENT)
                happened += cancelled
        return line, tuple(happened)

    def _called(self, ticket: Ticket, doctor_id: str, now: datetime) -> "tuple[Line, tuple[events.TicketCalled]]":
        called = replace(ticket, state=TicketState.CALLED, cause=None, called_at=now, called_by=doctor_id)
        return self._with(called), (events.TicketCalled(called.id),)

    def _missed(self, left: Ticket) -> "tuple[Line, tuple[Event, ...]]":
        missed = replace(left, missed=left.missed + 1)
        if missed.missed >= MISSES_ALLOWED:
            return self._with(replace(missed, state=TicketState.NO_SHOW)), (events.TicketGivenUp(left.id),)
        back = replace(missed, state=TicketState.ARRIVED, place=self._place_behind_others(left))
        return self._with(back), (events.TicketPutBack(left.id, Cause.PATIENT_ABSENT),)

    def _transferred(self, ticket: Ticket, cause: Cause) -> "tuple[Line, tuple[Event, ...]]":
        gone = replace(ticket, state=TicketState.TRANSFERRED, cause=cause)
        return self._with(gone), (events.TicketTransferred(ticket.id, cause),)

    def _turn(self, ticket_id: str, old: TicketState, new: TicketState) -> "Line":
        ticket = self.ticket(ticket_id)
        if ticket.state is not old:
            raise NotWaiting(f"this ticket is not {old}")
        return self._with(replace(ticket, state=new))

    def _outside(self, ticket_id: str) -> Ticket:
        ticket = self.ticket(ticket_id)
        _check_not_over(ticket)
        if ticket.state not in OUTSIDE:
            raise AlreadyInVisit("this ticket is in a room; end the visit first")
        return ticket

    def _check_may_call(self, doctor_id: str) -> None:
        if self.session is not SessionState.OPEN:
            raise SessionNotOpen("open the session first")
        if any(ticket.called_by == doctor_id for ticket in self.in_room()):
            raise AlreadyInVisit("somebody is called or in the room")

    def _passed(self) -> Mapping[Urgency, int]:
        """For each class the last number called of those no more urgent: whoever comes before it has been passed."""
        called = [t for t in self.tickets if t.called_at]
        return {own: max((t.serial for t in called if t.urgency >= own), default=0) for own in Urgency}

    def _place_behind_others(self, ticket: Ticket) -> int:
        """Behind the third who waits, or the last where fewer do; never before the place it had.

        Those of a more urgent class stand before it anyway, and nobody is put behind a less urgent one. Of two who
        are put behind the same one, the later goes behind the earlier.
        """
        others = [t.place for t in self.waiting()[:STEP_BACK] if t.urgency is ticket.urgency]
        if not others or others[-1] < ticket.place:
            return ticket.place
        place = others[-1] + 1
        taken = {t.place for t in self.tickets}
        while place in taken:
            place += 1
        return place

    def _with(self, changed: Ticket) -> "Line":
        return replace(self, tickets=tuple(changed if t.id == changed.id else t for t in self.tickets))


def changes(before: Line, after: Line) -> list[Ticket]:
    """The tickets that a step has changed, or added: what is to be stored."""
    old = {ticket.id: ticket for ticket in before.tickets}
    return [ticket for ticket in after.tickets if old.get(ticket.id) != ticket]


def _check_not_over(ticket: Ticket) -> None:
    if ticket.state in OVER:
        raise TicketOver("this ticket's visit is over")


def _is_overdue(ticket: Ticket, since: datetime) -> bool:
    return ticket.planned_at is not None and ticket.planned_at < since
