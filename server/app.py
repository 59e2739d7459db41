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

from devices.broker import EmbeddedBroker, TlsListener
from devices.broker_frames import Fault
from devices.clock_steps import ClockSteps
from devices.dynsec import Wanted
from devices.evaluate import Evaluator
from devices.handover import Handover
from devices.ingest import Ingest
from devices.mqtt import MqttLink
from devices.reader import Reader
from server import adapters, http
from server.access.limits import caller
from server.access.sealing import WrongKey
from server.addresses import Listening, device_addresses
from server.api.edge import Edge
from server.bus import Hint
from server.claim import claim
from server.clinic import day_end
from server.clinic.news import line_topics
from server.condition import Condition
from server.doorkeeper import Doorkeeper
from server.doorway import doorways
from server.gateways import open_gateways
from server.handing_on import HandsOn
from server.health import Health
from server.keys import link_key
from server.listeners import Listeners
from server.live import Gathered, LiveDoor, LiveTopics, PageApproach, Presence, Visitor
from server.messaging import limits_of
from server.monitoring import broker_drops
from server.monitoring.credentials import CredentialChange, CredentialRelay
from server.monitoring.device_lines import Addresses
from server.monitoring.evaluation import EvaluationRecorder, EvaluationStore
from server.monitoring.intake import Intake
from server.monitoring.quarantine import IntakeOf, Quarantine
from server.monitoring.sightings import BrokerWitness
from server.notifications.deliveries import Receipt
from server.notifications.outbox import ORDINARY, URGENT, Dispatcher, Wiring
from server.open_files import for_pages
from server.outside import BrokerAccounts, dynsec_of
from server.running import announce, withdraw
from server.safeguards import pack_of
from server.services import Outside, build_services, house_of
from server.settings import Settings
from server.store.devices import CredentialQueries, StoredCredentials
from server.store.engine import Store, open_store
from server.store.errors import Unavailable
from server.store.journal import StoreJournal, partition_of
from server.store.monitoring import EvaluationStoreQueries
from server.store.notifications import OutboxLookQueries, OutboxQueries
from server.store.quarantine import QuarantineQueries
from server.store.registry import DeviceRegistry, RegistryQueries
from server.store.visits import VisitLookQueries
from server.supervise import Supervisor
from server.tls import Certificates
from signaling.hub import Hub, HubLimits

logger = structlog.get_logger(__name__)

CLOCK: Callable[[], datetime] = partial(datetime.now, UTC)
TICK_S = 1.0
SECOND_LOOK_S = 10.0
UNATTENDED = "unattended"  # a kind of live topics, one a person; told of without a person's name
SHOW_ALARMS = ("patient", "alarms", "session", UNATTENDED)  # kinds of live topics
REGISTRY_EVERY_S = 3.0  # how soon a device that the command line added is let in
SEALING_S = 2.0  # of the ten that a stop may take
DESK = "desk"  # a live topic: every line of today, so that every change of a line is one of it
DESK_EVERY_S, DESK_AT_LEAST_S = 1.0, 60.0
LIVE, READINGS, LINES = "live", "readings", "lines"  # channels of the bus


