"""Topics that are watched: reads each anew when it changed, and sends what differs to those who watch it.

It knows sockets by name only; who may watch what is the hub's question.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Protocol

import structlog
from msgspec import Raw

from signaling.live import Delta, LiveTopic, Snapshot
from signaling.messages import Changes, DeltaNotice, Resumed, Subscribed, encode

log = structlog.get_logger()

RETRY_S = 1.0  # after a snapshot that could not be read


class Topics(Protocol):
    """Where the whole state of a topic is read."""

    async def snapshot(self, topic: str) -> Mapping[str, object]: ...


Send = Callable[[Collection[str], DeltaNotice], Awaitable[None]]
LOSSY = frozenset({"wave"})  # kinds of topics that a page which does not keep up can do without


@dataclass(eq=False, slots=True)
class _Followed:
    """A topic that is watched, or was a moment ago: its history lets a browser that comes back resume."""

    name: str
    live: LiveTopic
    unwatched_since: datetime | None
    watchers: set[str] = field(default_factory=set)
    stale: bool = True
    pending: dict[str, bytes] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    busy: bool = False

    @property
    def due(self) -> bool:
        return bool(self.watchers) and (self.stale or bool(self.pending))


class Fanout:
    """``gather_s``: least time between two deltas of a topic. ``linger``: how long an unwatched topic is kept.

    ``offer`` sends to those who keep up, and what is ``LOSSY`` goes that way: its oldest is what a slow page loses.
    """

    def __init__(self, topics: Topics, send: Send, *, offer: Send, gather_s: float, linger: timedelta) -> None:
        self._topics, self._send, self._offer = topics, send, offer
        self._gather_s, self._linger = gather_s, linger
        self._followed: dict[str, _Followed] = {}
        self._group: asyncio.TaskGroup | None = None
        self.deltas = 0

    async def subscribe(self, socket: str, topic: str, last_event_id: str | None) -> Subscribed | Resumed:
        """The topic as it is now, or what came after ``last_event_id``; deltas follow from there without a gap."""
        followed = self._follow(topic)
        async with followed.lock:
            await self._catch_up(followed)
            followed.watchers.add(socket)
            followed.unwatched_since = None
            self._wake(followed)  # what changed during the reading had nobody to wake for
            return _answer(followed.live, last_event_id)

    def unsubscribe(self, socket: str, topic: str) -> None:
        followed = self._followed.get(topic)
        if followed is None:
            return
        followed.watchers.discard(socket)
        if not followed.watchers and followed.unwatched_since is None:
            followed.unwatched_since = datetime.now(UTC)

    def refresh(self, topic: str) -> None:
        """The topic changed in the store."""
        followed = self._followed.get(topic)
        if followed is not None:
            followed.stale = True
            self._wake(followed)

    def refresh_all(self) -> None:
        """Any topic may have changed."""
        for topic in tuple(self._followed):
            self.refresh(topic)

    def refresh_kinds(self, kinds: Collection[str]) -> None:
        """Any topic whose name begins with one of these kinds may have changed."""
        for topic in tuple(self._followed):
            if topic.partition(":")[0] in kinds:
                self.refresh(topic)

    def merge(self, topic: str, changes: Mapping[str, object]) -> None:
        """These keys have these values now; of values that follow fast only the newest is sent."""
        followed = self._followed.get(topic)
        if followed is not None:
            followed.pending.update({key: encode(value) for key, value in changes.items()})
            self._wake(followed)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                for followed in self._followed.values():
                    self._wake(followed)
                while True:
                    await asyncio.sleep(1)
                    self._forget_unwatched(datetime.now(UTC))
        finally:
            self._group = None

    def _follow(self, topic: str) -> _Followed:
        """Known from here on, before it is read: a change during the reading is not missed, and it is not forgotten."""
        now = datetime.now(UTC)
        followed = self._followed.setdefault(topic, _Followed(topic, LiveTopic(token_hex(8)), unwatched_since=now))
        if followed.unwatched_since is not None:
            followed.unwatched_since = now
        return followed

    def _forget_unwatched(self, now: datetime) -> None:
        for followed in tuple(self._followed.values()):
            since = followed.unwatched_since
            if since is not None and now - since >= self._linger:
                del self._followed[followed.name]

    def _wake(self, followed: _Followed) -> None:
        if self._group is not None and followed.due and not followed.busy:
            followed.busy = True
            self._group.create_task(self._work_off(followed))

    async def _work_off(self, followed: _Followed) -> None:
        """The first change goes out at once, those of the next moment together."""
        try:
            while followed.due:
                read = await self._publish(followed)
                await asyncio.sleep(self._gather_s if read else RETRY_S)
        finally:
            followed.busy = False

    async def _publish(self, followed: _Followed) -> bool:
        try:
            async with followed.lock:
                await self._catch_up(followed)
        except Exception:
            log.exception("topic_not_read", topic=followed.name)
            return False
        return True

    async def _catch_up(self, followed: _Followed) -> None:
        """Under the topic's lock: read if stale, put what was merged meanwhile on top, tell those who watch."""
        read = await self._read(followed) if followed.stale else None
        changes, followed.pending = followed.pending, {}
        delta = followed.live.merge(changes) if read is None else followed.live.replace({**read, **changes})
        if delta is not None and followed.watchers:
            self.deltas += 1
            send = self._offer if followed.name.partition(":")[0] in LOSSY else self._send
            await send(tuple(followed.watchers), _notice(followed, delta))

    async def _read(self, followed: _Followed) -> dict[str, bytes]:
        followed.stale = False  # before the reading: what changes during it makes it stale again
        try:
            state = await self._topics.snapshot(followed.name)
        except BaseException:
            followed.stale = True
            raise
        return {key: encode(value) for key, value in state.items()}


def _answer(live: LiveTopic, last_event_id: str | None) -> Subscribed | Resumed:
    resumed = live.resume(last_event_id)
    if isinstance(resumed, Snapshot):
        return Subscribed(live.event_id, _raw(resumed.state))
    steps = (Changes(live.event_id_of(delta.version), _raw(delta.set), delta.drop) for delta in resumed)
    return Resumed(live.event_id, tuple(steps))


def _notice(followed: _Followed, delta: Delta) -> DeltaNotice:
    return DeltaNotice(followed.name, followed.live.event_id_of(delta.version), _raw(delta.set), delta.drop)


def _raw(values: Mapping[str, bytes]) -> dict[str, Raw]:
    return {key: Raw(value) for key, value in values.items()}
