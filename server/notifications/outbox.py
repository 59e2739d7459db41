"""The dispatcher: takes what is due from the outbox, hands it to a gateway, records what came of it.

At least once: a crash between sending and recording sends again under the same delivery id, which a gateway uses as its
idempotency key. A dispatcher serves one lane; the alarms' lane shares no slot, batch or gateway call with the other.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog

from server.grouped import Grouped
from server.notifications.budgets import Charge, Limits, Scope, charge
from server.notifications.deliveries import Channel, Delivery, DeliveryState, Letter
from server.notifications.templates import LINK

logger = structlog.get_logger(__name__)

ERROR_LIMIT = 256  # characters of a gateway's excuse that are kept


class Refused(Exception):
    """A gateway's final word: this message will never be sent, trying again is no use."""


class Gone(Refused):
    """The address itself is no more: a browser that was uninstalled, a subscription that was withdrawn."""


class Gateway(Protocol):
    """A way out of the house. ``send`` returns the provider's id, if any; the same delivery id may come again.

    ``receipts``: the provider tells us afterwards what became of a message.
    """

    name: str
    receipts: bool

    async def send(self, letter: Letter) -> str | None: ...


class OutboxTx(Protocol):
    async def expire(self, *, urgent: bool, now: datetime) -> Sequence[Delivery]: ...
    async def take(self, *, urgent: bool, now: datetime, limit: int, lease_until: datetime) -> Sequence[Delivery]: ...
    async def charge(self, wanted: Sequence[Charge], limits: Limits) -> Mapping[str, Scope]:
        """Count them; of those that would exceed a budget, and are not counted, the scope by delivery id."""
        ...

    async def record(self, outcomes: "Sequence[Sent | Failed]") -> None:
        """A receipt that came before its sending is recorded is applied now. Of failures only the newest attempt's
        speaks for its delivery: an overtaken one changes nothing."""
        ...


class OutboxLook(Protocol):
    async def next_try_at(self, *, urgent: bool) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that came to nothing ``at``. ``state`` is queued where another follows at ``next_try_at``.

    ``gone``: the address itself is no more, and is to be forgotten.
    """

    delivery_id: str
    attempt: int
    state: DeliveryState
    at: datetime
    next_try_at: datetime
    error: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway has taken it."""

    delivery_id: str
    at: datetime
    gateway: str
    provider_id: str | None
    confirms: bool  # a receipt may follow


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a lane tries. The lease outlives the gateway's time limit, so that no two attempts overlap."""

    urgent: bool
    slots: int  # deliveries under way at once
    timeout_s: float  # of one gateway call
    first_pause_s: float  # doubled at each failure, with jitter
    longest_pause_s: float
    poll_s: float = 1.0  # how late another process's delivery may be seen
    gather_s: float = 0.0  # least time between two looks: what is added meanwhile is taken together

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.timeout_s * 2 + 5)


