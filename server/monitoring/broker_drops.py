"""A broker that drops messages for lack of room is a technical alarm of the house: how many, who is told, when it ends.

The broker counts. A device whose message was dropped sends it again; what is lost for good is that device's own alarm,
"gap". Operators are told at once, once an episode; it is over when nothing was dropped for ten minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from server.access.audit import SYSTEM, AuditEntry
from server.ids import new_id
from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.ladder import Person
from server.notifications.messages import Sender, locale_of

QUIET = timedelta(minutes=10)
MEANS_SOMETHING_FOR = timedelta(hours=12)
BROKERS = 32  # nodes of a cluster that are followed; a name beyond is not heard
SHOWN = 20
EMBEDDED, MOSQUITTO = "embedded", "mosquitto"
_MOSQUITTO = "$SYS/broker/publish/messages/dropped"
_EMQX = ("$SYS/brokers/", "/metrics/delivery/dropped/queue_full")
TOPICS = (_MOSQUITTO, "+".join(_EMQX))  # what the server's link listens to at an outside broker

logger = structlog.get_logger(__name__)


class Drops(msgspec.Struct, frozen=True):
    """One episode: ``number`` messages since ``raised_at``, the last at ``last_at``."""

    id: str
    broker: str
    number: int
    raised_at: datetime
    last_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a count makes of the episode before it. ``begun``: somebody must be told."""

    drops: Drops | None
    begun: bool = False


class CountTx(Protocol):
    async def count(self, broker: str) -> int | None:
        """As last heard; locked until the commit."""

    async def keep_count(self, broker: str, count: int, at: datetime) -> None: ...


class EpisodeTx(Protocol):
    async def open_drops(self) -> Sequence[Drops]: ...
    async def save_drops(self, drops: Drops) -> None: ...


class TellingTx(Protocol):
    async def operators(self) -> Sequence[Person]: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class DropsTx(CountTx, EpisodeTx, TellingTx, Protocol):
    """One transaction of all three."""


class DropsLook(Protocol):
    async def newest_drops(self, limit: int) -> Sequence[Drops]: ...


def lost(before: int | None, count: int) -> int:
    """How many more the broker has dropped. Its count begins again at 0 with the broker; of one that was never heard
    before nobody knows when it was."""
    if before is None:
        return 0
    return count - before if count >= before else count


def step(drops: Drops | None, broker: str, more: int, now: datetime) -> Step:
    """``drops``: the open episode of this broker."""
    if more and drops is None:
        return Step(Drops(new_id(), broker, more, now, now), begun=True)
    if more and drops is not None:
        return Step(msgspec.structs.replace(drops, number=drops.number + more, last_at=now))
    if drops is not None and now - drops.last_at >= QUIET:
        return Step(msgspec.structs.replace(drops, ended_at=now))
    return Step(drops)


def broker_of(topic: str) -> str | None:
    """Whose count this topic of ``$SYS`` is; None where it is none that is followed."""
    if topic == _MOSQUITTO:
        return MOSQUITTO
    head, tail = _EMQX
    node = topic.removeprefix(head).removesuffix(tail)
    return node if topic == f"{head}{node}{tail}" and 0 < len(node) <= 64 and "/" not in node else None


class BrokerDrops:
    """``heard`` and ``counted`` only note a number; ``tick`` puts on record what has changed and tells of it."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[DropsTx]],
        look: Callable[[], AbstractAsyncContextManager[DropsLook]],
        hint: Callable[[], None],
        sender: Sender,
    ) -> None:
        self._begin = begin
        self._look = look
        self._hint = hint
        self._sender = sender
        self._newest: dict[str, int] = {}
        self._recorded: dict[str, int] = {}
        self._over_at: datetime | None = None  # when the first of the open episodes may be over
        self._read = False

    def heard(self, topic: str, payload: bytes) -> None:
        """A message of the broker about itself; whatever is none of a count is passed over."""
        broker, said = broker_of(topic), payload[:20].strip()
        if broker is not None and said.isdigit():
            self.counted(broker, int(said))

    def counted(self, broker: str, count: int) -> None:
        if broker in self._newest or len(self._newest) < BROKERS:
            self._newest[broker] = count

    @property
    def counts(self) -> Mapping[str, int]:
        """As the brokers say it, by broker."""
        return self._newest

    async def tick(self, now: datetime) -> None:
        """Nothing new costs nothing."""
        fresh = {broker: count for broker, count in self._newest.items() if self._recorded.get(broker) != count}
        is_due = self._over_at is not None and self._over_at <= now
        if not fresh and not is_due and self._read:
            return
        async with self._begin() as tx:
            begun = await self._record(tx, fresh, now)
        self._recorded.update(fresh)
        self._read = True
        if begun:
            self._hint()

    async def newest(self) -> list[Drops]:
        async with self._look() as look:
            return list(await look.newest_drops(SHOWN))

    async def _record(self, tx: DropsTx, fresh: Mapping[str, int], now: datetime) -> bool:
        open_ = {drops.broker: drops for drops in await tx.open_drops()}
        steps = [await self._step(tx, broker, open_.get(broker), now) for broker in sorted({*open_, *fresh})]
        left = [taken.drops.last_at for taken in steps if taken.drops and taken.drops.ended_at is None]
        self._over_at = min(left) + QUIET if left else None
        return any(taken.begun for taken in steps)

    async def _step(self, tx: DropsTx, broker: str, before: Drops | None, now: datetime) -> Step:
        count = self._newest.get(broker)
        more = 0
        if count is not None:
            more = lost(await tx.count(broker), count)
            await tx.keep_count(broker, count, now)
        taken = step(before, broker, more, now)
        if taken.drops is not None and taken.drops != before:
            await tx.save_drops(taken.drops)
            await self._say(tx, taken)
        return taken

    async def _say(self, tx: DropsTx, taken: Step) -> None:
        drops = taken.drops
        if drops is None or not (taken.begun or drops.ended_at):
            return
        what = "broker.dropped" if taken.begun else "broker.drops_ended"
        at = drops.ended_at or drops.raised_at
        await tx.audit(AuditEntry(at, SYSTEM, what, f"broker:{drops.broker}", {"number": drops.number}))
        logger.warning(what, broker=drops.broker, number=drops.number)
        for person in await tx.operators() if taken.begun else ():
            if person.phone:
                await tx.add_delivery(self._letter(drops, person, person.phone))

    def _letter(self, drops: Drops, to: Person, phone: str) -> NewDelivery:
        return NewDelivery(
            cause=f"broker:{drops.id}",
            recipient=f"user:{to.id}",
            address=phone,
            text=messages.broker_drops(self._sender, locale_of(to.locale), number=drops.number),
            created_at=drops.raised_at,
            expires_at=drops.raised_at + MEANS_SOMETHING_FOR,
            urgent=True,
        )
