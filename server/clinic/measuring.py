"""From the rows of lines to what the waiting time is estimated from: the line now, and what has been measured. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from server.clinic.experience import Past, Turn, Work
from server.clinic.kinds import Kinds
from server.clinic.session import Session, SessionState
from server.clinic.ticket import IN_ROOM, Ticket, TicketState, Urgency
from server.clinic.waiting import AtWork, LineNow, Standing, Task

UNPLANNED_S = 600.0  # a visit for which nothing is planned
OVERTIME = timedelta(minutes=10)  # who calls so long after the hours has stayed
EARLIEST, LATEST = timedelta(minutes=-30), timedelta(hours=3)  # of an opening that says something about the doctor
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class SeenTicket:
    ticket: Ticket
    kind: str | None


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A call that has ended. ``completed``: the patient was seen; else absent, or the connection failed."""

    doctor_id: str
    kind: str | None
    arrived_at: datetime | None
    called_at: datetime
    ended_at: datetime
    completed: bool


@dataclass(frozen=True, slots=True)
class SeenSession:
    """A session with all its tickets and ended calls. ``opened_at``: when it was first seen open."""

    session: Session
    opened_at: datetime | None
    tickets: Sequence[SeenTicket]
    visits: Sequence[SeenVisit]


@dataclass(frozen=True, slots=True)
class Moment:
    """``zone``: of the hospital, whose hours of the day count."""

    now: datetime
    zone: tzinfo

    def hour(self) -> float:
        local = self.now.astimezone(self.zone)
        return local.hour + local.minute / 60


def line_now(seen: SeenSession, moment: Moment) -> LineNow:
    session, now = seen.session, moment.now
    opened_at = seen.opened_at or min(session.opens_at, now)
    is_open = session.state is SessionState.OPEN
    return LineNow(
        hour=moment.hour(),
        opens_s=(session.opens_at - now).total_seconds(),
        closes_s=(session.closes_at - now).total_seconds(),
        opened_s=(now - opened_at).total_seconds() if is_open else None,
        owner=session.doctor_id,
        doctors=[_at_work(seen, doctor.id, now) for doctor in session.doctors] if is_open else [],
        standing=_standing(seen, now),
        today=turns(seen, moment),
        doctors_planned=max(float(len(session.doctors)), _doctors_planned(seen)),
    )


def turns(seen: SeenSession, moment: Moment) -> list[Turn]:
    """Of the visits in which patients were seen, each doctor's in their order."""
    found: list[Turn] = []
    completed = sorted((visit for visit in seen.visits if visit.completed), key=lambda visit: visit.doctor_id)
    for _, visits in groupby(completed, key=lambda visit: visit.doctor_id):
        free_since: datetime | None = None
        for visit in sorted(visits, key=lambda visit: visit.called_at):
            found.append(_turn(visit, seen.session.kinds, free_since, moment))
            free_since = visit.ended_at
    return found


def past(sessions: Iterable[SeenSession], moment: Moment) -> Past:
    """Of sessions that are over."""
    found = list(sessions)
    tickets = [seen.ticket for session in found for seen in session.tickets]
    waits = [ticket.called_at - ticket.arrived_at for ticket in tickets if ticket.called_at and ticket.arrived_at]
    return Past(
        turns=[turn for session in found for turn in turns(session, moment)],
        late_s=[late for session in found for late in _late(session)],
        offsets_s=[_offset_s(ticket) for ticket in tickets if ticket.planned_at],
        urgent=sum(ticket.urgency is Urgency.URGENT and ticket.arrived_at is not None for ticket in tickets),
        open_h=sum(_hours(session) for session in found),
        left=sum(ticket.state is TicketState.WITHDRAWN for ticket in tickets),
        waited_h=sum((wait.total_seconds() for wait in waits), 0.0) / HOUR_S,
        helpers=sum(len(_helpers(session)) for session in found if _after_hours(session)),
        stayed=sum(len(_helpers(session) & _after_hours(session)) for session in found),
    )


