"""Climbs each person's ladder by tick, and keeps the list of those whom no machine has reached, for a human to call."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Protocol

import structlog

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.reach import NextRung, Reach, Tried, Way, next_rung
from server.notifications.templates import Template

logger = structlog.get_logger(__name__)

AT_A_TIME: Final = 200  # deliveries of one tick; what is left waits for the next
Ways = Mapping[Channel, Way]


class NoSuchCall(Exception):
    """No call to be made, or made already."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One more delivery of the message that ``like`` carries."""

    like: Delivery
    channel: Channel
    address: str
    now: datetime
    look_at: datetime | None


class ReachTx(Protocol):
    async def due(self, *, urgent: bool, now: datetime, limit: int) -> Sequence[Delivery]:
        """Those to be looked at and all others of the same messages to the same people, message by message.

        Skips what another server looks at, and alarms that somebody has answered.
        """
        ...

    async def addresses(self, recipient: str) -> Mapping[Channel, str]: ...
    async def add_rung(self, rung: Rung) -> None: ...
    async def look_again(self, delivery_ids: Collection[str], at: datetime | None) -> None: ...


class CallTx(Protocol):
    async def record_call(self, delivery_id: str, state: DeliveryState, now: datetime) -> Delivery | None:
        """None where there is no such call to be made."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class Climber:
    """One lane's ladders: alarms have their own, so that nothing ordinary stands before them.

    ``changed`` is told of the messages that went a rung further.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ReachTx]],
        ways: Ways,
        changed: Callable[[Delivery], Awaitable[None]],
        *,
        urgent: bool,
    ) -> None:
        self._begin = begin
        self._ways = ways
        self._changed = changed
        self._urgent = urgent

    async def tick(self, now: datetime) -> None:
        async with self._begin() as tx:
            due = messages_of(await tx.due(urgent=self._urgent, now=now, limit=AT_A_TIME))
            steps = [await self._step(tx, message, now) for message in due]
            await _look_again(tx, steps)
            climbed = [step.like for step in steps if await _climb(tx, step, now)]
        for delivery in climbed:
            await self._changed(delivery)

    async def _step(self, tx: ReachTx, message: Sequence[Delivery], now: datetime) -> "_Step":
        """People are looked up only where the next rung is due."""
        step = next_rung(reach_of(message, Channel), self._ways, now)
        if not step.channels:
            return _Step(message, step, {})
        addresses = await tx.addresses(message[0].recipient)
        open_to = {channel for channel in addresses if channel in self._ways or channel is Channel.VOICE}
        return _Step(message, next_rung(reach_of(message, open_to), self._ways, now), addresses)


@dataclass(frozen=True, slots=True)
class _Step:
    message: Sequence[Delivery]
    next: NextRung
    addresses: Mapping[Channel, str]

    @property
    def like(self) -> Delivery:
        """The newest delivery of the message."""
        return self.message[-1]


async def _look_again(tx: ReachTx, steps: Iterable[_Step]) -> None:
    """Those of one moment together: in a crowd most are done."""
    looks: dict[datetime | None, list[str]] = {}
    for step in steps:
        at = None if step.next.channels else step.next.look_at
        looks.setdefault(at, []).extend(delivery.id for delivery in step.message)
    for at, delivery_ids in looks.items():
        await tx.look_again(delivery_ids, at)


async def _climb(tx: ReachTx, step: _Step, now: datetime) -> bool:
    """Whether the message went a rung further."""
    for channel in sorted(step.next.channels):
        await tx.add_rung(Rung(step.like, channel, step.addresses[channel], now, step.next.look_at))
        logger.info("delivery.next_rung", delivery=step.like.id, cause=step.like.cause, channel=channel)
    return bool(step.next.channels)


class Calls:
    """What a human does when no machine has reached somebody."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[CallTx]],
        changed: Callable[[Delivery], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._changed = changed

    async def record(self, who: Principal, delivery_id: str, now: datetime, *, reached: bool) -> None:
        """Raises ``NoSuchCall``. Who was not reached can be called again."""
        state = DeliveryState.DELIVERED if reached else DeliveryState.FAILED
        async with self._begin() as tx:
            delivery = await tx.record_call(delivery_id, state, now)
            if delivery is None:
                raise NoSuchCall("no such call is to be made")
            await tx.audit(AuditEntry(now, who.actor, "call.made", f"delivery:{delivery_id}", {"reached": reached}))
        await self._changed(delivery)


def reach_of(message: Sequence[Delivery], open_to: Iterable[Channel]) -> Reach:
    """``message``: every delivery of one message to one person."""
    tried = [Tried(one.channel, one.state, one.sent_at or one.created_at) for one in message]
    return Reach(Template(message[0].template), tried, frozenset(open_to), message[0].expires_at)


def messages_of(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Deliveries that come message by message, taken apart."""
    return [list(group) for _, group in groupby(deliveries, key=lambda one: (one.cause, one.step, one.recipient))]
