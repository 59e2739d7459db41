"""THE LINE: those of one session who wait, who is called next, and what a missed call costs.

Values in, (new value, events) out. A place is not a socket: nothing here knows who is online.

    booked ──arrive──▶ arrived ──call_next──▶ called ──answer──▶ in_visit ──end──▶ completed
                          ▲                     │                   │
                          ├──── miss: behind the third who waits ───┤ patient absent
                          └──── end: the old place ─────────────────┘ technical failure
                                                (the third miss) ──▶ no_show
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from server.clinic.errors import AlreadyInVisit, NobodyWaiting, NotCalled, NotFound, SessionNotOpen, TicketOver
from server.clinic.session import SessionState

PLACES_PER_SERIAL = 1000  # room between two serial numbers for those who are put back
STEP_BACK = 3  # a missed call lets so many others go first
MISSES_ALLOWED = 3  # the third one ends the ticket


class TicketState(StrEnum):
    BOOKED = "booked"
    ARRIVED = "arrived"
    CALLED = "called"
    IN_VISIT = "in_visit"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Cause(StrEnum):
    """Why a ticket is back in the line, or over without an ordinary visit. Only absence costs a place."""

    PATIENT_ABSENT = "patient_absent"
    TECHNICAL_FAILURE = "technical_failure"
    UNFIT_FOR_ONLINE_CARE = "unfit_for_online_care"


IN_ROOM = frozenset({TicketState.CALLED, TicketState.IN_VISIT})
OVER = frozenset({TicketState.COMPLETED, TicketState.NO_SHOW})


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the line. The lower ``place``, the sooner; no two tickets of a session share one."""

    id: str
    serial: int
    place: int
    state: TicketState = TicketState.BOOKED
    missed: int = 0
    cause: Cause | None = None
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketArrived:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketCalled:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketAnswered:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketPutBack:
    """Waits again: behind others after a missed call, at the old place after a technical failure."""

    ticket_id: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TicketGivenUp:
    """The last allowed call was missed."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketCompleted:
    ticket_id: str
    cause: Cause | None


Event = TicketArrived | TicketCalled | TicketAnswered | TicketPutBack | TicketGivenUp | TicketCompleted


def new_ticket(ticket_id: str, serial: int) -> Ticket:
    """A ticket as booked. ``serial`` is the session's next number, from 1 without gaps; the store issues it."""
    return Ticket(ticket_id, serial, place=serial * PLACES_PER_SERIAL)


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
        return sorted((t for t in self.tickets if t.state is TicketState.ARRIVED), key=lambda t: t.place)

    def in_room(self) -> Ticket | None:
        return next((t for t in self.tickets if t.state in IN_ROOM), None)

    def ahead(self, ticket_id: str) -> int | None:
        """How many will be seen before this one, the one in the room included; 0 means "you are next".

        Counts those who are here: who is booked and has not arrived counts nothing yet. None for a ticket that does
        not wait.
        """
        own = self.ticket(ticket_id)
        if own.state is not TicketState.ARRIVED:
            return None
        sooner = sum(1 for t in self.tickets if t.state is TicketState.ARRIVED and t.place < own.place)
        return sooner + (1 if self.in_room() else 0)

    def arrive(self, ticket_id: str, now: datetime) -> "tuple[Line, tuple[Event, ...]]":
        """Check in. Again is no event: a page that is opened twice changes nothing. Raises ``TicketOver``."""
        ticket = self.ticket(ticket_id)
        if ticket.state in OVER:
            raise TicketOver("this ticket's visit is over")
        if ticket.state is not TicketState.BOOKED:
            return self, ()
        arrived = replace(ticket, state=TicketState.ARRIVED, arrived_at=now)
        return self._with(arrived), (TicketArrived(ticket_id),)

    def call_next(self) -> "tuple[Line, tuple[TicketCalled]]":
        """Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NobodyWaiting``."""
        if self.session is not SessionState.OPEN:
            raise SessionNotOpen("open the session first")
        if self.in_room():
            raise AlreadyInVisit("somebody is called or in the room")
        waiting = self.waiting()
        if not waiting:
            raise NobodyWaiting("nobody has checked in")
        called = replace(waiting[0], state=TicketState.CALLED, cause=None)
        return self._with(called), (TicketCalled(called.id),)

    def answer(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """The patient takes the call. Raises ``NotCalled``."""
        ticket = self.ticket(ticket_id)
        if ticket.state is not TicketState.CALLED:
            raise NotCalled("this ticket is not being called")
        return self._with(replace(ticket, state=TicketState.IN_VISIT)), (TicketAnswered(ticket_id),)

    def end(self, ticket_id: str, cause: Cause | None) -> "tuple[Line, tuple[Event, ...]]":
        """The call or visit is over: done, or back into the line after absence or a failure. Raises ``NotCalled``."""
        ticket = self.ticket(ticket_id)
        if ticket.state not in IN_ROOM:
            raise NotCalled("this ticket is not in the room")
        if cause is Cause.PATIENT_ABSENT:
            return self._missed(ticket)
        if cause is Cause.TECHNICAL_FAILURE:
            returned = replace(ticket, state=TicketState.ARRIVED, cause=cause)
            return self._with(returned), (TicketPutBack(ticket_id, cause),)
        completed = replace(ticket, state=TicketState.COMPLETED, cause=cause)
        return self._with(completed), (TicketCompleted(ticket_id, cause),)

    def miss(self, ticket_id: str) -> "tuple[Line, tuple[Event, ...]]":
        """Nobody answered in time. Raises ``NotCalled``."""
        return self.end(ticket_id, Cause.PATIENT_ABSENT)

    def _missed(self, ticket: Ticket) -> "tuple[Line, tuple[Event, ...]]":
        cause = Cause.PATIENT_ABSENT
        missed = replace(ticket, missed=ticket.missed + 1, cause=cause)
        if missed.missed >= MISSES_ALLOWED:
            return self._with(replace(missed, state=TicketState.NO_SHOW)), (TicketGivenUp(ticket.id),)
        back = replace(missed, state=TicketState.ARRIVED, place=self._place_behind_others(ticket))
        return self._with(back), (TicketPutBack(ticket.id, cause),)

    def _place_behind_others(self, ticket: Ticket) -> int:
        """Behind the third who waits, or the last where fewer do; never before the place it had.

        Of two who are put behind the same one, the later goes behind the earlier.
        """
        others = self.waiting()[:STEP_BACK]
        if not others or others[-1].place < ticket.place:
            return ticket.place
        place = others[-1].place + 1
        taken = {t.place for t in self.tickets}
        while place in taken:
            place += 1
        return place

    def _with(self, changed: Ticket) -> "Line":
        return replace(self, tickets=tuple(changed if t.id == changed.id else t for t in self.tickets))


def changes(before: Line, after: Line) -> list[Ticket]:
    """The tickets that a step has changed: what is to be stored."""
    return [new for old, new in zip(before.tickets, after.tickets, strict=True) if new != old]
