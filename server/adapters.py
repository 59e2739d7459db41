"""Which adapter the settings pick for each part of the house: one function a part, each called once, by ``app``."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from devices.broker import SERVICE_ID, EmbeddedBroker
from devices.mqtt_endpoint import Endpoint, Library
from server.access.heads import HEADS, append_head
from server.access.sealing import Sealer, SealStore
from server.bus import Bus
from server.bus.memory import MemoryBus
from server.connections import Connections, Most
from server.crowding import Crowd
from server.gateways import Gateways
from server.keys import audit_key
from server.messaging import WaysOut
from server.monitoring import broker_drops
from server.monitoring.broker_hook import BrokerHook, ServersOwn
from server.open_files import FOR_STAFF, for_pages
from server.outside import tls_of
from server.settings import Settings
from server.store.chain import SealLookQueries, SealQueries
from server.store.engine import Store, connect
from server.store.registry import DeviceRegistry
from server.tls import Certificates, ensure_certificates, lan_addresses, machine_names
from signaling.ice import IceServers, TurnServer
from signaling.messages import IceServer

Clock = Callable[[], datetime]


def public_url(settings: Settings) -> str:
    """As set; or the address under which a phone on the same network reaches this machine."""
    if settings.web.public_url:
        return settings.web.public_url
    lan = lan_addresses()
    if lan and settings.web.host not in {"127.0.0.1", "localhost", "::1"}:
        return f"https://{lan[0]}:{settings.web.https_port}"
    return f"http://localhost:{settings.web.http_port}"


def certificates_of(settings: Settings, now: datetime) -> Certificates:
    if settings.web.certificate and settings.web.key:
        return Certificates(settings.web.certificate, settings.web.key, None)
    return ensure_certificates(settings.data.directory, machine_names(), now)


def alarm_store(settings: Settings, store: Store) -> Store:
    """On PostgreSQL readings and alarms have connections of their own; SQLite has one writer whatever we do."""
    return connect(settings.data.database_url, pool_size=10) if store.dialect == "postgresql" else store


def sealer(settings: Settings, store: Store, clock: Clock) -> Sealer:
    directory = settings.data.directory
    kept = SealStore(partial(store.read, SealLookQueries), partial(store.write, SealQueries))
    return Sealer(kept, audit_key(directory), partial(append_head, directory / HEADS), clock)


def ways_out(gateways: Gateways) -> WaysOut:
    return WaysOut(
        confirms={channel: gateway.receipts for channel, gateway in gateways.by_channel.items()},
        receipts=gateways.receipts,
        push_services=gateways.push_services,
        push_key=gateways.push_key,
    )


def bus_of(settings: Settings) -> Bus:
    if settings.bus == "memory":
        return MemoryBus()
    from server.bus.redis import RedisBus  # noqa: PLC0415 – loaded only where it is used

    return RedisBus(settings.bus)


def ice_of(settings: Settings) -> IceServers:
    ice = settings.ice
    fixed = [IceServer(urls=ice.urls)] if ice.urls else []
    secret = ice.turn_secret.get_secret_value().encode()
    return IceServers(fixed, [TurnServer(ice.turn_urls, secret)] if ice.turn_urls else [])


def bounds_of(settings: Settings) -> tuple[Connections, Crowd]:
    """Proxies hold many people's connections, and are told apart by request alone."""
    web, pages = settings.web, for_pages()
    most = Most(web.connections_an_address, pages, pages + FOR_STAFF, web.connections_uncounted)
    proxies = (*most.uncounted, *web.trusted_proxies)
    return Connections(replace(most, an_address=2 * most.an_address, uncounted=proxies)), Crowd(most)


def is_embedded(settings: Settings) -> bool:
    return settings.mqtt.broker == "embedded"


def endpoint_of(settings: Settings, broker: EmbeddedBroker | None) -> Endpoint:
    """Where this server's own link goes."""
    mqtt, library = settings.mqtt, Library(settings.mqtt.client)
    if broker:
        return Endpoint("127.0.0.1", broker.port, SERVICE_ID, broker.service.secret, library=library)
    return Endpoint(
        mqtt.host,
        mqtt.port,
        SERVICE_ID,
        mqtt.password.get_secret_value(),
        user=mqtt.username,
        tls=tls_of(mqtt),
        persistent=True,
        library=library,
        news=broker_drops.TOPICS,
    )


def hook_of(settings: Settings, registry: DeviceRegistry, told: Callable[[str, str], None]) -> BrokerHook | None:
    mqtt = settings.mqtt
    if mqtt.accounts != "http":
        return None
    server = ServersOwn(SERVICE_ID, mqtt.username, mqtt.password.get_secret_value())
    secret = mqtt.hook_secret.get_secret_value()
    return BrokerHook(secret, server, registry.check, lambda id_: registry.known(id_) is not None, told=told)
