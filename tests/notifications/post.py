"""A hospital's post in a test: an outbox over a real store, a clock that is set, a telephone that keeps what it got."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from server.messaging import limits_of
from server.notifications.deliveries import Channel, Delivery, DeliveryState, Letter, NewDelivery
from server.notifications.outbox import Dispatcher, Gateway, Pace, Wiring
from server.notifications.templates import Locale, Template, Text
from server.settings import Settings
from server.store.engine import Store
from server.store.notifications import DeliveryQueries, OutboxLookQueries, OutboxQueries

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUICK = Pace(urgent=True, slots=4, timeout_s=0.2, first_pause_s=1, longest_pause_s=20, poll_s=0.01)
QUICK_ORDINARY = replace(QUICK, urgent=False)
ALARM = Text(Template.ALARM, Locale.ZH, "警报")
BOOKED = Text(Template.BOOKED, Locale.ZH, "您的号 {link}")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Telephone:
    """A gateway that keeps what it was given, and misbehaves as told: an error to raise, or an event to wait for."""

    name = "telephone"

    def __init__(self, *, receipts: bool = False) -> None:
        self.receipts = receipts
        self.sent: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def send(self, letter: Letter) -> str | None:
        self.sent.append((letter.delivery_id, letter.text))
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return f"provider-{len(self.sent)}"


class Outbox:
    """One hospital's outbox in a test: add, run a dispatcher for a while, look at the rows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Clock()
        self.phone = Telephone()
        self.changed: list[Delivery] = []
        self.limits = limits_of(Settings())
        self.gateways: Mapping[Channel, Gateway] | None = None

    async def add(self, cause: str, text: Text = ALARM, *, urgent: bool = True, lives_s: float = 3600) -> bool:
        async with self.store.write(DeliveryQueries) as tx:
            return await tx.add_delivery(new(cause, text, urgent=urgent, lives_s=lives_s))

    def dispatcher(self, pace: Pace = QUICK, gateway: Gateway | None = None) -> Dispatcher:
        async def note(delivery: Delivery) -> None:
            self.changed.append(delivery)

        wiring = Wiring(
            begin=partial(self.store.write, OutboxQueries),
            look=partial(self.store.read, OutboxLookQueries),
            gateways=self.gateways or {Channel.SMS: gateway or self.phone},
            render_link=lambda link_id: f"https://bedside.example/join#{link_id}",
            changed=note,
            clock=self.clock,
            limits=self.limits,
            zone=UTC,
        )
        return Dispatcher(wiring, pace)

    async def rows(self) -> list[Delivery]:
        async with self.store.read(OutboxLookQueries) as look:
            return list(await look.newest(1000))

    async def states(self) -> set[DeliveryState]:
        return {row.state for row in await self.rows()}

    async def reach(self, state: DeliveryState) -> None:
        async with asyncio.timeout(20):
            while await self.states() != {state}:
                await asyncio.sleep(0.01)


def new(cause: str, text: Text = ALARM, *, urgent: bool = True, lives_s: float = 3600) -> NewDelivery:
    return NewDelivery(
        cause=cause,
        recipient="user:doctor",
        address="+8613800000001",
        text=text,
        created_at=NOON,
        expires_at=NOON + timedelta(seconds=lives_s),
        link_id="link-1" if "{link}" in text.body else None,
        urgent=urgent,
    )


@asynccontextmanager
async def running(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(dispatcher.run()) for dispatcher in dispatchers]
        yield
        for task in tasks:
            task.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
