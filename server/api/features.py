"""The table of contents: every feature with its routes and its problems. A feature that is not listed is not served."""

from dataclasses import dataclass

from server.access.join_check import JoinCheck
from server.access.sign_ins import SignIns
from server.api import access, clinic, hospital, join_check, monitoring, notifications, ticket, visits
from server.api.hospital import Hospital
from server.api.monitoring import Monitoring
from server.api.routes import Feature
from server.clinic.reader import ClinicReader
from server.clinic.service import ClinicService
from server.notifications.reader import OutboxReader
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
    visits: VisitService
    records: RecordService
    visit_reader: VisitReader
    monitoring: Monitoring
    outbox: OutboxReader
    hospital: Hospital
    locale: str


def features(to: Services) -> list[Feature]:
    """All of them, in the order of the story: the hospital, signing in, the line, joining, the visit, the readings."""
    card = HospitalView(to.hospital.name, to.hospital.telephone)
    return [
        Feature(hospital.routes(to.hospital), {}),
        Feature(access.routes(to.sign_ins), access.problems),
        Feature(clinic.routes(to.clinic, to.lines, to.locale), clinic.problems),
        Feature(join_check.routes(to.join_check, to.visit_reader, card), join_check.problems),
        Feature(ticket.routes(to.visits, to.records, to.visit_reader), ticket.problems),
        Feature(visits.routes(to.visits, to.records, to.visit_reader), visits.problems),
        Feature(monitoring.routes(to.monitoring), monitoring.problems),
        Feature(notifications.routes(to.outbox), {}),
    ]
