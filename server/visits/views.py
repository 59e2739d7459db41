"""What a visit and a patient's own ticket show: the JSON of the API and of the topics ``visit:…`` and ``ticket:…``."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from server.clinic.session import Session, SessionState
from server.clinic.ticket import MOVED_BY_PATIENT, OUTSIDE, Cause, Ticket, TicketState
from server.clinic.views import DeviceTestView, MyWait, PatientView, patient_view
from server.patients.patient import Patient
from server.visits.attestation import NOTHING, Attested
from server.visits.note import Note
from server.visits.policy.facts import UNKNOWN, Case, DoctorStanding
from server.visits.policy.pack import Care, Pack
from server.visits.visit import Outcome, Visit, VisitState


class NoteView(msgspec.Struct, frozen=True):
    body: str
    version: int
    written_at: datetime


class ConsentView(msgspec.Struct, frozen=True):
    text_id: str
    text_version: str
    agreed_at: datetime


class DocumentView(msgspec.Struct, frozen=True):
    """``media_type`` is "image/jpeg" or "application/pdf"; ``size`` in bytes, as kept."""

    id: str
    media_type: str
    size: int
    uploaded_at: datetime


class PriorDiagnosisView(msgspec.Struct, frozen=True):
    """That the visit's doctor has seen an earlier diagnosis: in a document, or as ``note`` says."""

    document_id: str | None
    note: str | None
    attested_at: datetime


class GuardianView(msgspec.Struct, frozen=True):
    name: str
    present: bool
    recorded_at: datetime


class RefusalView(msgspec.Struct, frozen=True):
    """``rule`` for programs, ``article`` as the law is cited."""

    rule: str
    article: str
    sentence: str
    sentence_zh: str


class CareView(msgspec.Struct, frozen=True):
    """What the visit may be as it stands. ``policy`` is the rules pack and its version; ``refused`` what is missing."""

    policy: str
    level: Care
    may_prescribe: bool
    refused: list[RefusalView]


class VisitView(msgspec.Struct, frozen=True):
    """For the visit's doctor. ``telephone`` is the patient's, told only while ``media_missing``.

    ``guardian_named`` was named at the booking, ``guardian`` was seen by the doctor.
    """

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
    complaint: str | None
    device_test: DeviceTestView | None
    documents: list[DocumentView]
    prior_diagnosis: PriorDiagnosisView | None
    guardian_named: str | None
    guardian: GuardianView | None
    care: CareView


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


class Suspended(msgspec.Struct, frozen=True):
    """The doctor has paused; those who wait keep their places."""

    message: str


class MyTicket(msgspec.Struct, frozen=True):
    """For the ticket's patient. ``ahead`` is 0 for the next one, null for who does not wait; ``visit`` the latest.

    ``doctor`` is the one whose room it is in, otherwise the session's own. ``can_cancel``: the number can be given
    back; ``can_move``: or given up for one of another session. ``check_in_from``: null, where that has begun.
    """

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
    suspended: Suspended | None
    can_cancel: bool
    can_move: bool
    complaint: str | None
    device_test: DeviceTestView | None
    documents: list[DocumentView]
    wait: MyWait | None
    check_in_from: datetime | None


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
class Preparation:
    """What the patient has handed in before the call."""

    complaint: str | None = None
    device_test: DeviceTestView | None = None
    documents: tuple[DocumentView, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What the store knows of a visit. ``confirmed_by`` is the name of who confirmed the patient's identity."""

    visit: Visit
    serial: int
    patient: Patient
    confirmed_by: str | None
    note: Note | None
    consents: tuple[Consent, ...]
    preparation: Preparation = Preparation()
    guardian_named: str | None = None
    attested: Attested = NOTHING
    standing: DoctorStanding = UNKNOWN


@dataclass(frozen=True, slots=True)
class OwnTicketFacts:
    """What the store knows of a patient's own ticket. ``ahead`` as ``Line.ahead``; ``visit`` is the latest."""

    session: Session
    ahead: int | None
    ticket: Ticket
    consented: bool
    visit: Visit | None
    preparation: Preparation = Preparation()


def note_view(note: Note) -> NoteView:
    return NoteView(note.body, note.version, note.written_at)


def care_view(facts: VisitFacts, day: date, pack: Pack) -> CareView:
    """``day`` is the local day of the call."""
    attested = facts.attested
    guardian_present = attested.guardian is not None and attested.guardian.present
    case = Case(facts.patient.age_on(day), attested.prior_diagnosis is not None, guardian_present, facts.standing)
    judged = pack.judge(case)
    refused = [RefusalView(each.rule, each.article, each.sentence, each.sentence_zh) for each in judged.refused]
    return CareView(pack.name, judged.care, judged.may_prescribe, refused)


def _prior_diagnosis(attested: Attested) -> PriorDiagnosisView | None:
    seen = attested.prior_diagnosis
    return PriorDiagnosisView(seen.document_id, seen.note, seen.attested_at) if seen else None


def _guardian(attested: Attested) -> GuardianView | None:
    guardian = attested.guardian
    return GuardianView(guardian.name, guardian.present, guardian.recorded_at) if guardian else None


def visit_view(facts: VisitFacts, day: date, pack: Pack) -> VisitView:
    """``day`` is the local day of the call, on which the age is told."""
    visit, prepared = facts.visit, facts.preparation
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
        complaint=prepared.complaint,
        device_test=prepared.device_test,
        documents=list(prepared.documents),
        prior_diagnosis=_prior_diagnosis(facts.attested),
        guardian_named=facts.guardian_named,
        guardian=_guardian(facts.attested),
        care=care_view(facts, day, pack),
    )


def my_ticket(facts: OwnTicketFacts, hospital: HospitalView, wait: MyWait | None) -> MyTicket:
    ticket, session, visit = facts.ticket, facts.session, facts.visit
    calling = next((doctor for doctor in session.doctors if doctor.id == ticket.called_by), session.doctors[0])
    return MyTicket(
        id=ticket.id,
        serial=ticket.serial,
        state=ticket.state,
        cause=ticket.cause,
        ahead=facts.ahead,
        missed=ticket.missed,
        session=SessionHours(session.title, session.opens_at, session.closes_at, session.state),
        doctor=Named(calling.name),
        hospital=hospital,
        consented=facts.consented,
        visit=MyVisit(visit.id, visit.state, visit.ring_until) if visit else None,
        suspended=Suspended(session.message) if session.message is not None else None,
        can_cancel=ticket.state in OUTSIDE,
        can_move=ticket.state in MOVED_BY_PATIENT and session.department is not None,
        complaint=facts.preparation.complaint,
        device_test=facts.preparation.device_test,
        documents=list(facts.preparation.documents),
        wait=wait,
        check_in_from=session.check_in_from,
    )
