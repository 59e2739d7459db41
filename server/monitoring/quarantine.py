"""What could not be read, before a person: looked through, corrected, replayed or dismissed. The original stays."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Protocol

from devices import topics
from devices.arrivals import Arrival, KnownDevice, Receipt
from devices.handover import NotTaken
from devices.reader import Entry
from devices.readings import Message, Reason, Refusal
from devices.reread import Kept, only_readings, reread
from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.monitoring.errors import (
    NotFound,
    NothingToTake,
    NotTakenNow,
    QuarantineSettled,
    QuarantineWishRefused,
    ReadingsTakenBefore,
    TooManyCopies,
)
from server.monitoring.quarantine_views import (
    QuarantineCopy,
    QuarantineDetail,
    QuarantinePage,
    QuarantineView,
    Reread,
    reread_view,
)

NOWHERE = Receipt(0, 0)  # no broker waits for it
PAGE = 50
COPIES = 20  # of one message
WHY_LIMIT = 300


class State(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Filter:
    """``after_id`` is the last of the page before: newest first."""

    state: State | None = State.OPEN
    device_id: str | None = None
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None
    after_id: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A message in quarantine. ``identity``: of what is stored of it all the same."""

    view: QuarantineView
    payload: bytes
    identity: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person made of it; ``content`` None: the bytes as they came. ``format``: other than its topic's."""

    content: bytes | None = None
    format: str | None = None

    @property
    def corrected(self) -> bool:
        return self.content is not None or self.format is not None


@dataclass(frozen=True, slots=True)
class NewCopy:
    quarantine_id: str
    format: str
    payload: bytes
    written_at: datetime
    written_by: str


@dataclass(frozen=True, slots=True)
class Settlement:
    state: State
    at: datetime
    by: str
    why: str | None = None


class QuarantineTx(Protocol):
    async def lock_held(self, quarantine_id: str) -> Held | None: ...
    async def add_copy(self, copy: NewCopy, limit: int) -> bool: ...
    async def settle(self, quarantine_id: str, settlement: Settlement) -> bool: ...
    async def held(self, quarantine_id: str) -> tuple[Held, Sequence[QuarantineCopy]] | None: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class QuarantineLook(Protocol):
    async def page(self, wish: Filter, limit: int) -> Sequence[QuarantineView]: ...
    async def held(self, quarantine_id: str) -> tuple[Held, Sequence[QuarantineCopy]] | None: ...


@dataclass(frozen=True)
class IntakeOf:
    """The way in that everything takes: ``deliver`` returns when the message is in the database."""

    known: Callable[[str], KnownDevice | None]
    deliver: Callable[[Arrival], Awaitable[Entry]]
    zone: tzinfo
    patience_s: float = 10.0


