"""A hospital of the pure cores alone: sessions, lines, visits, letters, audit. ``tick(now)`` is all that moves it."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from server.access.audit import AuditEntry
from server.clinic import letters, news
from server.clinic.errors import ClinicError
from server.clinic.events import Event as LineEvent
from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.letters import Contact, Life
from server.clinic.line import Line
from server.clinic.measuring import SeenSession, SeenTicket, SeenVisit
from server.clinic.movement import Movement, due_letters, ended, written
from server.clinic.relocation import continued
from server.clinic.session import Doctor, Session, SessionState
from server.clinic.ticket import OVER, Cause, Ticket, TicketState, Urgency, new_ticket
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.visits.keeping import ACTIONS
from server.visits.visit import Event, Outcome, Visit, VisitEnded, VisitMissed, VisitState, VisitTimes
from tests.replay.forecast import Forecast
from tests.replay.script import ANSWERS, Sitting, Visiting

TIMES = VisitTimes()
KIND = PlannedKind(VisitKind.ADVICE, 4)
SENDER = Sender("青山互联网医院", UTC, "https://hospital.example/console", telephone="0571-0000")
Move = Callable[[Line], tuple[Line, tuple[LineEvent, ...]]]


@dataclass(frozen=True)
class Call:
    """Who was called, and the line just before."""

    at: datetime
    session_id: str
    doctor: str
    ticket: Ticket
    before: Line


@dataclass(frozen=True)
class Step:
    """A ticket before and after something happened to it, and who stood in front of whom then."""

    at: datetime
    before: Ticket
    after: Ticket
    waiting: tuple[Ticket, ...]


@dataclass
class Ledger:
    """What came out. ``letters`` by cause: the same cause tells the same person once, as in the outbox."""

    calls: list[Call] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    letters: dict[str, NewDelivery] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    refused: int = 0


@dataclass
class Desk:
    """One session in the making: its line, who is in which room, what will happen to it."""

    sitting: Sitting
    session: Session
    line: Line
    people: dict[str, Visiting]
    rooms: dict[str, Visit] = field(default_factory=dict)
    visited: dict[str, int] = field(default_factory=dict)
    rung: dict[str, int] = field(default_factory=dict)
    visits: list[SeenVisit] = field(default_factory=list)
    opened_at: datetime | None = None
    stirred: bool = False  # something changed since the doctors last looked

    def seen(self) -> SeenSession:
        tickets = [SeenTicket(ticket, KIND.kind) for ticket in self.line.tickets]
        return SeenSession(self.session, self.opened_at, tickets, self.visits)


class Hospital:
    """Built once of a script; nothing happens but in ``tick``."""

    def __init__(self, sittings: tuple[Sitting, ...], forecast: Forecast | None = None) -> None:
        self.ledger, self.forecast = Ledger(), forecast
        self.desks = {sitting.id: _desk(sitting) for sitting in sittings}
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._ended: set[str] = set()
        for desk in self.desks.values():
            self._plan(desk)

    def tick(self, now: datetime) -> None:
        """Everything whose time has come, in its order; then the rings that ended and the doctors who are free."""
        while self._agenda and self._agenda[0][0] <= now:
            _, _, act = heapq.heappop(self._agenda)
            try:
                act(now)
            except ClinicError:
                self.ledger.refused += 1
        for desk in self.desks.values():
            for visit in tuple(desk.rooms.values()):
                self._step_visit(desk, visit, visit.tick(now, TIMES), now)
            if desk.stirred:
                self._call(desk, now)

    def over(self, now: datetime) -> list[SeenSession]:
        """Sessions whose hours have ended."""
        return [desk.seen() for desk in self.desks.values() if desk.sitting.closes_at <= now]

    def conclude(self, now: datetime) -> None:
        """The end of the day."""
        for desk in self.desks.values():
            self._change(desk, desk.session.closed(), now)
            self._move(desk, Line.conclude, "system", now)

    def online(self, desk: Desk, ticket_id: str, now: datetime) -> bool:
        return not any(start <= now < end for start, end in desk.people[ticket_id].drops)

    def _plan(self, desk: Desk) -> None:
        sitting = desk.sitting
        self._at(sitting.comes_at, lambda now: self._change(desk, desk.session.opened(), now))
        for start, end in sitting.pauses:
            if start > sitting.comes_at:
                self._at(start, lambda now: self._change(desk, desk.session.suspended("抢救中"), now))
                self._at(end, lambda now: self._change(desk, desk.session.resumed(), now))
        for ticket_id, patient in tuple(desk.people.items()):
            self._plan_patient(desk, ticket_id, patient)

    def _plan_patient(self, desk: Desk, ticket_id: str, patient: Visiting) -> None:
        actor = f"ticket:{ticket_id}"
        if patient.arrives_at:
            self._at(patient.arrives_at, lambda now: self._arrive(desk, ticket_id, now))
        if patient.cancels_at:
            cancel: Move = lambda line: line.cancel(ticket_id, Cause.BY_PATIENT)  # noqa: E731
            self._at(patient.cancels_at, lambda now: self._move(desk, cancel, actor, now))
        if patient.urgent_at:
            urgent: Move = lambda line: line.reclassify(ticket_id, Urgency.URGENT)  # noqa: E731
            self._at(patient.urgent_at, lambda now: self._move(desk, urgent, "user:desk", now))
        if patient.held:
            start, end = patient.held
            self._at(start, lambda now: self._move(desk, lambda x: x.hold(ticket_id), "user:desk", now))
            self._at(end, lambda now: self._move(desk, lambda x: x.release(ticket_id), "user:desk", now))
        if patient.moves_at:
            self._at(patient.moves_at, lambda now: self._send_on(desk, ticket_id, now))

    def _arrive(self, desk: Desk, ticket_id: str, now: datetime) -> None:
        self._move(desk, lambda line: line.arrive(ticket_id, now), f"ticket:{ticket_id}", now)
        if self.forecast:
            self.forecast.arrived(ticket_id, desk.seen(), now)

    def _call(self, desk: Desk, now: datetime) -> None:
        desk.stirred = False
        for doctor in desk.sitting.doctors:
            free = doctor not in desk.rooms and desk.session.state is SessionState.OPEN
            if free and desk.line.waiting():
                self._ring(desk, doctor, now)

    def _ring(self, desk: Desk, doctor: str, now: datetime) -> None:
        before = desk.line
        self._move(desk, lambda line: line.call_next(doctor, now), f"user:{doctor}", now)
        [ticket] = [t for t in desk.line.in_room() if t.called_by == doctor]
        if self.forecast:
            self.forecast.called(ticket.id, now)
        self.ledger.calls.append(Call(now, desk.session.id, doctor, before.ticket(ticket.id), before))
        rung = desk.rung[ticket.id] = desk.rung.get(ticket.id, 0) + 1
        visit = Visit(f"{ticket.id}.{rung}", ticket.id, desk.session.id, ticket.id, doctor, now, now + TIMES.ring)
        desk.rooms[doctor] = visit
        if not self.online(desk, ticket.id, now):
            self._post(letters.called(SENDER, self._contact(desk, ticket.id), visit.id, Life(now, visit.ring_until)))
        delay = desk.people[ticket.id].answers[min(rung, ANSWERS) - 1]
        if delay is not None:
            self._at(now + timedelta(seconds=delay), lambda then: self._answer(desk, visit, then))

    def _answer(self, desk: Desk, rung: Visit, now: datetime) -> None:
        visit = desk.rooms.get(rung.doctor_id)
        if visit is None or visit.id != rung.id or visit.state is not VisitState.CALLED:
            return
        self._step_visit(desk, visit, visit.answer(now), now)
        self._move(desk, lambda line: line.answer(visit.ticket_id), f"ticket:{visit.ticket_id}", now)
        patient, times = desk.people[visit.ticket_id], desk.visited.get(visit.ticket_id, 0)
        desk.visited[visit.ticket_id] = times + 1
        outcome = patient.endings[min(times, len(patient.endings) - 1)]
        took = timedelta(seconds=patient.visit_s if outcome is Outcome.COMPLETED else 20)
        self._at(now + took, lambda then: self._end(desk, visit, outcome, then))

    def _end(self, desk: Desk, answered: Visit, outcome: Outcome, now: datetime) -> None:
        visit = desk.rooms[answered.doctor_id]
        self._step_visit(desk, visit, visit.end(outcome, now), now)

    def _step_visit(self, desk: Desk, before: Visit, stepped: tuple[Visit, tuple[Event, ...]], now: datetime) -> None:
        after, happened = stepped
        desk.rooms[before.doctor_id] = after
        self.ledger.audit += [
            AuditEntry(now, "system", ACTIONS[type(event)], f"visit:{event.visit_id}") for event in happened
        ]
        for event in happened:
            if isinstance(event, VisitEnded | VisitMissed):
                del desk.rooms[before.doctor_id]
                desk.visits.append(_seen_visit(desk, before, event, now))
                self._leave_room(desk, before.ticket_id, event, now)

    def _leave_room(self, desk: Desk, ticket_id: str, event: VisitEnded | VisitMissed, now: datetime) -> None:
        cause = event.outcome.cause if isinstance(event, VisitEnded) else Cause.PATIENT_ABSENT
        self._move(desk, lambda line: line.end(ticket_id, cause), "system", now)

    def _send_on(self, desk: Desk, ticket_id: str, now: datetime) -> None:
        target, old = self.desks[desk.sitting.sends_to], desk.line.ticket(ticket_id)
        self._move(desk, lambda line: line.leave(ticket_id, Cause.TRANSFERRED), "user:desk", now)
        serial = len(target.line.tickets) + 1
        blank = new_ticket(f"{target.session.id}.{serial}", serial, planned_at=now)
        new, arrived = continued(old, blank, Cause.TRANSFERRED, now)
        target.people[new.id] = desk.people[ticket_id]
        self._move(target, lambda line: (line.with_ticket(new), arrived), "user:desk", now)
        self._post(letters.moved(SENDER, self._contact(target, new.id), target.session, now, old_serial=old.serial))
        comes = desk.people[ticket_id].arrives_at
        if new.state is TicketState.BOOKED and comes:
            self._at(comes, lambda then: self._arrive(target, new.id, then))

    def _change(self, desk: Desk, after: Session, now: datetime) -> None:
        before, desk.session = desk.line, after
        desk.opened_at = desk.opened_at or (now if after.state is SessionState.OPEN else None)
        desk.line = Line(after.state, before.tickets)
        self._write(desk, Movement(after, before, desk.line), now)

    def _move(self, desk: Desk, move: Move, actor: str, now: datetime) -> None:
        before = desk.line
        after, happened = move(before)
        desk.line, desk.stirred = after, True
        moved = Movement(desk.session, before, after, happened)
        self.ledger.audit += news.audit_entries(happened, actor, now)
        self._write(desk, moved, now)
        self._ended |= {ticket.id for ticket in ended(moved)}
        self._note(before, after, now)

    def _write(self, desk: Desk, moved: Movement, now: datetime) -> None:
        desk.stirred = True
        for due in due_letters(moved):
            letter = written(SENDER, due, moved, self._contact(desk, due.ticket_id), now=now)
            if letter:
                self._post(letter)

    def _note(self, before: Line, after: Line, now: datetime) -> None:
        old = {ticket.id: ticket for ticket in before.tickets}
        waiting = tuple(before.waiting())
        self.ledger.steps += [
            Step(now, old[ticket.id], ticket, waiting)
            for ticket in after.tickets
            if ticket.id in old and old[ticket.id] != ticket
        ]

    def _post(self, letter: NewDelivery) -> None:
        self.ledger.letters.setdefault(letter.cause, letter)

    def _contact(self, desk: Desk, ticket_id: str) -> Contact:
        link = None if ticket_id in self._ended else f"link-{ticket_id}"
        serial = desk.line.ticket(ticket_id).serial
        return Contact(ticket_id, serial, ticket_id, "+8613800000000", "zh-CN", link)

    def _at(self, when: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._order), act))


def _desk(sitting: Sitting) -> Desk:
    session = Session(
        sitting.id,
        "门诊",
        sitting.doctors[0],
        "李医生",
        sitting.opens_at,
        sitting.closes_at,
        joined=tuple(Doctor(name, "赵医生") for name in sitting.doctors[1:]),
        kinds=(KIND,),
    )
    people = {f"{sitting.id}.{patient.serial}": patient for patient in sitting.patients}
    tickets = tuple(new_ticket(name, patient.serial, patient.planned_at) for name, patient in people.items())
    return Desk(sitting, session, Line(SessionState.PLANNED, tickets), people)


def _seen_visit(desk: Desk, visit: Visit, event: VisitEnded | VisitMissed, now: datetime) -> SeenVisit:
    seen = isinstance(event, VisitEnded) and event.outcome is Outcome.COMPLETED
    arrived_at = desk.line.ticket(visit.ticket_id).arrived_at
    return SeenVisit(visit.doctor_id, KIND.kind, arrived_at, visit.called_at, now, completed=seen)


def is_over(ticket: Ticket) -> bool:
    return ticket.state in OVER
