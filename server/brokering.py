"""THE BROKER, embedded or outside: how it learns which devices may speak, and where this server's own link goes."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from devices.broker import SERVICE_ID, EmbeddedBroker, TlsListener
from devices.mqtt_endpoint import Endpoint, Library
from server.access.limits import caller
from server.doorway import doorways
from server.monitoring import broker_drops
from server.monitoring.broker_hook import BrokerHook, ServersOwn
from server.monitoring.credentials import CredentialChange, CredentialRelay
from server.monitoring.sightings import BrokerWitness
from server.outside import BrokerAccounts, dynsec_of, tls_of, wanted_accounts
from server.settings import Mqtt, Settings
from server.store.devices import StoredCredentials
from server.store.engine import Store
from server.store.registry import DeviceRegistry
from server.supervise import Supervisor
from server.tls import Certificates


@dataclass(frozen=True, kw_only=True)
class Brokering:
    """``accounts`` and ``relay`` where an outside broker is told who may speak, ``hook`` where it asks."""

    embedded: EmbeddedBroker | None
    accounts: BrokerAccounts | None
    relay: CredentialRelay | None
    hook: BrokerHook | None

    async def start(self, supervisor: Supervisor) -> None:
        """Raises BrokerError."""
        if self.embedded:
            await self.embedded.start()
            supervisor.start("broker", self.embedded.run)
        if self.accounts:
            supervisor.start("broker accounts", self.accounts.run)
        if self.relay:
            supervisor.start("credentials", self.relay.run)

    async def stop(self, supervisor: Supervisor) -> None:
        await supervisor.stop("broker")
        if self.embedded:
            await self.embedded.stop()

    def offer(self, changes: Sequence[CredentialChange]) -> None:
        if self.relay:
            for change in changes:
                self.relay.offer(change)

    def cut_off(self, device_ids: Collection[str]) -> None:
        if self.embedded:
            for device_id in device_ids:
                self.embedded.revoke(device_id)
        if self.accounts and device_ids:
            self.accounts.changed()


def build_brokering(
    settings: Settings,
    store: Store,
    registry: DeviceRegistry,
    *,
    certificates: Certificates,
    witness: BrokerWitness,
    told: Callable[[str], Awaitable[None]],
) -> Brokering:
    """``told`` of a device whose credential an outside broker has taken."""
    mqtt, dynsec = settings.mqtt, dynsec_of(settings.mqtt)
    return Brokering(
        embedded=_embedded(settings, registry, certificates, witness) if mqtt.broker == "embedded" else None,
        accounts=BrokerAccounts(dynsec, partial(wanted_accounts, store)) if dynsec else None,
        relay=CredentialRelay(dynsec, StoredCredentials(store), told) if dynsec else None,
        hook=_hook(mqtt, registry, witness.refused) if mqtt.accounts == "http" else None,
    )


def endpoint_of(mqtt: Mqtt, broker: EmbeddedBroker | None) -> Endpoint:
    """Where this server's own link goes."""
    library = Library(mqtt.client)
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


def _embedded(
    settings: Settings, registry: DeviceRegistry, certificates: Certificates, witness: BrokerWitness
) -> EmbeddedBroker:
    host, mqtt, certified = settings.web.host, settings.mqtt, registry.check_certificate
    context = certificates.context(mqtt.device_ca)
    tls = TlsListener(host, mqtt.tls_port, context, certified, opened=doorways, caller=caller)
    return EmbeddedBroker(registry.check, mqtt.port, tls, witness=witness)


def _hook(mqtt: Mqtt, registry: DeviceRegistry, told: Callable[[str, str], None]) -> BrokerHook:
    server = ServersOwn(SERVICE_ID, mqtt.username, mqtt.password.get_secret_value())
    secret = mqtt.hook_secret.get_secret_value()
    return BrokerHook(secret, server, registry.check, lambda id_: registry.known(id_) is not None, told=told)
