"""The composition root: picks every adapter, wires it, supervises the tasks, and ends them in one order.

Read ``Bedside.start`` for what runs, ``Bedside.stop`` for the order in which it lets go.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import chain

import structlog
from aiohttp import web

from devices.broker import SERVICE_ID, EmbeddedBroker, TlsListener
from devices.broker_frames import Fault
from devices.dynsec import Wanted
from devices.evaluate import Evaluator, Input
from devices.handover import Handover
from devices.ingest import Committed, Ingest, Reader, Stored
from devices.mqtt import MqttLink
from devices.mqtt_endpoint import Endpoint, Library
from devices.readings import Message, Reason
from server import http
from server.access.heads import HEADS, append_head
from server.access.sealing import Sealer, SealStore, WrongKey
from server.addresses import Listening, device_addresses
from server.bus import Bus, Hint
from server.bus.memory import MemoryBus
from server.claim import claim
from server.clinic import day_end
from server.clinic.news import line_topics
from server.gateways import Gateways, open_gateways
from server.health import Health
from server.keys import RUNNING, audit_key, link_key, write_private
from server.listeners import Listeners
from server.live import Gathered, LiveDoor, LiveTopics, Presence, Visitor, lane_of
from server.messaging import WaysOut, limits_of
from server.monitoring import broker_drops
from server.monitoring.broker_hook import BrokerHook, ServersOwn
from server.monitoring.credentials import CredentialChange, CredentialRelay
from server.monitoring.device_lines import Addresses
from server.monitoring.evaluation import EvaluationRecorder, EvaluationStore
from server.monitoring.intake import Intake
from server.monitoring.quarantine import IntakeOf, Quarantine
from server.monitoring.series import Heard, NewestByPatient
from server.monitoring.sightings import BrokerWitness
from server.notifications.deliveries import Receipt
from server.notifications.outbox import ORDINARY, URGENT, Dispatcher, Wiring
from server.open_files import for_pages
from server.outside import BrokerAccounts, dynsec_of, tls_of
from server.safeguards import pack_of
from server.services import Outside, build_services, house_of
from server.settings import Settings
from server.store.chain import SealLookQueries, SealQueries
from server.store.devices import CredentialQueries, StoredCredentials
from server.store.engine import Store, connect, open_store
from server.store.errors import Unavailable
from server.store.journal import StoreJournal, partition_of
from server.store.monitoring import EvaluationStoreQueries
from server.store.notifications import OutboxLookQueries, OutboxQueries
from server.store.quarantine import QuarantineQueries
from server.store.registry import DeviceRegistry, RegistryQueries
from server.store.visits import VisitLookQueries
from server.supervise import Supervisor
from server.tls import Certificates, ensure_certificates, lan_addresses, machine_names
from signaling.hub import Hub, HubLimits
from signaling.ice import IceServers, TurnServer
from signaling.messages import IceServer

logger = structlog.get_logger(__name__)

CLOCK: Callable[[], datetime] = partial(datetime.now, UTC)
TICK_S = 1.0
BLIND_AFTER_S = 5.0  # of a database that takes nothing
SECOND_LOOK_S = 10.0
SHOW_ALARMS = ("patient", "alarms", "session")  # kinds of live topics
STANDSTILL_S = 10.0  # a tick of evaluation takes milliseconds; a backlog of thousands, seconds
REGISTRY_EVERY_S = 3.0  # how soon a device that the command line added is let in
SEALING_S = 2.0  # of the ten that a stop may take
DESK = "desk"  # a live topic: every line of today, so that every change of a line is one of it
DESK_EVERY_S, DESK_AT_LEAST_S = 1.0, 60.0
LIVE, READINGS, LINES = "live", "readings", "lines"  # channels of the bus


class Bedside:
    """One node of the hospital, from opened store to closed store."""

    def __init__(self, settings: Settings, store: Store, certificates: Certificates, demonstration: bool) -> None:
        self._settings, self.store = settings, store
        self._alarm_store = _alarm_store(settings, store)
        self._supervisor = Supervisor()
        self._stopping = False
        self.public_url = public_url(settings)
        self._sealer = _sealer(settings, store)
        self._registry = DeviceRegistry()
        self._registry_version: tuple[int, ...] | None = None
        self._registry_read = asyncio.Lock()
        self._shown = NewestByPatient()
        self._presence = Presence(self._presence_changed)
        self._bus: Bus = _bus(settings)
        pack = pack_of(settings, demonstration=demonstration)
        self.house = house_of(settings, self.public_url, link_key(settings.data.directory), pack)
        self._gateways = open_gateways(settings, self.public_url, CLOCK)
        self.services = build_services(
            settings,
            store,
            self.house,
            self._outside(),
            alarm_store=self._alarm_store,
            out=_ways_out(self._gateways),
        )
        lanes = ((URGENT, self._alarm_store), (ORDINARY, store))
        self._dispatchers = [Dispatcher(self._outbox_wiring(lane_store), pace) for pace, lane_store in lanes]
        self._hub: Hub[Visitor] = Hub(
            LiveDoor(self.services, CLOCK),
            LiveTopics(self.services, CLOCK),
            ice=_ice(settings),
            limits=HubLimits(sockets=for_pages()),
            presence=self._presence.told,
            origins=[self.public_url],
            sees=self._sees,
            lane_of=lane_of,
        )
        self._desk = Gathered(partial(self._hub.refresh, DESK), every_s=DESK_EVERY_S, at_least_s=DESK_AT_LEAST_S)
        dynsec = dynsec_of(settings.mqtt)
        self._accounts = BrokerAccounts(dynsec, self._wanted) if dynsec else None
        on_record = StoredCredentials(self.store)
        self._relay = CredentialRelay(dynsec, on_record, self._device_changed) if dynsec else None
        self._hook = _hook(settings, self._registry)
        self._broker = self._embedded_broker(certificates) if _embedded(settings) else None
        self._link: MqttLink | None = None
        self._ingest: Ingest | None = None
        self._handover = Handover()
        self._listeners = Listeners(settings, self._handover.deliver, CLOCK)
        self._certificates = certificates
        self._evaluator = Evaluator(self._evaluation_log(), CLOCK, partition_of)
        self.doors = http.Web(
            settings=settings,
            services=self.services,
            public_url=self.public_url,
            certificates=certificates,
            health=Health(self._not_ready, self._gauges, self._counters),
            quarantine=self._quarantine(),
            intake=Intake(self._registry.check, self._handover.deliver, refused=self._refused_by_http),
            addresses=self._addresses,
            demonstration=demonstration,
            version=version("bedside"),
            clock=CLOCK,
            broker_hook=self._hook,
        )
        self._runner: web.AppRunner | None = None
        self._started_at: datetime | None = None
        self.ports: Mapping[str, int] = {}

    async def start(self) -> None:
        """Alarms and messages first, then intake, then the doors. Raises BrokerError, OSError for a port in use."""
        self._started_at = CLOCK()
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
        self._runner, ports = await http.open_doors(self.doors, self._hub)
        heard = await self._listeners.start(self._certificates.context)
        self.ports = {**ports, **heard, "mqtt": self._broker.port if self._broker else self._settings.mqtt.port}
        write_private(self._settings.data.directory / RUNNING, json.dumps(self.ports).encode())

    async def stop(self) -> None:
        """Say goodbye to pages, take what has arrived to its commit, and close. At most ten seconds in all."""
        self._stopping = True
        (self._settings.data.directory / RUNNING).unlink(missing_ok=True)
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
        self._link = MqttLink(_endpoint(self._settings, self._broker))
        self._link.news = self.services.broker_drops.heard
        self._ingest = Ingest(
            self._link,
            StoreJournal(self._alarm_store),
            Reader(self._registry, self.house.sender.zone),
            committed=self._committed,
            clock=CLOCK,
            outage=(OSError, Unavailable),
            observed=self.services.sightings.observed,
        )
        self._supervisor.start("mqtt", self._link.run)
        self._supervisor.start("ingest", self._ingest.run)
        self._supervisor.start("handover", partial(self._handover.run, self._ingest.take))

    async def _stop_intake(self) -> None:
        """What is in the journal's hands is committed and acknowledged; what is not, the devices still hold."""
        await self._listeners.close()
        await self._supervisor.stop("ingest")
        await self._supervisor.stop("handover")
        if self._link:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._link.close(), 3)
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

    async def _committed(self, committed: Committed) -> None:
        """Hand on what is new: to evaluation, and to the pages that show these patients."""
        inputs: dict[int, list[Input]] = {}
        heard: dict[str, list[Heard]] = {}
        for stored in committed.stored:
            if stored.partition is None or stored.patient_id is None:
                continue
            inputs.setdefault(stored.partition, []).append(_input(stored))
            message = stored.message
            self._note_wrong_patient(message)
            heard.setdefault(stored.patient_id, []).append(Heard(message.device_id, message.received_at, message.body))
        for partition, given in inputs.items():
            self._evaluator.offer(partition, given)
        for patient_id, changes in self._shown.changes(heard).items():
            await self._hub.merge(f"patient:{patient_id}", changes)
            if self._settings.bus != "memory":
                await self._bus.publish(READINGS, {"topic": f"patient:{patient_id}"})

    def _note_wrong_patient(self, message: Message) -> None:
        """Only the journal knows who wears the device, and so whom else a message names."""
        for refusal in message.body.refusals:
            if refusal.reason is Reason.WRONG_PATIENT:
                self.services.sightings.refused(message.device_id, refusal.reason, message.received_at, refusal.detail)

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

    async def _hear(self, channel: str, hint: Hint) -> None:
        if channel == LINES:
            self.services.predictions.changed(hint["session"])
            self._desk.changed()
        elif hint["topic"] == DESK:
            self._desk.changed()
        else:
            await self._hub.refresh(hint["topic"])

    async def _look_again(self, _now: datetime) -> None:
        """A hint that was lost in a way that nobody thought of must not keep an alarm off a page."""
        await self._hub.refresh_kinds(SHOW_ALARMS)

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
        tls = TlsListener(settings.web.host, settings.mqtt.tls_port, context, certified)
        witness = BrokerWitness(self.services.sightings, CLOCK)
        return EmbeddedBroker(self._registry.check, settings.mqtt.port, tls, witness=witness)

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

    # How it is doing.

    def _not_ready(self) -> list[str]:
        missing = self._supervisor.down()
        if self._stopping:
            missing.append("stopping")
        if self._link is None or not self._link.connected:
            missing.append("mqtt: not connected")
        if self._ingest and self._ingest.stats.failing_since:
            missing.append("ingest: the database takes nothing")
        if self._evaluator.stats.failing_since:
            missing.append("alarms: what is stored cannot be evaluated")
        if self._stands_still():
            missing.append("alarms: evaluation stands still")
        if not self._bus.ready:
            missing.append("bus: not connected")
        return missing

    def _stands_still(self) -> bool:
        """Since the last second that was worked off, or since the start where there never was one."""
        since = self._evaluator.stats.ticked_at or self._started_at
        return since is not None and (CLOCK() - since).total_seconds() > STANDSTILL_S

    def _sees(self) -> bool:
        """Do readings and alarms come through? If not for some seconds, pages must call themselves blind."""
        failing = [self._evaluator.stats.failing_since, self._ingest.stats.failing_since if self._ingest else None]
        oldest = min((since for since in failing if since), default=None)
        blind = oldest is not None and (CLOCK() - oldest).total_seconds() > BLIND_AFTER_S
        return not blind and not self._stands_still()

    def _gauges(self) -> Mapping[str, float]:
        counts = self._hub.counts
        devices = self._broker.connections if self._broker else 0
        return {
            "live_clients": counts.clients,
            "rooms": counts.rooms,
            "broker_connections": devices,
            "audit_unsealed": self._sealer.behind,
            "alarms_nobody_to_tell": self.services.alarms.unreachable,
            **({"broker_accounts_missing": len(self._accounts.missing)} if self._accounts else {}),
            **({"smpp_bound": self._gateways.smpp.bound} if self._gateways.smpp else {}),
        }

    def _counters(self) -> Mapping[str, float]:
        stats = self._ingest.stats if self._ingest else None
        ingest = ("received", "stored", "duplicates", "quarantined", "refused_readings", "failures")
        return {
            "live_deltas": self._hub.counts.deltas,
            **{f"ingest_{name}": getattr(stats, name, 0) for name in ingest},
            "broker_dropped": sum(self.services.broker_drops.counts.values()),
            **self._listeners.counters(),
            **({f"broker_hook_{name}": n for name, n in asdict(self._hook.counts).items()} if self._hook else {}),
            **{f"task_failures_{name.replace(' ', '_')}": n for name, n in self._supervisor.failures().items()},
        }


