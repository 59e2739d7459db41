"""A Mosquitto outside whose accounts are the registry's: brought to what the registry says, at the start and again."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import structlog

from devices.broker import SERVICE_ID
from devices.dynsec import Service, Wanted
from devices.dynsec_link import Dynsec
from devices.mqtt_endpoint import Endpoint, Tls
from server.settings import Mqtt

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
