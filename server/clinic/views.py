"""What the clinic shows: the JSON of a session and its line, in the API and in the live topics."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from server.clinic.line import Cause, Line, Ticket, TicketState
from server.clinic.session import Session, SessionState
from server.patients.patient import Patient, Sex

Online = Callable[[str], bool]  # ticket id → is the patient's page connected now


class DoctorView(msgspec.Struct, frozen=True):
    id: str
    name: str


class SessionView(msgspec.Struct, frozen=True):
    """``booked`` counts every ticket ever given, ``waiting`` those who have checked in and wait."""

    id: str
    title: str
    doctor: DoctorView
    opens_at: datetime
    closes_at: datetime
    state: SessionState
    booked: int
    waiting: int


class PatientView(msgspec.Struct, frozen=True):
    """``age`` in full years on the day of the session."""

    id: str
    name: str
    sex: Sex
    birth_date: date
    age: int


class TicketRow(msgspec.Struct, frozen=True):
    """``worst_alarm``: "high", "medium", "low" or null; always null for those who may not read alarms."""

    id: str
    serial: int
    patient: PatientView
    state: TicketState
    cause: Cause | None
    ahead: int | None
    arrived_at: datetime | None
    missed: int
    visit_id: str | None
    consented: bool
    online: bool
    worst_alarm: str | None


class LineView(msgspec.Struct, frozen=True):
    session: SessionView
    tickets: list[TicketRow]


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What the store knows of a ticket. ``visit_id`` is its latest visit's."""

    ticket: Ticket
    patient: Patient
    visit_id: str | None
    consented: bool
    worst_alarm: str | None


def session_view(session: Session, waiting: int) -> SessionView:
    doctor = DoctorView(session.doctor_id, session.doctor_name)
    return SessionView(
        id=session.id,
        title=session.title,
        doctor=doctor,
        opens_at=session.opens_at,
        closes_at=session.closes_at,
        state=session.state,
        booked=session.last_serial,
        waiting=waiting,
    )


def patient_view(patient: Patient, day: date) -> PatientView:
    return PatientView(patient.id, patient.name, patient.sex, patient.birth_date, patient.age_on(day))


def line_view(session: Session, facts: list[TicketFacts], day: date, online: Online) -> LineView:
    """The whole line by serial number. ``day`` is the session's local day, on which ages are told."""
    line = Line(session.state, tuple(fact.ticket for fact in facts))
    rows = [_row(fact, line, day, online) for fact in facts]
    return LineView(session_view(session, len(line.waiting())), rows)


def without_alarms(view: LineView) -> LineView:
    """The same line for those who arrange and do not treat."""
    rows = [msgspec.structs.replace(row, worst_alarm=None) for row in view.tickets]
    return msgspec.structs.replace(view, tickets=rows)


def _row(fact: TicketFacts, line: Line, day: date, online: Online) -> TicketRow:
    ticket = fact.ticket
    return TicketRow(
        id=ticket.id,
        serial=ticket.serial,
        patient=patient_view(fact.patient, day),
        state=ticket.state,
        cause=ticket.cause,
        ahead=line.ahead(ticket.id),
        arrived_at=ticket.arrived_at,
        missed=ticket.missed,
        visit_id=fact.visit_id,
        consented=fact.consented,
        online=online(ticket.id),
        worst_alarm=fact.worst_alarm,
    )
