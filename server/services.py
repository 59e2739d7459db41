"""The use cases, each wired to its own transactions. Half of the composition root: ``app`` adds the outside world."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from server.access.join_check import JoinCheck
from server.access.links import link_token
from server.access.passwords import Passwords
from server.access.sign_ins import SignIns
from server.access.users import Users
from server.clinic.reader import ClinicReader
from server.clinic.service import ClinicRules, ClinicService
from server.monitoring.associations import Associations
from server.monitoring.pages import Pages, Wires
from server.monitoring.reader import MonitoringReader
from server.monitoring.registry import Devices
from server.monitoring.service import Alarms, AlarmStore
from server.notifications.messages import Sender
from server.notifications.reader import OutboxReader
from server.settings import Settings
from server.store.access import (
    JoinLookQueries,
    JoinQueries,
    SignInLookQueries,
    SignInQueries,
    UserQueries,
)
from server.store.clinic import ClinicLookQueries, ClinicQueries
from server.store.engine import Store
from server.store.monitoring import AlarmQueries, AssociationQueries, DeviceQueries, MonitoringLookQueries
from server.store.notifications import OutboxLookQueries
from server.store.visits import VisitLookQueries, VisitQueries
from server.visits.live import ClinicTopics
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.service import VisitRules, VisitService
from server.visits.views import HospitalView
from server.visits.visit import VisitTimes


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the use cases call once they have committed. Whatever of it fails, nothing committed is lost."""

    tell: Callable[[str], Awaitable[None]]  # this live topic has changed
    hint: Callable[[], None]  # the outbox has work
    online: Callable[[str], bool]  # ticket id → is its page open
    device_changed: Callable[[str], Awaitable[None]]
    wearer_changed: Callable[[str], Awaitable[None]]
    clock: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class House:
    """What every message and page says of this hospital, and the key of its links."""

    sender: Sender
    public_url: str
    link_key: bytes

    def join_url(self, link_id: str) -> str:
        """The token stands behind ``#``: no server on the way, and no log, ever sees it."""
        return f"{self.public_url}/join#{link_token(self.link_key, link_id)}"


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that can be asked of the hospital."""

    users: Users
    sign_ins: SignIns
    join_check: JoinCheck
    clinic: ClinicService
    clinic_reader: ClinicReader
    visits: VisitService
    records: RecordService
    visit_reader: VisitReader
    clinic_topics: ClinicTopics
    devices: Devices
    associations: Associations
    alarms: Alarms
    monitoring_reader: MonitoringReader
    outbox_reader: OutboxReader
    pages: Pages


def house_of(settings: Settings, public_url: str, link_key: bytes) -> House:
    hospital = settings.hospital
    sender = Sender(hospital.name, ZoneInfo(hospital.time_zone), f"{public_url}/console")
    return House(sender=sender, public_url=public_url, link_key=link_key)


def build_services(
    settings: Settings, store: Store, house: House, outside: Outside, *, alarm_store: Store | None = None
) -> Services:
    """Hand every service its transactions; mypy proves here that the store's queries fit what each declared.

    ``alarm_store``: connections of their own for what an alarm waits for.
    """
    urgent = alarm_store or store
    zone, acknowledge = house.sender.zone, timedelta(seconds=settings.alarms.acknowledge_s)
    times = VisitTimes(timedelta(seconds=settings.clinic.ring_s), timedelta(seconds=settings.clinic.media_s))
    hospital = HospitalView(settings.hospital.name, settings.hospital.telephone)
    begin_sign_in, look_sign_in = partial(store.write, SignInQueries), partial(store.read, SignInLookQueries)
    begin_visit, look_visit = partial(store.write, VisitQueries), partial(store.read, VisitLookQueries)
    look_monitoring, begin_device = partial(store.read, MonitoringLookQueries), partial(store.write, DeviceQueries)
    passwords = Passwords()
    rules = ClinicRules(house.sender, settings.hospital.region, house.link_key)
    clinic = ClinicService(partial(store.write, ClinicQueries), outside.tell, rules)
    clinic_reader = ClinicReader(partial(store.read, ClinicLookQueries), zone, outside.online)
    visit_reader = VisitReader(look_visit, zone, hospital)
    pages = Pages(partial(urgent.read, MonitoringLookQueries), Wires(outside.tell, outside.hint, outside.clock))
    alarms = AlarmStore(partial(urgent.write, AlarmQueries), partial(urgent.read, AlarmQueries))
    return Services(
        users=Users(partial(store.write, UserQueries), passwords),
        sign_ins=SignIns(begin_sign_in, look_sign_in, passwords),
        join_check=JoinCheck(partial(store.write, JoinQueries), partial(store.read, JoinLookQueries), clinic.arrive),
        clinic=clinic,
        clinic_reader=clinic_reader,
        visits=VisitService(
            begin_visit,
            look_visit,
            tell=outside.tell,
            online=outside.online,
            rules=VisitRules(times, house.sender),
        ),
        records=RecordService(begin_visit, outside.tell),
        visit_reader=visit_reader,
        clinic_topics=ClinicTopics(clinic_reader, visit_reader),
        devices=Devices(begin_device, partial(store.read, DeviceQueries), outside.device_changed),
        associations=Associations(partial(store.write, AssociationQueries), outside.wearer_changed, zone),
        alarms=Alarms(alarms, pages, house.sender, acknowledge),
        monitoring_reader=MonitoringReader(look_monitoring, zone, acknowledge),
        outbox_reader=OutboxReader(partial(store.read, OutboxLookQueries), house.join_url),
        pages=pages,
    )
