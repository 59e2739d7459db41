"""The composition root: picks every adapter, wires it, supervises the tasks, and ends them in one order.

Read ``Bedside.start`` for what runs, ``Bedside.stop`` for the order in which it lets go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import chain

import structlog
from aiohttp import web

from devices.broker_frames import Fault
from devices.clock_steps import ClockSteps
from devices.evaluate import Evaluator
from devices.handover import Handover
from devices.ingest import Ingest
from devices.mqtt import MqttLink
from devices.reader import Reader
from server import adapters, http
from server.access.sealing import WrongKey
from server.addresses import Listening, device_addresses
from server.admitting import Admitting
from server.api.edge import Edge
from server.brokering import build_brokering, endpoint_of
from server.claim import claim
from server.clinic import day_end
from server.clinic.news import line_topics
from server.condition import Condition
from server.connections import Connections
from server.crowding import Crowd
from server.doorkeeper import Doorkeeper
from server.gateways import open_gateways
from server.handing_on import HandsOn
from server.health import Health
from server.keys import link_key
from server.listeners import Listeners
from server.live import LiveDoor, LiveTopics, PageApproach, Presence, Visitor
from server.messaging import limits_of
from server.monitoring import broker_drops
from server.monitoring.credentials import CredentialChange
from server.monitoring.device_lines import Addresses
from server.monitoring.evaluation import EvaluationRecorder, EvaluationStore
from server.monitoring.intake import Intake
from server.monitoring.quarantine import IntakeOf, Quarantine
from server.monitoring.sightings import BrokerWitness
from server.notifications.deliveries import Receipt
from server.notifications.outbox import ORDINARY, URGENT, Dispatcher, Wiring
from server.open_files import for_pages
from server.running import announce, withdraw
from server.safeguards import pack_of
from server.services import build_services
from server.settings import Settings
from server.store.engine import Store, open_store
from server.store.errors import Unavailable
from server.store.journal import StoreJournal, partition_of
from server.store.monitoring import EvaluationStoreQueries
from server.store.notifications import OutboxLookQueries, OutboxQueries
from server.store.quarantine import QuarantineQueries
from server.store.visits import VisitLookQueries
from server.supervise import Supervisor
from server.surroundings import Outside, house_of
from server.telling import Hearing, Telling
from server.tls import Certificates
from signaling.hub import Hub, HubLimits

logger = structlog.get_logger(__name__)

CLOCK: Callable[[], datetime] = partial(datetime.now, UTC)
TICK_S = 1.0
SECOND_LOOK_S = 10.0
SEALING_S = 2.0  # of the ten that a stop may take


class Bedside:
    """One node of the hospital, from opened store to closed store."""

    def __init__(self, settings: Settings, store: Store, certificates: Certificates, demonstration: bool) -> None:
        self._settings, self.store, self._certificates = settings, store, certificates
        self._alarm_store = adapters.alarm_store(settings, store)
        self._supervisor = Supervisor()
        self.public_url = adapters.public_url(settings)
        self._sealer = adapters.sealer(settings, store, CLOCK)
        self._admitting = Admitting(store, self._cut_off)
        self._presence = Presence(self._presence_changed)
        self._bus = adapters.bus_of(settings)
        self._telling = Telling(self._bus, self._hint)
        pack = pack_of(settings, demonstration=demonstration)
        self.house = house_of(settings, self.public_url, link_key(settings.data.directory), pack)
        self._gateways = open_gateways(settings, self.public_url, CLOCK)
        out = adapters.ways_out(self._gateways)
        self.services = build_services(
            settings, store, self.house, self._outside(), alarm_store=self._alarm_store, out=out
        )
        lanes = ((URGENT, self._alarm_store), (ORDINARY, store))
        self._dispatchers = [Dispatcher(self._outbox_wiring(lane_store), pace) for pace, lane_store in lanes]
        self._hub = self._live_hub()
        self._hearing = Hearing(self._hub, self.services.consulting.predictions)
        self._brokering = build_brokering(
            settings,
            store,
            self._admitting.registry,
            certificates=certificates,
            witness=BrokerWitness(self.services.registering.sightings, CLOCK),
            told=self._telling.device,
        )
        self._handover = Handover()
        self._listeners = Listeners(settings, self._handover.deliver, CLOCK)
        self._evaluator = Evaluator(self._evaluation_log(), CLOCK, partition_of, ClockSteps(CLOCK).taken)
        elsewhere = None if settings.bus == "memory" else self._telling.elsewhere
        self._hands_on = HandsOn(self._evaluator, self.services.registering.sightings, self._hub, elsewhere)
        connections, crowd = adapters.bounds_of(settings)
        self._doorkeeper = Doorkeeper(connections)
        self.condition = self._condition(connections, crowd)
        self.doors = self._doors(connections, crowd, demonstration=demonstration)
        self._runner: web.AppRunner | None = None
        self.ports: Mapping[str, int] = {}

    async def start(self) -> None:
        """Alarms and messages first, then intake, then the doors. Raises BrokerError, OSError for a port in use."""
        self.condition.started_s = asyncio.get_running_loop().time()
        self._bus.subscribe(self._hearing.heard, self._hub.refresh_all)
        await self._admitting.read()
        start = self._supervisor.start
        self._start_care()
        await self._start_messages()
        start("audit seals", self._sealer.run)
        start("history", self.services.rolling.run)
        await self._start_intake()
        start("registry", self._admitting.run)
        start("sightings", partial(_every, self.services.registering.sightings.tick))
        start("doors", self._doorkeeper.run)
        self._runner, ports = await http.open_doors(self.doors, self._hub)
        heard = await self._listeners.start(self._certificates.context)
        broker = self._brokering.embedded
        self.ports = {**ports, **heard, "mqtt": broker.port if broker else self._settings.mqtt.port}
        announce(self._settings.data.directory, self.ports)

    def _start_care(self) -> None:
        """What pages hear, what alarms are made of, and what becomes of lines, visits and rosters by themselves."""
        start, consulting, rostering = self._supervisor.start, self.services.consulting, self.services.rostering
        start("bus", self._bus.run)
        start("live", self._hub.run)
        start("desk", self._hearing.desk.run)
        start("second look", partial(_every, self._hearing.look_again, SECOND_LOOK_S))
        start("alarms", self._evaluator.run)
        start("escalation", partial(_every, self.services.alarms.escalate))
        start("broker drops", partial(_every, self._watch_drops))
        start("visits", partial(_every, consulting.visits.tick))
        start("ends of days", partial(_every, consulting.day_end.tick, day_end.EVERY.total_seconds()))
        start("waiting times", consulting.predictions.run)
        start("roster", partial(_every, rostering.roster.tick))
        start("waiting lists", partial(_every, rostering.public_booking.tick))

    async def _start_messages(self) -> None:
        start, messaging = self._supervisor.start, self.services.messaging
        for lane, dispatcher in zip(("urgent messages", "messages"), self._dispatchers, strict=True):
            start(lane, dispatcher.run)
        await messaging.doors.forms.load()
        for ticking in messaging.ticks:
            start(ticking.name, partial(_every, ticking.tick, ticking.every_s))
        if self._gateways.smpp:
            self._gateways.smpp.received = self._smpp_receipts
            start("smpp", self._gateways.smpp.run)

    async def stop(self) -> None:
        """Say goodbye to pages, take what has arrived to its commit, and close. At most ten seconds in all."""
        self.condition.stopping = True
        withdraw(self._settings.data.directory)
        await self._hub.close()
        if self._runner:
            await self._runner.cleanup()
        await self._stop_intake()
        await self._supervisor.stop_all()
        await self._seal_the_rest()
        await self._gateways.close()
        await self._bus.close()
        if self._alarm_store is not self.store:
            await self._alarm_store.close()
        await self.store.close()

    async def _seal_the_rest(self) -> None:
        """So that nobody who gets at the files of a stopped server finds rows without a seal."""
        with suppress(OSError, Unavailable, WrongKey):  # a time-out is an OSError
            await asyncio.wait_for(self._sealer.finish(), SEALING_S)

    def supervise(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Keep something more running for as long as the house is open."""
        self._supervisor.start(name, work)

    # Intake: broker → link → journal → evaluation and pages.

    async def _start_intake(self) -> None:
        await self._brokering.start(self._supervisor)
        link = self.condition.link = MqttLink(endpoint_of(self._settings.mqtt, self._brokering.embedded))
        link.news = self.services.broker_drops.heard
        ingest = self.condition.ingest = Ingest(
            link,
            StoreJournal(self._alarm_store),
            Reader(self._admitting.registry, self.house.sender.zone),
            committed=self._hands_on.committed,
            clock=CLOCK,
            outage=(OSError, Unavailable),
            observed=self.services.registering.sightings.observed,
            stepped=ClockSteps(CLOCK).taken,
        )
        self._supervisor.start("mqtt", link.run)
        self._supervisor.start("ingest", ingest.run)
        self._supervisor.start("handover", partial(self._handover.run, ingest.take))

    async def _stop_intake(self) -> None:
        """What is in the journal's hands is committed and acknowledged; what is not, the devices still hold."""
        await self._listeners.close()
        await self._supervisor.stop("ingest")
        await self._supervisor.stop("handover")
        if self.condition.link:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.condition.link.close(), 3)
        await self._supervisor.stop("mqtt")
        await self._brokering.stop(self._supervisor)

    def _quarantine(self) -> Quarantine:
        intake = IntakeOf(self._admitting.registry.known, self._handover.deliver, self.house.sender.zone)
        store = self._alarm_store
        return Quarantine(partial(store.write, QuarantineQueries), partial(store.read, QuarantineQueries), intake)

    async def _watch_drops(self, now: datetime) -> None:
        if broker := self._brokering.embedded:
            self.services.broker_drops.counted(broker_drops.EMBEDDED, broker.unheard)
        await self.services.broker_drops.tick(now)

    def _evaluation_log(self) -> EvaluationRecorder:
        store = self._alarm_store
        queries = EvaluationStore(
            partial(store.write, EvaluationStoreQueries), partial(store.read, EvaluationStoreQueries)
        )
        return EvaluationRecorder(queries, self.house.sender, self.services.pages, CLOCK)

    # What is called after a commit.

    def _outside(self) -> Outside:
        return Outside(
            tell=self._telling.changed,
            tell_waits=self._telling.tell,
            missed=self._bus.tell_missed,
            hint=self._hint,
            online=self._presence.online,
            credentials_changed=self._credentials_changed,
            on_record=self._admitting.registry.on_record,
            wearer_changed=self._wearer_changed,
            clock=CLOCK,
        )

    def _sees(self) -> bool:
        """The hub asks what is made of the hub too."""
        return self.condition.sees()

    def _hint(self) -> None:
        for dispatcher in self._dispatchers:
            dispatcher.hint()

    async def _presence_changed(self, ticket_ids: Collection[str]) -> None:
        async with self.store.read(VisitLookQueries) as look:
            session_ids = await look.sessions_of(tuple(ticket_ids))
        for topic in chain.from_iterable(map(line_topics, session_ids)):
            await self._telling.tell(topic)

    async def _credentials_changed(self, changes: Sequence[CredentialChange]) -> None:
        await self._admitting.read()
        self._brokering.offer(changes)
        for change in changes:
            await self._telling.tell(f"device:{change.device_id}")
        await self._telling.tell("devices")

    async def _wearer_changed(self, patient_id: str) -> None:
        self._evaluator.hint(partition_of(patient_id))
        await self.services.pages.patient_changed(patient_id)

    def _outbox_wiring(self, store: Store) -> Wiring:
        return Wiring(
            begin=partial(store.write, OutboxQueries),
            look=partial(store.read, OutboxLookQueries),
            gateways=self._gateways.by_channel,
            render_link=self.house.join_url,
            changed=self.services.pages.delivery_changed,
            clock=CLOCK,
            limits=limits_of(self._settings),
            zone=self.house.sender.zone,
        )

    async def _smpp_receipts(self, receipts: Sequence[Receipt]) -> None:
        await self.services.messaging.doors.receipts.heard("smpp", receipts, CLOCK())

    # The devices that may speak.

    def _refused_by_http(self, device_id: str) -> None:
        self.services.registering.sightings.refused(device_id, Fault.CREDENTIAL, CLOCK())

    def _addresses(self) -> Addresses:
        broker = self._brokering.embedded
        tls_port = broker.tls_port if broker else None
        at = Listening(self.ports["http"], self.ports["mqtt"], tls_port, self._certificates.authority is not None)
        return device_addresses(self._settings, self.public_url, at)

    def _cut_off(self, device_ids: Collection[str]) -> None:
        for device_id in device_ids:
            self._listeners.cut(device_id)
        self._brokering.cut_off(device_ids)

    # What the rest is wired of.

    def _live_hub(self) -> Hub[Visitor]:
        return Hub(
            LiveDoor(self.services, CLOCK),
            LiveTopics(self.services, CLOCK),
            ice=adapters.ice_of(self._settings),
            limits=HubLimits(sockets=for_pages()),
            presence=self._presence.told,
            approach=PageApproach(Edge(self.public_url, self._settings.web.trusted_proxies)),
            sees=self._sees,
        )

    def _condition(self, connections: Connections, crowd: Crowd) -> Condition:
        return Condition(
            clock=CLOCK,
            supervisor=self._supervisor,
            services=self.services,
            hub=self._hub,
            evaluator=self._evaluator,
            bus=self._bus,
            sealer=self._sealer,
            gateways=self._gateways,
            listeners=self._listeners,
            connections=connections,
            crowd=crowd,
            brokering=self._brokering,
        )

    def _doors(self, connections: Connections, crowd: Crowd, *, demonstration: bool) -> http.Web:
        check = self._admitting.registry.check
        return http.Web(
            settings=self._settings,
            services=self.services,
            public_url=self.public_url,
            certificates=self._certificates,
            health=Health(self.condition.not_ready, self.condition.gauges, self.condition.counters),
            quarantine=self._quarantine(),
            intake=Intake(check, self._handover.deliver, refused=self._refused_by_http),
            addresses=self._addresses,
            demonstration=demonstration,
            version=version("bedside"),
            clock=CLOCK,
            broker_hook=self._brokering.hook,
            connections=connections,
            doorkeeper=self._doorkeeper,
            crowd=crowd,
        )


async def open_bedside(settings: Settings, *, demo: bool) -> Bedside:
    """Everything wired, nothing running yet. Raises StoreError, NotDemonstrationError."""
    settings.data.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(settings.data.database_url)
    is_demonstration = await claim(store, wanted=demo)
    return Bedside(settings, store, adapters.certificates_of(settings, CLOCK()), is_demonstration)


async def _every(tick: Callable[[datetime], Awaitable[None]], seconds: float = TICK_S) -> None:
    while True:
        await tick(CLOCK())
        await asyncio.sleep(seconds)