async def open_bedside(settings: Settings, *, demo: bool) -> Bedside:
    """Everything wired, nothing running yet. Raises StoreError, NotDemonstrationError."""
    settings.data.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(settings.data.database_url)
    is_demonstration = await claim(store, wanted=demo)
    return Bedside(settings, store, _certificates(settings), is_demonstration)


def _input(stored: Stored) -> Input:
    message = stored.message
    return Input(
        message_id=stored.message_id,
        patient_id=stored.patient_id or "",
        device_id=message.device_id,
        position=stored.position or 0,
        received_at=message.received_at,
        body=message.body,
    )


def public_url(settings: Settings) -> str:
    """As set; or the address under which a phone on the same network reaches this machine."""
    if settings.web.public_url:
        return settings.web.public_url
    lan = lan_addresses()
    if lan and settings.web.host not in {"127.0.0.1", "localhost", "::1"}:
        return f"https://{lan[0]}:{settings.web.https_port}"
    return f"http://localhost:{settings.web.http_port}"


def _certificates(settings: Settings) -> Certificates:
    if settings.web.certificate and settings.web.key:
        return Certificates(settings.web.certificate, settings.web.key, None)
    return ensure_certificates(settings.data.directory, machine_names(), CLOCK())


def _alarm_store(settings: Settings, store: Store) -> Store:
    """On PostgreSQL readings and alarms have connections of their own; SQLite has one writer whatever we do."""
    return connect(settings.data.database_url, pool_size=10) if store.dialect == "postgresql" else store