class Bedside:
    """One node of the hospital, from opened store to closed store."""

    def __init__(self, settings: Settings, store: Store, certificates: Certificates, demonstration: bool) -> None:
        self._settings, self.store = settings, store
        self._alarm_store = adapters.alarm_store(settings, store)
        self._supervisor = Supervisor()
        self.public_url = adapters.public_url(settings)
        self._sealer = adapters.sealer(settings, store, CLOCK)
        self._registry = DeviceRegistry()
        self._registry_version: tuple[int, ...] | None = None
        self._registry_read = asyncio.Lock()
        self._presence = Presence(self._presence_changed)
        self._bus = adapters.bus_of(settings)
        pack = pack_of(settings, demonstration=demonstration)
        self.house = house_of(settings, self.public_url, link_key(settings.data.directory), pack)
        self._gateways = open_gateways(settings, self.public_url, CLOCK)
        self.services = build_services(
            settings,
            store,
            self.house,
            self._outside(),
            alarm_store=self._alarm_store,
            out=adapters.ways_out(self._gateways),
        )
        lanes = ((URGENT, self._alarm_store), (ORDINARY, store))
        self._dispatchers = [Dispatcher(self._outbox_wiring(lane_store), pace) for pace, lane_store in lanes]
        self._hub: Hub[Visitor] = Hub(
            LiveDoor(self.services, CLOCK),
            LiveTopics(self.services, CLOCK),
            ice=adapters.ice_of(settings),
            limits=HubLimits(sockets=for_pages()),
            presence=self._presence.told,
            approach=PageApproach(Edge(self.public_url, settings.web.trusted_proxies)),
            sees=self._sees,
        )
        self._desk = Gathered(partial(self._hub.refresh, DESK), every_s=DESK_EVERY_S, at_least_s=DESK_AT_LEAST_S)
        dynsec = dynsec_of(settings.mqtt)
        self._accounts = BrokerAccounts(dynsec, self._wanted) if dynsec else None
        on_record = StoredCredentials(self.store)
        self._relay = CredentialRelay(dynsec, on_record, self._device_changed) if dynsec else None
        self._witness = BrokerWitness(self.services.sightings, CLOCK)
        self._hook = adapters.hook_of(settings, self._registry, self._witness.refused)
        self._broker = self._embedded_broker(certificates) if adapters.is_embedded(settings) else None
        self._handover = Handover()
        self._listeners = Listeners(settings, self._handover.deliver, CLOCK)
        self._certificates = certificates
        self._evaluator = Evaluator(self._evaluation_log(), CLOCK, partition_of, ClockSteps(CLOCK).taken)
        elsewhere = None if settings.bus == "memory" else self._heard_elsewhere
        self._hands_on = HandsOn(self._evaluator, self.services.sightings, self._hub, elsewhere)
        connections, crowd = adapters.bounds_of(settings)
        self._doorkeeper = Doorkeeper(connections)
        self.condition = Condition(
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
            broker=self._broker,
            accounts=self._accounts,
            hook=self._hook,
        )
        self.doors = http.Web(
            settings=settings,
            services=self.services,
            public_url=self.public_url,
            certificates=certificates,
            health=Health(self.condition.not_ready, self.condition.gauges, self.condition.counters),
            quarantine=self._quarantine(),
            intake=Intake(self._registry.check, self._handover.deliver, refused=self._refused_by_http),
            addresses=self._addresses,
            demonstration=demonstration,
            version=version("bedside"),
            clock=CLOCK,
            broker_hook=self._hook,
            connections=connections,
            doorkeeper=self._doorkeeper,
            crowd=crowd,
        )
        self._runner: web.AppRunner | None = None
        self.ports: Mapping[str, int] = {}

    async def start(self) -> None:
        """Alarms and messages first, then intake, then the doors. Raises BrokerError, OSError for a port in use."""
        self.condition.started_s = asyncio.get_running_loop().time()
        self._bus.subscribe(self._hear, self._hub.refresh_all)
        await self._read_registry()
        start = self._supervisor.start
        start("bus", self._bus.run)
        start("live", self._hub.run)
        start("desk", self._desk.run)
        start("second look", partial(_every, self._look_again, SECOND_LOOK_S))
        start("alarms", self._evaluator.run)
        start("escalation", partial(_every, self.services.alarms.escalate))
        start("broker drops", partial(_every, self._watch_drops))
        start("visits", partial(_every, self.services.visits.tick))
        start("ends of days", partial(_every, self.services.day_end.tick, day_end.EVERY.total_seconds()))
        start("waiting times", self.services.predictions.run)
        start("roster", partial(_every, self.services.roster.tick))
        start("waiting lists", partial(_every, self.services.public_booking.tick))
        for lane, dispatcher in zip(("urgent messages", "messages"), self._dispatchers, strict=True):
            start(lane, dispatcher.run)
        await self.services.messaging.doors.forms.load()
        for ticking in self.services.messaging.ticks:
            start(ticking.name, partial(_every, ticking.tick, ticking.every_s))
        if self._gateways.smpp:
            self._gateways.smpp.received = self._smpp_receipts
            start("smpp", self._gateways.smpp.run)
        start("audit seals", self._sealer.run)
        start("history", self.services.rolling.run)
        await self._start_intake()
        start("registry", self._follow_registry)
        start("sightings", partial(_every, self.services.sightings.tick))
        start("doors", self._doorkeeper.run)
        self._runner, ports = await http.open_doors(self.doors, self._hub)
        heard = await self._listeners.start(self._certificates.context)
        self.ports = {**ports, **heard, "mqtt": self._broker.port if self._broker else self._settings.mqtt.port}
        announce(self._settings.data.directory, self.ports)

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
        if self._broker:
            await self._broker.start()
            self._supervisor.start("broker", self._broker.run)
        if self._accounts:
            self._supervisor.start("broker accounts", self._accounts.run)
        if self._relay:
            self._supervisor.start("credentials", self._relay.run)
        link = self.condition.link = MqttLink(adapters.endpoint_of(self._settings, self._broker))
        link.news = self.services.broker_drops.heard
        ingest = self.condition.ingest = Ingest(
            link,
            StoreJournal(self._alarm_store),
            Reader(self._registry, self.house.sender.zone),
            committed=self._hands_on.committed,
            clock=CLOCK,
            outage=(OSError, Unavailable),
            observed=self.services.sightings.observed,
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
        await self._supervisor.stop("broker")
        if self._broker:
            await self._broker.stop()

    def _quarantine(self) -> Quarantine:
        intake = IntakeOf(self._registry.known, self._handover.deliver, self.house.sender.zone)
        store = self._alarm_store
        return Quarantine(partial(store.write, QuarantineQueries), partial(store.read, QuarantineQueries), intake)

    async def _watch_drops(self, now: datetime) -> None:
        if self._broker:
            self.services.broker_drops.counted(broker_drops.EMBEDDED, self._broker.unheard)
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
            tell=self._changed,
            tell_waits=self._tell,
            missed=self._bus.tell_missed,
            hint=self._hint,
            online=self._presence.online,
            credentials_changed=self._credentials_changed,
            on_record=self._registry.on_record,
            wearer_changed=self._wearer_changed,
            clock=CLOCK,
        )

    async def _changed(self, topic: str) -> None:
        """By a use case: where a line has moved, waiting times are others on every node."""
        kind, _, subject = topic.partition(":")
        if kind == "line":
            await self._bus.publish(LINES, {"session": subject})
        await self._tell(topic)

    async def _tell(self, topic: str) -> None:
        if topic == "outbox":
            self._hint()
        await self._bus.publish(LIVE, {"topic": topic})

    async def _heard_elsewhere(self, topic: str) -> None:
        """The pages of other nodes read the topic anew."""
        await self._bus.publish(READINGS, {"topic": topic})

    async def _hear(self, channel: str, hint: Hint) -> None:
        if channel == LINES:
            self.services.predictions.changed(hint["session"])
            self._desk.changed()
        elif hint["topic"] == DESK:
            self._desk.changed()
        elif hint["topic"] == UNATTENDED:
            await self._hub.refresh_kinds([UNATTENDED])
        else:
            await self._hub.refresh(hint["topic"])

    async def _look_again(self, _now: datetime) -> None:
        """A hint that was lost in a way that nobody thought of must not keep an alarm off a page."""
        await self._hub.refresh_kinds(SHOW_ALARMS)

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
            await self._tell(topic)

    async def _credentials_changed(self, changes: Sequence[CredentialChange]) -> None:
        await self._read_registry()
        for change in changes:
            if self._relay:
                self._relay.offer(change)
            await self._tell(f"device:{change.device_id}")
        await self._tell("devices")

    async def _device_changed(self, device_id: str) -> None:
        await self._tell(f"device:{device_id}")
        await self._tell("devices")

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
        self.services.sightings.refused(device_id, Fault.CREDENTIAL, CLOCK())

    def _embedded_broker(self, certificates: Certificates) -> EmbeddedBroker:
        settings = self._settings
        context = certificates.context(settings.mqtt.device_ca)
        certified = self._registry.check_certificate
        tls = TlsListener(settings.web.host, settings.mqtt.tls_port, context, certified, opened=doorways, caller=caller)
        return EmbeddedBroker(self._registry.check, settings.mqtt.port, tls, witness=self._witness)

    def _addresses(self) -> Addresses:
        tls_port = self._broker.tls_port if self._broker else None
        at = Listening(self.ports["http"], self.ports["mqtt"], tls_port, self._certificates.authority is not None)
        return device_addresses(self._settings, self.public_url, at)

    async def _follow_registry(self) -> None:
        while True:
            await asyncio.sleep(REGISTRY_EVERY_S)
            await self._read_registry()

    async def _read_registry(self) -> None:
        """Take over who is known; a device whose credential is dead loses its connections now."""
        async with self._registry_read, self.store.read(RegistryQueries) as look:
            version = await look.version()
            if version == self._registry_version:
                return
            dead = self._registry.replace(await look.registered(), await look.ended())
            self._registry_version = version
        for device_id in dead:
            self._listeners.cut(device_id)
            if self._broker:
                self._broker.revoke(device_id)
        if dead and self._accounts:
            self._accounts.changed()

    async def _wanted(self) -> list[Wanted]:
        """Whom an outside broker is to let in."""
        async with self.store.read(CredentialQueries) as look:
            found = await look.credentials()
        return [Wanted(one.device_id, settled=one.broker_version >= one.version) for one in found if one.live]


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