class Quarantine:
    """Operators': whose device it is, the message says; whose reading, who wore it then."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[QuarantineTx]],
        look: Callable[[], AbstractAsyncContextManager[QuarantineLook]],
        intake: IntakeOf,
    ) -> None:
        self._begin = begin
        self._look = look
        self._intake = intake

    async def page(self, wish: Filter) -> QuarantinePage:
        async with self._look() as look:
            found = await look.page(wish, PAGE + 1)
        return QuarantinePage(rows=list(found[:PAGE]), more=len(found) > PAGE)

    async def open(self, who: Principal, quarantine_id: str, now: datetime) -> QuarantineDetail:
        """With its bytes, in which names and values may stand: every opening is in the audit. Raises ``NotFound``."""
        async with self._begin() as tx:
            found = await tx.held(quarantine_id)
            if found is None:
                raise NotFound
            await tx.audit(_entry(who, "quarantine.opened", quarantine_id, now))
        held, copies = found
        return QuarantineDetail(held.view, held.payload, list(copies))

    async def check(self, quarantine_id: str, wish: Wish, now: datetime) -> Reread:
        """What would be taken; nothing is kept of it. Raises ``NotFound``, ``NothingToTake``."""
        async with self._look() as look:
            found = await look.held(quarantine_id)
        if found is None:
            raise NotFound
        return reread_view(self._read(found[0], wish, now))

    async def replay(self, who: Principal, quarantine_id: str, wish: Wish, now: datetime) -> Reread:
        """Through the intake, stored once however often it is tried. Raises what ``check`` raises, QuarantineSettled,
        ReadingsTakenBefore, TooManyCopies, NotTakenNow."""
        held, message = await self._begin_replay(who, quarantine_id, wish, now)
        arrival = Arrival(held.view.topic, _bytes(held, wish), False, now, NOWHERE, reread=only_readings(message))
        try:
            async with asyncio.timeout(self._intake.patience_s):
                await self._intake.deliver(arrival)
        except (TimeoutError, NotTaken):
            raise NotTakenNow from None
        await self._settle(who, quarantine_id, Settlement(State.REPLAYED, now, who.id))
        return reread_view(message)

    async def dismiss(self, who: Principal, quarantine_id: str, why: str, now: datetime) -> None:
        """Raises ``NotFound``, QuarantineSettled, QuarantineWishRefused."""
        kept = " ".join(why.split())
        if not kept or len(kept) > WHY_LIMIT or not kept.isprintable():
            raise QuarantineWishRefused("why", f"must be 1 to {WHY_LIMIT} printable characters")
        async with self._begin() as tx:
            if await tx.lock_held(quarantine_id) is None:
                raise NotFound
        await self._settle(who, quarantine_id, Settlement(State.DISMISSED, now, who.id, kept))

    async def _begin_replay(
        self, who: Principal, quarantine_id: str, wish: Wish, now: datetime
    ) -> tuple[Held, Message]:
        """The copy is kept, and that it was asked for, before anything is done."""
        async with self._begin() as tx:
            held = await tx.lock_held(quarantine_id)
            if held is None:
                raise NotFound
            _check_open(held)
            message = self._read(held, wish, now)
            if wish.corrected:
                copy = NewCopy(quarantine_id, _format(held, wish), _bytes(held, wish), now, who.id)
                if not await tx.add_copy(copy, COPIES):
                    raise TooManyCopies
            action = "quarantine.corrected" if wish.corrected else "quarantine.asked"
            await tx.audit(_entry(who, action, quarantine_id, now))
        return held, message

    def _read(self, held: Held, wish: Wish, now: datetime) -> Message:
        kept = _kept(held, wish)
        device = self._intake.known(held.view.device_id) if held.view.device_id else None
        read = reread(kept, device, self._intake.zone, now)
        if isinstance(read, Refusal):
            raise NothingToTake(read.reason, read.detail)
        if not read.body.readings and not read.waves:
            first = next(iter(read.body.refusals), Refusal(Reason.NO_READING))
            raise NothingToTake(first.reason, first.detail)
        return read

    async def _settle(self, who: Principal, quarantine_id: str, settlement: Settlement) -> None:
        async with self._begin() as tx:
            if not await tx.settle(quarantine_id, settlement):
                raise QuarantineSettled
            await tx.audit(_entry(who, f"quarantine.{settlement.state.value}", quarantine_id, settlement.at))


def _check_open(held: Held) -> None:
    if held.view.state != State.OPEN.value:
        raise QuarantineSettled
    if held.view.taken:
        raise ReadingsTakenBefore


def _kept(held: Held, wish: Wish) -> Kept:
    """The same message again – its bytes came twice, or a person corrects twice – is the same to the database."""
    stored = held.identity if held.identity and not held.identity.startswith("!") else None
    if not wish.corrected and held.view.size > len(held.payload):
        raise NothingToTake(Reason.TOO_LARGE, "only its first bytes are kept")
    return Kept(
        topic=held.view.topic if wish.format is None else _topic(held, wish.format),
        payload=_bytes(held, wish),
        first_came=held.view.received_at,
        identity=f"{stored}~again" if stored else f"replay:{held.view.id}",
        own=stored is None and not wish.corrected,
        corrected=wish.corrected,
    )


def _bytes(held: Held, wish: Wish) -> bytes:
    return held.payload if wish.content is None else wish.content


def _format(held: Held, wish: Wish) -> str:
    if wish.format is not None:
        return wish.format
    topic = topics.parse(held.view.topic)
    return topic.format if topic else ""


def _topic(held: Held, format_: str) -> str:
    return topics.in_format(held.view.device_id, format_) if held.view.device_id else held.view.topic


def _entry(who: Principal, action: str, quarantine_id: str, at: datetime) -> AuditEntry:
    return AuditEntry(at, who.actor, action, f"quarantine:{quarantine_id}")
