"""The dispatcher: takes what is due from the outbox, hands it to a gateway, records what came of it.

At least once: a crash between sending and recording sends again under the same delivery id, which a gateway uses as its
idempotency key. A dispatcher serves one lane; the alarms' lane shares no slot, batch or gateway call with the other.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.messages import LINK

logger = structlog.get_logger(__name__)

ERROR_LIMIT = 256  # characters of a gateway's excuse that are kept


class Refused(Exception):
    """A gateway's final word: this message will never be sent, trying again is no use."""


class Gateway(Protocol):
    """A way out of the house. ``send`` returns the provider's id, if any; the same delivery id may come again."""

    name: str

    async def send(self, delivery_id: str, address: str, text: str) -> str | None: ...


class OutboxTx(Protocol):
    async def expire(self, *, urgent: bool, now: datetime) -> Sequence[Delivery]: ...
    async def take(self, *, urgent: bool, now: datetime, limit: int, lease_until: datetime) -> Sequence[Delivery]: ...
    async def record_sent(self, delivery_id: str, at: datetime, provider_id: str | None) -> None: ...
    async def record_failed(self, failed: "Failed") -> None: ...


class OutboxLook(Protocol):
    async def next_try_at(self, *, urgent: bool) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that came to nothing. ``state`` is queued where another follows at ``next_try_at``."""

    delivery_id: str
    attempt: int
    state: DeliveryState
    next_try_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a lane tries. The lease outlives the gateway's time limit, so that no two attempts overlap."""

    urgent: bool
    slots: int  # deliveries under way at once
    timeout_s: float  # of one gateway call
    first_pause_s: float  # doubled at each failure, with jitter
    longest_pause_s: float
    poll_s: float = 1.0  # how late another process's delivery may be seen

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.timeout_s * 2 + 5)


URGENT = Pace(urgent=True, slots=16, timeout_s=10, first_pause_s=1, longest_pause_s=20)
ORDINARY = Pace(urgent=False, slots=4, timeout_s=20, first_pause_s=5, longest_pause_s=300)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a dispatcher is given: its transactions, its gateways, and whom it tells of a delivery that changed."""

    begin: Callable[[], AbstractAsyncContextManager[OutboxTx]]
    look: Callable[[], AbstractAsyncContextManager[OutboxLook]]
    gateways: Mapping[Channel, Gateway]
    render_link: Callable[[str], str]
    changed: Callable[[Delivery], Awaitable[None]]
    clock: Callable[[], datetime]


class Dispatcher:
    """Serves one lane of the outbox until cancelled."""

    def __init__(self, wiring: Wiring, pace: Pace) -> None:
        self._wiring = wiring
        self._pace = pace
        self._wake = asyncio.Event()
        self._busy = 0

    def hint(self) -> None:
        """Something was added: look now. Forgetting to call this costs at most ``poll_s``."""
        self._wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as sends:
            while True:
                self._wake.clear()
                for delivery in await self._due():
                    self._busy += 1
                    sends.create_task(self._attempt(delivery))
                await self._rest()

    async def _due(self) -> Sequence[Delivery]:
        now, free = self._wiring.clock(), self._pace.slots - self._busy
        async with self._wiring.look() as look:
            next_try_at = await look.next_try_at(urgent=self._pace.urgent)
        if not free or next_try_at is None or next_try_at > now:
            return ()
        async with self._wiring.begin() as tx:
            expired = await tx.expire(urgent=self._pace.urgent, now=now)
            taken = await tx.take(urgent=self._pace.urgent, now=now, limit=free, lease_until=now + self._pace.lease)
        for delivery in expired:
            logger.error("delivery.expired", delivery=delivery.id, cause=delivery.cause, attempts=delivery.attempts)
            await self._wiring.changed(delivery)
        return taken

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, delivery: Delivery) -> None:
        try:
            failed, provider_id = await self._send(delivery)
            await self._record(delivery, failed, provider_id)
            await self._wiring.changed(delivery)
        except Exception:  # a delivery that cannot be recorded stays leased, and comes again
            logger.exception("delivery.unsettled", delivery=delivery.id)
        finally:
            self._busy -= 1
            self._wake.set()

    async def _send(self, delivery: Delivery) -> tuple[Failed | None, str | None]:
        gateway = self._wiring.gateways[delivery.channel]
        try:
            text = self._rendered(delivery)
            async with asyncio.timeout(self._pace.timeout_s):
                return None, await gateway.send(delivery.id, delivery.address, text)
        except Refused as error:
            return self._failed(delivery, error, DeliveryState.FAILED), None
        except Exception as error:  # a gateway is foreign code: whatever it raises, this delivery waits its turn
            logger.exception("delivery.failed", delivery=delivery.id, gateway=gateway.name)
            return self._failed(delivery, error, DeliveryState.QUEUED), None

    async def _record(self, delivery: Delivery, failed: Failed | None, provider_id: str | None) -> None:
        async with self._wiring.begin() as tx:
            if failed:
                await tx.record_failed(failed)
            else:
                await tx.record_sent(delivery.id, self._wiring.clock(), provider_id)

    def _failed(self, delivery: Delivery, error: Exception, state: DeliveryState) -> Failed:
        pause = timedelta(seconds=pause_s(delivery.attempts, self._pace, random.random()))  # noqa: S311 – jitter
        reason = f"{type(error).__name__}: {error}"[:ERROR_LIMIT]
        return Failed(delivery.id, delivery.attempts, state, self._wiring.clock() + pause, reason)

    def _rendered(self, delivery: Delivery) -> str:
        if delivery.link_id is None:
            return delivery.body
        return delivery.body.replace(LINK, self._wiring.render_link(delivery.link_id))


def pause_s(attempts: int, pace: Pace, chance: float) -> float:
    """Seconds until the next try after ``attempts`` of them; ``chance``, 0 to 1, spreads a crowd over half of it."""
    whole = min(pace.first_pause_s * 2.0 ** min(attempts - 1, 30), pace.longest_pause_s)
    return whole * (0.5 + chance / 2)