URGENT = Pace(urgent=True, slots=16, timeout_s=10, first_pause_s=1, longest_pause_s=20, gather_s=0.05)
ORDINARY = Pace(urgent=False, slots=64, timeout_s=20, first_pause_s=5, longest_pause_s=300, gather_s=0.05)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a dispatcher is given: its transactions, its gateways, and whom it tells of a delivery that changed.

    ``limits`` are the budgets, counted by the day of ``zone``.
    """

    begin: Callable[[], AbstractAsyncContextManager[OutboxTx]]
    look: Callable[[], AbstractAsyncContextManager[OutboxLook]]
    gateways: Mapping[Channel, Gateway]
    render_link: Callable[[str], str]
    changed: Callable[[Delivery], Awaitable[None]]
    clock: Callable[[], datetime]
    limits: Limits
    zone: tzinfo


class Dispatcher:
    """Serves one lane of the outbox until cancelled."""

    def __init__(self, wiring: Wiring, pace: Pace) -> None:
        self._wiring = wiring
        self._pace = pace
        self._wake = asyncio.Event()
        self._busy = 0
        self._record: Grouped[OutboxTx, Sent | Failed, None] = Grouped(wiring.begin, _record_all)

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
            refused = await self._refused(tx, taken)
        for delivery in expired:
            logger.error("delivery.expired", delivery=delivery.id, cause=delivery.cause, attempts=delivery.attempts)
        for delivery in (*expired, *(one for one in taken if one.id in refused)):
            await self._wiring.changed(delivery)
        return [delivery for delivery in taken if delivery.id not in refused]

    async def _refused(self, tx: OutboxTx, taken: Sequence[Delivery]) -> Mapping[str, Scope]:
        """All are counted against their budgets, or refused for good: a person's ladder goes on by what is free."""
        wanted = [cost for delivery in taken if (cost := charge(delivery, self._wiring.zone))]
        refused = await tx.charge(wanted, self._wiring.limits)
        over = [delivery for delivery in taken if delivery.id in refused]
        for delivery in over:
            scope = refused[delivery.id]
            logger.error("delivery.over_budget", delivery=delivery.id, cause=delivery.cause, scope=scope)
        if over:
            await tx.record([self._over_budget(delivery, refused[delivery.id]) for delivery in over])
        return refused

    async def _rest(self) -> None:
        await asyncio.sleep(self._pace.gather_s)
        try:
            async with asyncio.timeout(self._pace.poll_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, delivery: Delivery) -> None:
        try:
            await self._record(await self._send(delivery))
            await self._wiring.changed(delivery)
        except Exception:  # a delivery that cannot be recorded stays leased, and comes again
            logger.exception("delivery.unsettled", delivery=delivery.id)
        finally:
            self._busy -= 1
            self._wake.set()

    async def _send(self, delivery: Delivery) -> Sent | Failed:
        gateway = self._wiring.gateways.get(delivery.channel)
        if gateway is None:
            return self._failed(delivery, Refused(f"no gateway for {delivery.channel}"), DeliveryState.FAILED)
        try:
            letter = self._letter(delivery)
            async with asyncio.timeout(self._pace.timeout_s):
                provider_id = await gateway.send(letter)
        except Refused as error:
            return self._failed(delivery, error, DeliveryState.FAILED)
        except Exception as error:  # a gateway is foreign code: whatever it raises, this delivery waits its turn
            logger.exception("delivery.failed", delivery=delivery.id, gateway=gateway.name)
            return self._failed(delivery, error, DeliveryState.QUEUED)
        return Sent(delivery.id, self._wiring.clock(), gateway.name, provider_id, confirms=gateway.receipts)

    def _over_budget(self, delivery: Delivery, scope: Scope) -> Failed:
        return self._failed(delivery, Refused(f"over budget: {scope} a day"), DeliveryState.OVER_BUDGET)

    def _failed(self, delivery: Delivery, error: Exception, state: DeliveryState) -> Failed:
        pause = timedelta(seconds=pause_s(delivery.attempts, self._pace, random.random()))  # noqa: S311 – jitter
        now = self._wiring.clock()
        return Failed(
            delivery_id=delivery.id,
            attempt=delivery.attempts,
            state=state,
            at=now,
            next_try_at=now + pause,
            error=f"{type(error).__name__}: {error}"[:ERROR_LIMIT],
            gone=isinstance(error, Gone),
        )

    def _letter(self, delivery: Delivery) -> Letter:
        link = self._wiring.render_link(delivery.link_id) if delivery.link_id else ""
        return Letter(
            delivery_id=delivery.id,
            address=delivery.address,
            text=delivery.body.replace(LINK, link),
            template=delivery.template,
            locale=delivery.locale,
            urgent=delivery.urgent,
        )


async def _record_all(tx: OutboxTx, outcomes: Sequence[Sent | Failed]) -> list[Exception | None]:
    await tx.record(outcomes)
    return [None for _ in outcomes]


def pause_s(attempts: int, pace: Pace, chance: float) -> float:
    """Seconds until the next try after ``attempts`` of them; ``chance``, 0 to 1, spreads a crowd over half of it."""
    whole = min(pace.first_pause_s * 2.0 ** min(attempts - 1, 30), pace.longest_pause_s)
    return whole * (0.5 + chance / 2)