def _sealer(settings: Settings, store: Store) -> Sealer:
    directory = settings.data.directory
    kept = SealStore(partial(store.read, SealLookQueries), partial(store.write, SealQueries))
    return Sealer(kept, audit_key(directory), partial(append_head, directory / HEADS), CLOCK)


def _ways_out(gateways: Gateways) -> WaysOut:
    return WaysOut(
        confirms={channel: gateway.receipts for channel, gateway in gateways.by_channel.items()},
        receipts=gateways.receipts,
        push_services=gateways.push_services,
        push_key=gateways.push_key,
    )


def _bus(settings: Settings) -> Bus:
    if settings.bus == "memory":
        return MemoryBus()
    from server.bus.redis import RedisBus  # noqa: PLC0415 – loaded only where it is used

    return RedisBus(settings.bus)


def _ice(settings: Settings) -> IceServers:
    ice = settings.ice
    fixed = [IceServer(urls=ice.urls)] if ice.urls else []
    secret = ice.turn_secret.get_secret_value().encode()
    return IceServers(fixed, [TurnServer(ice.turn_urls, secret)] if ice.turn_urls else [])


def _embedded(settings: Settings) -> bool:
    return settings.mqtt.broker == "embedded"


def _endpoint(settings: Settings, broker: EmbeddedBroker | None) -> Endpoint:
    mqtt, library = settings.mqtt, Library(settings.mqtt.client)
    if broker:
        return Endpoint("127.0.0.1", broker.port, SERVICE_ID, broker.service.secret, library=library)
    password = mqtt.password.get_secret_value()
    return Endpoint(
        mqtt.host,
        mqtt.port,
        SERVICE_ID,
        password,
        user=mqtt.username,
        tls=tls_of(mqtt),
        persistent=True,
        library=library,
        news=broker_drops.TOPICS,
    )


def _hook(settings: Settings, registry: DeviceRegistry) -> BrokerHook | None:
    mqtt = settings.mqtt
    if mqtt.accounts != "http":
        return None
    server = ServersOwn(SERVICE_ID, mqtt.username, mqtt.password.get_secret_value())
    return BrokerHook(
        mqtt.hook_secret.get_secret_value(), server, registry.check, lambda id_: registry.known(id_) is not None
    )


async def _every(tick: Callable[[datetime], Awaitable[None]], seconds: float = TICK_S) -> None:
    while True:
        await tick(CLOCK())
        await asyncio.sleep(seconds)
