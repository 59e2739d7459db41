"""What the clinic shows: the JSON of a session and its line, in the API and in the live topics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from server.clinic.line import Line
from server.clinic.session import Session, SessionState
from server.clinic.ticket import Cause, Ticket, TicketState, Urgency
from server.patients.patient import Patient, Sex

Online = Callable[[str], bool]  # ticket id → is the patient's page connected now


class DoctorView(msgspec.Struct, frozen=True):
    id: str
    name: str


class DepartmentView(msgspec.Struct, frozen=True):
    id: str
    name: str


class WaitView(msgspec.Struct, frozen=True):
    """The 10 % and the 90 % end of the waiting time, in seconds."""

    low_s: int
    high_s: int


class MyWait(WaitView, frozen=True):
    """As it was known at ``as_of``."""

    as_of: datetime


Waits = Callable[[str], MyWait | None]  # ticket id → until it is called, as far as that can be known


def nobody_knows(_ticket_id: str) -> None:
    """Where nothing is predicted."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a row shows that the store does not hold."""

    online: Online
    waits: Waits = nobody_knows


class SessionView(msgspec.Struct, frozen=True):
    """``booked`` counts every ticket ever given, ``waiting`` those who have checked in and wait.

    ``doctors`` are all who call from it, the owner ``doctor`` first; ``message`` is told while it is suspended.
    """

    id: str
    title: str
    doctor: DoctorView
    doctors: list[DoctorView]
    department: DepartmentView | None
    opens_at: datetime
    closes_at: datetime
    state: SessionState
    message: str | None
    capacity: int | None
    kinds: list[str]
    booked: int
    waiting: int


class TargetView(SessionView, frozen=True):
    """Where a ticket may go on. ``free``: places that are neither taken nor held for somebody; null: no bound."""

    free: int | None


class DisplayView(msgspec.Struct, frozen=True):
    """A waiting room's screen: numbers only, those in a room and how many wait. ``doctors`` counts who calls."""

    calling: list[int]
    waiting: int
    suspended: str | None
    doctors: int


class PatientView(msgspec.Struct, frozen=True):
    """``age`` in full years on the day of the session."""

    id: str
    name: str
    sex: Sex
    birth_date: date
    age: int


class DeviceTestView(msgspec.Struct, frozen=True):
    """What the last device test on the patient's page has shown; round trip to this server, bandwidth down and up."""

    camera: bool
    microphone: bool
    speaker: bool
    rtt_ms: int | None
    kbps: int | None
    kbps_up: int | None
    tested_at: datetime


class TicketRow(msgspec.Struct, frozen=True):
    """``worst_alarm``: "high", "medium", "low" or null; null, as ``complaint``, for those who may not read alarms.

    ``reason`` is why a person last stepped out of the order for this ticket, null too for those who may not see the
    visit: a doctor's words for it are a finding. ``called_by`` is the doctor whose room it is in.
    """

    id: str
    serial: int
    patient: PatientView
    state: TicketState
    cause: Cause | None
    ahead: int | None
    arrived_at: datetime | None
    urgency: Urgency
    held: bool
    late: bool
    came_from: str | None
    reason: str | None
    called_by: str | None
    wait: WaitView | None
    missed: int
    visit_id: str | None
    consented: bool
    online: bool
    worst_alarm: str | None
    complaint: str | None
    device_test: DeviceTestView | None


class LineView(msgspec.Struct, frozen=True):
    session: SessionView
    tickets: list[TicketRow]


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What the store knows of a ticket. ``visit_id`` is its latest visit's, ``reason`` the latest intervention's."""

    ticket: Ticket
    patient: Patient
    visit_id: str | None
    consented: bool
    worst_alarm: str | None
    reason: str | None = None
    complaint: str | None = None
    device_test: DeviceTestView | None = None


def session_view(session: Session, waiting: int) -> SessionView:
    doctors = [DoctorView(doctor.id, doctor.name) for doctor in session.doctors]
    department = session.department
    return SessionView(
        id=session.id,
        title=session.title,
        doctor=doctors[0],
        doctors=doctors,
        department=DepartmentView(department.id, department.name) if department else None,
        opens_at=session.opens_at,
        closes_at=session.closes_at,
        state=session.state,
        message=session.message,
        capacity=session.capacity,
        kinds=[planned.kind.value for planned in session.kinds],
        booked=session.last_serial,
        waiting=waiting,
    )


def target_view(session: Session, waiting: int, free: int | None) -> TargetView:
    return TargetView(**msgspec.structs.asdict(session_view(session, waiting)), free=free)


def patient_view(patient: Patient, day: date) -> PatientView:
    return PatientView(patient.id, patient.name, patient.sex, patient.birth_date, patient.age_on(day))


def line_view(session: Session, facts: list[TicketFacts], day: date, known: Known) -> LineView:
    """The whole line by serial number. ``day`` is the session's local day, on which ages are told."""
    line = Line(session.state, tuple(fact.ticket for fact in facts))
    standing = line.standing()
    rows = [ticket_row(fact, standing.get(fact.ticket.id), day, known) for fact in facts]
    return LineView(session_view(session, len(standing)), rows)


def display_view(session: Session, calling: Sequence[int], waiting: int) -> DisplayView:
    return DisplayView(list(calling), waiting, session.message, len(session.doctors))


def without_findings(view: LineView) -> LineView:
    """The same line for those who arrange and do not treat."""
    rows = [msgspec.structs.replace(row, worst_alarm=None, complaint=None, reason=None) for row in view.tickets]
    return msgspec.structs.replace(view, tickets=rows)


def ticket_row(fact: TicketFacts, ahead: int | None, day: date, known: Known) -> TicketRow:
    """``ahead`` counts those before it in the line, None where it does not stand there."""
    ticket, wait = fact.ticket, known.waits(fact.ticket.id)
    return TicketRow(
        id=ticket.id,
        serial=ticket.serial,
        patient=patient_view(fact.patient, day),
        state=ticket.state,
        cause=ticket.cause,
        ahead=ahead,
        arrived_at=ticket.arrived_at,
        urgency=ticket.urgency,
        held=ticket.state is TicketState.HELD,
        late=ticket.late,
        came_from=ticket.came_from,
        reason=fact.reason,
        called_by=ticket.called_by,
        wait=WaitView(wait.low_s, wait.high_s) if wait else None,
        missed=ticket.missed,
        visit_id=fact.visit_id,
        consented=fact.consented,
        online=known.online(ticket.id),
        worst_alarm=fact.worst_alarm,
        complaint=fact.complaint,
        device_test=fact.device_test,
    )