def task(kinds: Kinds, kind: str | None) -> Task:
    """As the session plans it; a kind that it does not offer counts as its first."""
    minutes = {planned.kind.value: planned.minutes for planned in kinds}
    planned_s = minutes.get(kind or "", kinds[0].minutes if kinds else UNPLANNED_S / 60) * 60.0
    return Task(kind or "", planned_s)


def _turn(visit: SeenVisit, kinds: Kinds, free_since: datetime | None, moment: Moment) -> Turn:
    of = task(kinds, visit.kind)
    hour = visit.called_at.astimezone(moment.zone).hour
    gap_s = None
    if free_since is not None:
        gap_s = max((visit.called_at - max(free_since, visit.arrived_at or free_since)).total_seconds(), 0.0)
    return Turn(
        Work(visit.doctor_id, of.kind, of.planned_s, hour),
        took_s=(visit.ended_at - visit.called_at).total_seconds(),
        gap_s=gap_s,
        days_ago=max((moment.now - visit.called_at) / timedelta(days=1), 0.0),
    )


def _at_work(seen: SeenSession, doctor_id: str, now: datetime) -> AtWork:
    for own in seen.tickets:
        ticket = own.ticket
        if ticket.state in IN_ROOM and ticket.called_by == doctor_id and ticket.called_at:
            return AtWork(doctor_id, task(seen.session.kinds, own.kind), (now - ticket.called_at).total_seconds())
    ended = [visit.ended_at for visit in seen.visits if visit.doctor_id == doctor_id and visit.completed]
    free_since = max([*ended, seen.opened_at or now])
    waiting = [own.ticket.arrived_at or now for own in seen.tickets if own.ticket.state is TicketState.ARRIVED]
    both_there = max(free_since, min(waiting, default=now))
    return AtWork(doctor_id, None, max((now - both_there).total_seconds(), 0.0))


def _standing(seen: SeenSession, now: datetime) -> list[Standing]:
    there = [own for own in seen.tickets if own.ticket.state in {TicketState.ARRIVED, TicketState.BOOKED}]
    return [
        Standing(
            own.ticket.id,
            task(seen.session.kinds, own.kind),
            urgent=own.ticket.urgency is Urgency.URGENT,
            due_s=_due_s(own.ticket, seen.session, now),
        )
        for own in sorted(there, key=lambda own: own.ticket.rank)
    ]


def _due_s(ticket: Ticket, session: Session, now: datetime) -> float | None:
    if ticket.state is not TicketState.BOOKED:
        return None
    return ((ticket.planned_at or session.opens_at) - now).total_seconds()


def _doctors_planned(seen: SeenSession) -> float:
    """The planned time of those who have a time, over the time within which they are to come."""
    planned = sorted(
        (own.ticket.planned_at, task(seen.session.kinds, own.kind).planned_s)
        for own in seen.tickets
        if own.ticket.planned_at
    )
    if len(planned) < 3:
        return 1.0
    span_s = (planned[-1][0] - planned[0][0]).total_seconds()
    return sum(seconds for _, seconds in planned[:-1]) / span_s if span_s else 1.0


def _late(seen: SeenSession) -> list[tuple[str, float]]:
    if seen.opened_at is None or not EARLIEST <= (late := seen.opened_at - seen.session.opens_at) <= LATEST:
        return []
    return [(seen.session.doctor_id, max(late.total_seconds(), 0.0))]


def _offset_s(ticket: Ticket) -> float | None:
    if ticket.arrived_at is None or ticket.planned_at is None:
        return None
    return (ticket.arrived_at - ticket.planned_at).total_seconds()


def _hours(seen: SeenSession) -> float:
    session = seen.session
    return (session.closes_at - session.opens_at).total_seconds() / HOUR_S if seen.visits else 0.0


def _helpers(seen: SeenSession) -> set[str]:
    return {visit.doctor_id for visit in seen.visits} - {seen.session.doctor_id}


def _after_hours(seen: SeenSession) -> set[str]:
    """Who has called then; the session's own doctor among them."""
    return {visit.doctor_id for visit in seen.visits if visit.called_at > seen.session.closes_at + OVERTIME}
