"""What a visit and a patient's own ticket show: the JSON of the API and of the topics ``visit:…`` and ``ticket:…``."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from server.clinic.line import Cause, Line, Ticket, TicketState
from server.clinic.session import Session, SessionState
from server.clinic.views import PatientView, patient_view
from server.patients.patient import Patient
from server.visits.note import Note
from server.visits.visit import Outcome, Visit, VisitState


class NoteView(msgspec.Struct, frozen=True):
    body: str
    version: int
    written_at: datetime


class ConsentView(msgspec.Struct, frozen=True):
    text_id: str
    text_version: str
    agreed_at: datetime


class VisitView(msgspec.Struct, frozen=True):
    """For the visit's doctor. ``telephone`` is the patient's, told only while ``media_missing``."""

    id: str
    ticket_id: str
    serial: int
    session_id: str
    patient: PatientView
    state: VisitState
    called_at: datetime
    ring_until: datetime
    answered_at: datetime | None
    media_at: datetime | None
    media_missing: bool
    telephone: str | None
    identity_confirmed_at: datetime | None
    identity_confirmed_by: str | None
    ended_at: datetime | None
    outcome: Outcome | None
    note: NoteView | None
    consents: list[ConsentView]


class SessionHours(msgspec.Struct, frozen=True):
    title: str
    opens_at: datetime
    closes_at: datetime
    state: SessionState


class Named(msgspec.Struct, frozen=True):
    name: str


class HospitalView(msgspec.Struct, frozen=True):
    name: str
    telephone: str


class MyVisit(msgspec.Struct, frozen=True):
    id: str
    state: VisitState
    ring_until: datetime


class MyTicket(msgspec.Struct, frozen=True):
    """For the ticket's patient. ``ahead`` is 0 for the next one, null for who does not wait; ``visit`` the latest."""

    id: str
    serial: int
    state: TicketState
    cause: Cause | None
    ahead: int | None
    missed: int
    session: SessionHours
    doctor: Named
    hospital: HospitalView
    consented: bool
    visit: MyVisit | None


@dataclass(frozen=True, slots=True)
class Consent:
    """That the patient of a ticket has agreed to the exact text of this hash."""

    ticket_id: str
    text_id: str
    text_version: str
    text_sha256: str
    locale: str
    agreed_at: datetime


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What the store knows of a visit. ``confirmed_by`` is the name of who confirmed the patient's identity."""

    visit: Visit
    serial: int
    patient: Patient
    confirmed_by: str | None
    note: Note | None
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class OwnTicketFacts:
    """What the store knows of a patient's own ticket. ``visit`` is the latest."""

    session: Session
    line: Line
    ticket: Ticket
    consented: bool
    visit: Visit | None


def note_view(note: Note) -> NoteView:
    return NoteView(note.body, note.version, note.written_at)


def visit_view(facts: VisitFacts, day: date) -> VisitView:
    """``day`` is the local day of the call, on which the age is told."""
    visit = facts.visit
    return VisitView(
        id=visit.id,
        ticket_id=visit.ticket_id,
        serial=facts.serial,
        session_id=visit.session_id,
        patient=patient_view(facts.patient, day),
        state=visit.state,
        called_at=visit.called_at,
        ring_until=visit.ring_until,
        answered_at=visit.answered_at,
        media_at=visit.media_at,
        media_missing=visit.media_missing,
        telephone=facts.patient.phone if visit.media_missing else None,
        identity_confirmed_at=visit.identity_confirmed_at,
        identity_confirmed_by=facts.confirmed_by,
        ended_at=visit.ended_at,
        outcome=visit.outcome,
        note=note_view(facts.note) if facts.note else None,
        consents=[ConsentView(given.text_id, given.text_version, given.agreed_at) for given in facts.consents],
    )


def my_ticket(facts: OwnTicketFacts, hospital: HospitalView) -> MyTicket:
    ticket, session, visit = facts.ticket, facts.session, facts.visit
    return MyTicket(
        id=ticket.id,
        serial=ticket.serial,
        state=ticket.state,
        cause=ticket.cause,
        ahead=facts.line.ahead(ticket.id),
        missed=ticket.missed,
        session=SessionHours(session.title, session.opens_at, session.closes_at, session.state),
        doctor=Named(session.doctor_name),
        hospital=hospital,
        consented=facts.consented,
        visit=MyVisit(visit.id, visit.state, visit.ring_until) if visit else None,
    )
