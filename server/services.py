"""The use cases, each wired to its own transactions. Half of the composition root: ``app`` adds the outside world."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from server.access.accounts import Accounts
from server.access.join_check import JoinCheck
from server.access.known_browser import key_from
from server.access.links import link_token
from server.access.passwords import Passwords
from server.access.sign_ins import SignIns
from server.access.users import Users
from server.clinic.booking import ClinicRules
from server.clinic.day_end import DayEnd
from server.clinic.lines import LineService
from server.clinic.prediction_errors import PredictionErrorsReader
from server.clinic.predictions import Predictions
from server.clinic.reader import ClinicReader
from server.clinic.roster.appointments import Appointments
from server.clinic.roster.calendar import Organiser
from server.clinic.roster.directory import Directory
from server.clinic.roster.letters import OFFER_PREFIX
from server.clinic.roster.moves import Moves
from server.clinic.roster.public import PublicBooking
from server.clinic.roster.service import Roster
from server.clinic.service import ClinicService
from server.clinic.today import Today
from server.messaging import Correspondence, Messaging, WaysOut, build_messaging
from server.monitoring.associations import Associations
from server.monitoring.broker_drops import BrokerDrops
from server.monitoring.bulk import Bulk
from server.monitoring.certificates import DeviceCertificates
from server.monitoring.claiming import Claims, Codes
from server.monitoring.credentials import CredentialChange
from server.monitoring.device_list import DeviceReader
from server.monitoring.export import Export
from server.monitoring.gaps import Gaps
from server.monitoring.handover import Handover
from server.monitoring.history import History
from server.monitoring.pages import Pages, Wires
from server.monitoring.reader import MonitoringReader
from server.monitoring.registry import Devices
from server.monitoring.replacing import Replacing
from server.monitoring.rolling import Rolling
from server.monitoring.service import Alarms, AlarmStore
from server.monitoring.sightings import Sightings
from server.monitoring.waves import Waves
from server.notifications.messages import Sender
from server.patients.search import PatientSearch
from server.safeguards import Safeguards, Surroundings, build_safeguards
from server.settings import Settings
from server.store.access import (
    AccountQueries,
    JoinLookQueries,
    JoinQueries,
    SignInLookQueries,
    SignInQueries,
    UserQueries,
)
from server.store.booking import BookingLookQueries, BookingQueries
from server.store.broker_drops import BrokerDropsQueries
from server.store.certificates import CertificateQueries
from server.store.clinic import ClinicQueries
from server.store.clinic_look import ClinicLookQueries
from server.store.desk import DeskLookQueries
from server.store.devices import BulkQueries, ClaimQueries, DeviceQueries, ReplaceQueries, SightingQueries
from server.store.engine import Store
from server.store.export import ExportQueries
from server.store.gaps import GapQueries
from server.store.handover import HandoverLookQueries, HandoverQueries
from server.store.history import HistoryLookQueries, RollupLookQueries, RollupQueries
from server.store.monitoring import AlarmQueries, AssociationQueries, MonitoringLookQueries
from server.store.patient_search import PatientSearchQueries
from server.store.roster import DirectoryQueries, RosterQueries
from server.store.visits import VisitLookQueries, VisitQueries
from server.store.waiting import WaitingLookQueries, WaitingQueries
from server.store.waves import WaveQueries
from server.visits.calls import CallService
from server.visits.live import ClinicTopics
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.rules import VisitRules
from server.visits.service import VisitService
from server.visits.views import HospitalView
from server.visits.visit import VisitTimes


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the use cases call once they have committed. Whatever of it fails, nothing committed is lost."""

    tell: Callable[[str], Awaitable[None]]  # this live topic has changed
    tell_waits: Callable[[str], Awaitable[None]]  # the same, when no more than waiting times have
    missed: Callable[[], None]  # any live topic may have changed
    hint: Callable[[], None]  # the outbox has work
    online: Callable[[str], bool]  # ticket id → is its page open
    credentials_changed: Callable[[Sequence[CredentialChange]], Awaitable[None]]
    on_record: Callable[[str], bool]  # device id → was it ever added
    wearer_changed: Callable[[str], Awaitable[None]]
    clock: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class House:
    """What every message and page says of this hospital, the key of its links, and the rules its visits are held by."""

    sender: Sender
    public_url: str
    link_key: bytes
    pack: Pack = CN_2022

    def join_url(self, link_id: str) -> str:
        """The token stands behind ``#``: no server on the way, and no log, ever sees it."""
        page = "book" if link_id.startswith(OFFER_PREFIX) else "join"
        return f"{self.public_url}/{page}#{link_token(self.link_key, link_id)}"


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that can be asked of the hospital."""

    users: Users
    accounts: Accounts
    sign_ins: SignIns
    join_check: JoinCheck
    clinic: ClinicService
    clinic_reader: ClinicReader
    today: Today
    predictions: Predictions
    prediction_errors: PredictionErrorsReader
    roster: Roster
    directory: Directory
    public_booking: PublicBooking
    moves: Moves
    appointments: Appointments
    line_steps: LineService
    day_end: DayEnd
    visits: VisitService
    calls: CallService
    records: RecordService
    safeguards: Safeguards
    visit_reader: VisitReader
    clinic_topics: ClinicTopics
    devices: Devices
    certificates: DeviceCertificates
    device_reader: DeviceReader
    claims: Claims
    replacing: Replacing
    bulk: Bulk
    sightings: Sightings
    associations: Associations
    alarms: Alarms
    handover: Handover
    broker_drops: BrokerDrops
    gaps: Gaps
    patient_search: PatientSearch
    monitoring_reader: MonitoringReader
    history: History
    waves: Waves
    export: Export
    rolling: Rolling
    messaging: Messaging
    pages: Pages


def house_of(settings: Settings, public_url: str, link_key: bytes, pack: Pack = CN_2022) -> House:
    hospital = settings.hospital
    sender = Sender(hospital.name, ZoneInfo(hospital.time_zone), f"{public_url}/console", hospital.telephone)
    return House(sender=sender, public_url=public_url, link_key=link_key, pack=pack)


def build_services(
    settings: Settings,
    store: Store,
    house: House,
    outside: Outside,
    *,
    alarm_store: Store | None = None,
    out: WaysOut | None = None,
) -> Services:
    """Hand every service its transactions; mypy proves here that the store's queries fit what each declared.

    ``alarm_store``: connections of their own for what an alarm waits for. ``out``: the ways on which people are told.
    """
    urgent = alarm_store or store
    zone, acknowledge = house.sender.zone, timedelta(seconds=settings.alarms.acknowledge_s)
    times = VisitTimes(timedelta(seconds=settings.clinic.ring_s), timedelta(seconds=settings.clinic.media_s))
    hospital = HospitalView(settings.hospital.name, settings.hospital.telephone)
    begin_sign_in, look_sign_in = partial(store.write, SignInQueries), partial(store.read, SignInLookQueries)
    begin_visit, look_visit = partial(store.write, VisitQueries), partial(store.read, VisitLookQueries)
    look_monitoring, begin_device = partial(store.read, MonitoringLookQueries), partial(store.write, DeviceQueries)
    passwords = Passwords()
    around = Surroundings(
        sender=house.sender, public_url=house.public_url, link_key=house.link_key, pack=house.pack, tell=outside.tell
    )
    safeguards = build_safeguards(store, around, passwords)
    rules = ClinicRules(
        house.sender,
        settings.hospital.region,
        house.link_key,
        late_grace=timedelta(seconds=settings.clinic.late_grace_s),
        admit=safeguards.admission.admit,
    )
    clinic = ClinicService(partial(store.write, ClinicQueries), outside.tell, rules)
    look_waiting, begin_waiting = partial(store.read, WaitingLookQueries), partial(store.write, WaitingQueries)
    predictions = Predictions(look_waiting, begin_waiting, tell=outside.tell_waits, zone=zone, clock=outside.clock)
    clinic_reader = ClinicReader(partial(store.read, ClinicLookQueries), zone, outside.online, predictions.wait)
    begin_booking, look_booking = partial(store.write, BookingQueries), partial(store.read, BookingLookQueries)
    visit_reader = VisitReader(look_visit, zone, hospital, house.pack, waits=predictions.wait)
    visit_rules = VisitRules(times, house.sender, house.link_key, safeguards.admission.receive)
    pages = Pages(
        partial(urgent.read, MonitoringLookQueries), Wires(outside.tell, outside.missed, outside.hint, outside.clock)
    )
    wording = Correspondence(
        sender=house.sender, join_url=house.join_url, tell=outside.tell, changed=pages.delivery_changed
    )
    begin_bulk, look_bulk = partial(store.write, BulkQueries), partial(store.read, BulkQueries)
    codes = Codes(house.link_key, house.public_url)
    sightings = Sightings(partial(store.write, SightingQueries), outside.on_record, partial(_told_of, outside.tell))
    alarms = AlarmStore(partial(urgent.write, AlarmQueries), partial(urgent.read, AlarmQueries))
    return Services(
        users=Users(partial(store.write, UserQueries), passwords),
        accounts=Accounts(partial(store.write, AccountQueries), passwords),
        sign_ins=SignIns(begin_sign_in, look_sign_in, passwords, key_from(house.link_key)),
        join_check=JoinCheck(partial(store.write, JoinQueries), partial(store.read, JoinLookQueries), clinic.come_in),
        clinic=clinic,
        clinic_reader=clinic_reader,
        today=Today(partial(store.read, DeskLookQueries), zone),
        predictions=predictions,
        prediction_errors=PredictionErrorsReader(look_waiting),
        roster=Roster(partial(store.write, RosterQueries), zone),
        directory=Directory(partial(store.read, DirectoryQueries), zone),
        public_booking=PublicBooking(begin_booking, look_booking, outside.tell, rules),
        moves=Moves(begin_booking, outside.tell, rules),
        appointments=Appointments(look_booking, Organiser(hospital.name, hospital.telephone)),
        line_steps=LineService(partial(store.write, ClinicQueries), outside.tell, house.sender),
        day_end=DayEnd(
            partial(store.write, ClinicQueries), partial(store.read, ClinicLookQueries), outside.tell, house.sender
        ),
        visits=VisitService(begin_visit, look_visit, tell=outside.tell, rules=visit_rules),
        calls=CallService(begin_visit, tell=outside.tell, online=outside.online, rules=visit_rules),
        records=RecordService(begin_visit, outside.tell),
        safeguards=safeguards,
        visit_reader=visit_reader,
        clinic_topics=ClinicTopics(clinic_reader, visit_reader),
        devices=Devices(begin_device, outside.credentials_changed),
        certificates=DeviceCertificates(partial(store.write, CertificateQueries), outside.credentials_changed),
        device_reader=DeviceReader(
            partial(store.read, DeviceQueries),
            sightings,
            outside_broker=settings.mqtt.broker == "outside",
            tells_accounts=settings.mqtt.accounts == "dynsec",
        ),
        claims=Claims(partial(store.write, ClaimQueries), codes, outside.wearer_changed, zone),
        replacing=Replacing(partial(store.write, ReplaceQueries), outside.credentials_changed, outside.wearer_changed),
        bulk=Bulk(begin_bulk, look_bulk, codes, outside.credentials_changed),
        sightings=sightings,
        associations=Associations(partial(store.write, AssociationQueries), outside.wearer_changed, zone),
        alarms=Alarms(alarms, pages, house.sender, acknowledge),
        handover=Handover(
            partial(store.write, HandoverQueries), partial(store.read, HandoverLookQueries), pages, house.sender
        ),
        broker_drops=BrokerDrops(
            partial(urgent.write, BrokerDropsQueries),
            partial(store.read, BrokerDropsQueries),
            outside.hint,
            house.sender,
        ),
        gaps=Gaps(partial(store.read, GapQueries)),
        patient_search=PatientSearch(partial(store.read, PatientSearchQueries), zone),
        monitoring_reader=MonitoringReader(look_monitoring, zone, acknowledge),
        export=Export(partial(store.write, ExportQueries), partial(store.read, ExportQueries)),
        history=History(partial(store.read, HistoryLookQueries), zone),
        waves=Waves(partial(store.read, WaveQueries)),
        rolling=Rolling(
            partial(store.write, partial(RollupQueries, zone=zone)), partial(store.read, RollupLookQueries), zone
        ),
        messaging=build_messaging(settings, (store, urgent), wording, out or WaysOut()),
        pages=pages,
    )


async def _told_of(tell: Callable[[str], Awaitable[None]], device_id: str) -> None:
    await tell(f"device:{device_id}")
