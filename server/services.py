"""The use cases, each wired to its own transactions. Half of the composition root: ``app`` adds the outside world."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from server.access.accounts import Accounts
from server.access.join_check import JoinCheck
from server.access.known_browser import key_from
from server.access.passwords import Passwords
from server.access.sign_ins import SignIns
from server.access.users import Users
from server.consulting import Consulting, build_consulting, rules_of
from server.messaging import Correspondence, Messaging, WaysOut, build_messaging
from server.monitoring.broker_drops import BrokerDrops
from server.monitoring.export import Export
from server.monitoring.gaps import Gaps
from server.monitoring.handover import Handover
from server.monitoring.history import History
from server.monitoring.pages import Pages, Wires
from server.monitoring.reader import MonitoringReader
from server.monitoring.rolling import Rolling
from server.monitoring.service import Alarms, AlarmStore
from server.monitoring.waves import Waves
from server.patients.search import PatientSearch
from server.registering import Registering, build_registering
from server.rostering import Rostering, build_rostering
from server.safeguards import Safeguards, build_safeguards
from server.settings import Settings
from server.store.access import (
    AccountQueries,
    JoinLookQueries,
    JoinQueries,
    SignInLookQueries,
    SignInQueries,
    UserQueries,
)
from server.store.broker_drops import BrokerDropsQueries
from server.store.engine import Store
from server.store.export import ExportQueries
from server.store.gaps import GapQueries
from server.store.handover import HandoverLookQueries, HandoverQueries
from server.store.history import HistoryLookQueries, RollupLookQueries, RollupQueries
from server.store.monitoring import AlarmQueries, MonitoringLookQueries
from server.store.patient_search import PatientSearchQueries
from server.store.waves import WaveQueries
from server.surroundings import House, Outside


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that can be asked of the hospital."""

    users: Users
    accounts: Accounts
    sign_ins: SignIns
    join_check: JoinCheck
    consulting: Consulting
    rostering: Rostering
    registering: Registering
    safeguards: Safeguards
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
    begin_sign_in, look_sign_in = partial(store.write, SignInQueries), partial(store.read, SignInLookQueries)
    look_monitoring = partial(store.read, MonitoringLookQueries)
    passwords = Passwords()
    safeguards = build_safeguards(store, house, outside.tell, passwords)
    rules = rules_of(settings, house, safeguards.admission)
    consulting = build_consulting(store, house, outside, rules)
    pages = Pages(
        partial(urgent.read, MonitoringLookQueries), Wires(outside.tell, outside.missed, outside.hint, outside.clock)
    )
    wording = Correspondence(
        sender=house.sender, join_url=house.join_url, tell=outside.tell, changed=pages.delivery_changed
    )
    alarms = AlarmStore(partial(urgent.write, AlarmQueries), partial(urgent.read, AlarmQueries))
    return Services(
        users=Users(partial(store.write, UserQueries), passwords),
        accounts=Accounts(partial(store.write, AccountQueries), passwords),
        sign_ins=SignIns(begin_sign_in, look_sign_in, passwords, key_from(house.link_key)),
        join_check=JoinCheck(
            partial(store.write, JoinQueries), partial(store.read, JoinLookQueries), consulting.clinic.come_in
        ),
        consulting=consulting,
        rostering=build_rostering(store, rules.clinic, outside.tell),
        safeguards=safeguards,
        registering=build_registering(settings.mqtt, store, house, outside),
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
