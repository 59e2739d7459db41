"""A Mosquitto outside whose accounts are the registry's: brought to what the registry says, at the start and again."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

import structlog

from devices.broker import SERVICE_ID
from devices.dynsec import Service, Wanted
from devices.dynsec_link import Dynsec
from devices.mqtt_endpoint import Endpoint, Tls
from server.monitoring.credentials import GIVE_UP_S, CredentialChange, OutsideBroker, PendingStore
from server.settings import Mqtt
from server.store.devices import CredentialQueries
from server.store.engine import Store

EVERY_S = 600.0  # what somebody changed at the broker by hand is put right
NAMED = 20  # devices in one line of the log

logger = structlog.get_logger(__name__)


class BrokerAccounts:
    """``run`` is supervised: where the broker does not take it, the task fails, readiness says so and it begins again.

    ``missing``: devices that may speak and cannot, since the broker has no secret of theirs; each needs a new one.
    """

    def __init__(self, broker: Dynsec, registry: Callable[[], Awaitable[Collection[Wanted]]]) -> None:
        self.missing: tuple[str, ...] = ()
        self._broker = broker
        self._registry = registry
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """A device may speak no longer: look at once."""
        self._changed.set()

    async def run(self) -> None:
        while True:
            self._changed.clear()
            await self._reconcile()
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _reconcile(self) -> None:
        found = await self._broker.reconcile(self._registry)
        if found.steps:
            logger.info("broker.accounts_mended", commands=len(found.steps))
        if found.missing and found.missing != self.missing:
            logger.error("broker.accounts_missing", number=len(found.missing), devices=found.missing[:NAMED])
        self.missing = found.missing


class ToldAtOnce:
    """For a command, which ends: what it committed is told to the broker before it goes, or said to be pending. The
    server bars what stays pending, since a secret that nobody told the broker is in nobody's hands any more."""

    def __init__(self, broker: OutsideBroker, store: PendingStore) -> None:
        self._broker = broker
        self._store = store

    async def __call__(self, changes: Sequence[CredentialChange]) -> None:
        for change in changes:
            try:
                async with asyncio.timeout(GIVE_UP_S):
                    await self._say(change)
            except (OSError, TimeoutError) as error:
                then = "bar it by hand" if change.secret is None else f"bedside device rotate {change.device_id}"
                logger.warning("broker.not_told", device_id=change.device_id, error=type(error).__name__, then=then)
            else:
                await self._store.taken(change.device_id, change.version)

    async def _say(self, change: CredentialChange) -> None:
        if change.secret is None:
            await self._broker.bar(change.device_id)
        else:
            await self._broker.admit(change.device_id, change.secret)


def dynsec_of(mqtt: Mqtt) -> Dynsec | None:
    """Mosquitto's plugin, where the settings say that Bedside keeps the accounts."""
    if mqtt.accounts != "dynsec":
        return None
    registry = Endpoint(
        mqtt.host, mqtt.port, mqtt.registry_username, mqtt.registry_password.get_secret_value(), tls=tls_of(mqtt)
    )
    service = Service(mqtt.username, mqtt.password.get_secret_value())
    return Dynsec(registry, service, {SERVICE_ID, *mqtt.accounts_kept})


def tls_of(mqtt: Mqtt) -> Tls | None:
    return Tls(Path(mqtt.ca) if mqtt.ca else None) if mqtt.tls else None


async def wanted_accounts(store: Store) -> list[Wanted]:
    """Whom the broker is to let in."""
    async with store.read(CredentialQueries) as look:
        found = await look.credentials()
    return [Wanted(one.device_id, settled=one.broker_version >= one.version) for one in found if one.live]
