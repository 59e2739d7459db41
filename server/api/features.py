"""The table of contents: every feature with its routes and its problems. A feature that is not listed is not served."""

from dataclasses import dataclass

from server.access.factor_removal import FactorRemoval
from server.access.factors import SecondFactors
from server.access.join_check import JoinCheck
from server.access.sign_ins import SignIns
from server.access.step_up import StepUp
from server.api import (
    access,
    booking,
    broker_drops,
    broker_hook,
    clinic,
    devices,
    documents,
    factors,
    handover,
    history,
    hospital,
    join_check,
    lines,
    monitoring,
    notifications,
    patients,
    policy,
    quarantine,
    readings,
    roster,
    ticket,
    visits,
    waiting,
    waves,
)
from server.api.devices import Registry
from server.api.hospital import Hospital
from server.api.monitoring import Monitoring
from server.api.notifications import Messages
from server.api.routes import Feature
from server.clinic.lines import LineService
from server.clinic.prediction_errors import PredictionErrorsReader
from server.clinic.reader import ClinicReader
from server.clinic.roster.appointments import Appointments
from server.clinic.roster.directory import Directory
from server.clinic.roster.moves import Moves
from server.clinic.roster.public import PublicBooking
from server.clinic.roster.service import Roster
from server.clinic.service import ClinicService
from server.monitoring.broker_drops import BrokerDrops
from server.monitoring.broker_hook import BrokerHook
from server.monitoring.export import Export
from server.monitoring.gaps import Gaps
from server.monitoring.handover import Handover
from server.monitoring.history import History
from server.monitoring.intake import Intake
from server.monitoring.quarantine import Quarantine
from server.monitoring.waves import Waves
from server.patients.search import PatientSearch
from server.visits.attestation import Attestations
from server.visits.calls import CallService
from server.visits.documents.service import Documents
from server.visits.preparation import Preparations
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.service import VisitService
from server.visits.views import HospitalView


@dataclass(frozen=True, kw_only=True)
class Services:
    """What stands behind the routes. ``locale`` is the hospital's."""

    sign_ins: SignIns
    join_check: JoinCheck
    clinic: ClinicService
    lines: ClinicReader
    prediction_errors: PredictionErrorsReader
    roster: Roster
    directory: Directory
    public_booking: PublicBooking
    moves: Moves
    appointments: Appointments
    line_steps: LineService
    visits: VisitService
    calls: CallService
    records: RecordService
    factors: SecondFactors
    factor_removal: FactorRemoval
    step_up: StepUp
    preparations: Preparations
    documents: Documents
    attestations: Attestations
    visit_reader: VisitReader
    monitoring: Monitoring
    registry: Registry
    intake: Intake
    quarantine: Quarantine
    handover: Handover
    history: History
    waves: Waves
    broker_drops: BrokerDrops
    gaps: Gaps
    export: Export
    patient_search: PatientSearch
    messages: Messages
    hospital: Hospital
    locale: str
    broker_hook: BrokerHook | None = None


def features(to: Services) -> list[Feature]:
    """All of them, in the order of the story: the hospital, signing in, the line, joining, the visit, the readings."""
    card = HospitalView(to.hospital.name, to.hospital.telephone)
    return [
        Feature(hospital.routes(to.hospital), {}),
        Feature(access.routes(to.sign_ins), access.problems),
        Feature(factors.routes(to.factors, to.factor_removal, to.step_up, to.hospital.name), factors.problems),
        Feature(clinic.routes(to.clinic, to.lines, to.locale), clinic.problems),
        Feature(waiting.routes(to.prediction_errors), {}),
        Feature(roster.routes(to.roster, to.directory), roster.problems),
        Feature(
            booking.routes(to.public_booking, to.moves, to.appointments, to.locale),
            booking.problems,
        ),
        Feature(join_check.routes(to.join_check, to.visit_reader, card), join_check.problems),
        Feature(lines.routes(to.calls, to.line_steps, to.lines, to.visit_reader), {}),
        Feature(ticket.routes(to.visits, to.line_steps, to.records, to.visit_reader), ticket.problems),
        Feature(
            documents.routes(to.preparations, to.documents, to.visits, to.visit_reader),
            documents.problems,
        ),
        Feature(visits.routes(to.visits, to.records, to.visit_reader), visits.problems),
        Feature(policy.routes(to.attestations, to.visit_reader), policy.problems),
        Feature(patients.routes(to.patient_search), {}),
        Feature(monitoring.routes(to.monitoring), monitoring.problems),
        Feature(devices.routes(to.registry), devices.problems),
        Feature(readings.routes(to.intake), readings.problems),
        Feature(broker_hook.routes(to.broker_hook), {}),
        Feature(quarantine.routes(to.quarantine), quarantine.problems),
        Feature(broker_drops.routes(to.broker_drops, to.gaps), {}),
        Feature(handover.routes(to.handover), handover.problems),
        Feature(history.routes(to.history, to.export), history.problems),
        Feature(waves.routes(to.waves), {}),
        Feature(notifications.routes(to.messages), notifications.problems),
    ]
