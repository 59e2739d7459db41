"""Sockets ⇄ rooms and live topics: who may enter, what each message may do, who hears of it.

Every answer rests on the principal behind the socket's own handshake, never on what a message says of its sender.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog
from aiohttp import web

from signaling.attendance import Attendance
from signaling.budget import Budget
from signaling.errors import NotFound, NotSignedIn, SignalingError, TooMany, Unavailable
from signaling.fanout import Fanout, Topics
from signaling.ice import IceServers
from signaling.meetings import Meetings
from signaling.messages import (
    Audience,
    Done,
    Heartbeat,
    Join,
    Joined,
    Leave,
    PeerNotice,
    Reason,
    Refused,
    Reply,
    Request,
    Resumed,
    Seat,
    Signal,
    SignalNotice,
    Subscribe,
    Subscribed,
    Unsubscribe,
    parse,
    parse_hello,
    problem,
)
from signaling.room import SIGNALS_PER_MINUTE
from signaling.sockets import Approach, Backlog, Knock, Sockets

log = structlog.get_logger()


class Principal(Protocol):
    """Who is behind a socket; the hub knows only the name under which it can be revoked."""

    @property
    def key(self) -> str: ...


P = TypeVar("P", bound=Principal)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a socket came with. ``as_`` says which cookie to look at, no more."""

    cookies: Mapping[str, str]
    as_: Audience
    origin: str | None
    address: str


class Authenticator(Protocol[P]):
    """Asked at each step, and again every few seconds: an answer is never kept."""

    async def principal(self, handshake: Handshake) -> P | None: ...
    async def may_subscribe(self, principal: P, topic: str) -> bool: ...
    async def seat(self, principal: P, room: str) -> Seat | None: ...  # None: not a member


Presence = Callable[[Mapping[str, bool]], Awaitable[None]]  # patients' principal keys; whether any page of each is here


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How much, how often, how long; durations in seconds."""

    sockets: int = 10_000
    sockets_per_principal: int = 20
    topics_per_socket: int = 64
    requests_per_minute: int = 600
    signals_per_minute: int = SIGNALS_PER_MINUTE
    backlog: Backlog = field(default_factory=Backlog)
    gather_s: float = 0.05  # the shortest time between two deltas of one topic
    heartbeat_s: float = 2.0
    recheck_s: float = 4.0  # a round and its questions stay within the 5 s in which an ended sign-in must be cut
    rechecked_at_once: int = 250  # what asks at the same moment can be answered together
    presence_s: float = 1.0  # the shortest time between two tellings of who came and went
    topic_kept_s: float = 60.0
    farewell_s: float = 2.0


@dataclass(frozen=True, slots=True)
class HubCounts:
    """For the metrics: the first two are now, the others since the start."""

    clients: int
    rooms: int
    deltas: int
    cut: Mapping[Reason, int]
    refused: Mapping[str, int]  # by slug


@dataclass(eq=False, slots=True)
class _Client(Generic[P]):
    handshake: Handshake
    principal: P
    budget: Budget
    topics: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)


class Hub(Generic[P]):
    """``presence`` hears of patients' first and last sockets; ``approach`` says what can be said before it is known who
    comes.

    ``sees``: whether what the topics show still comes through. While it does not, no heartbeat is sent, and a page
    that hears none calls itself blind.
    """

    def __init__(  # noqa: PLR0913 – each is another part of the house, and only the composition root calls this
        self,
        auth: Authenticator[P],
        topics: Topics,
        *,
        ice: IceServers,
        limits: HubLimits,
        presence: Presence,
        approach: Approach,
        sees: Callable[[], bool] = lambda: True,
    ) -> None:
        self._auth, self._ice, self._limits, self._presence, self._sees = auth, ice, limits, presence, sees
        self._sockets = Sockets(self, total=limits.sockets, backlog=limits.backlog, approach=approach)
        kept = timedelta(seconds=limits.topic_kept_s)
        self._fanout = Fanout(
            topics, self._sockets.send, offer=self._sockets.offer, gather_s=limits.gather_s, linger=kept
        )
        self._clients: dict[str, _Client[P]] = {}
        self._pages: Counter[str] = Counter()  # sockets of each principal
        self._meetings = Meetings(self._send_unless_closing, limits.signals_per_minute)
        self._refused: Counter[str] = Counter()
        self._attendance = Attendance()
        self._attendance_changed = asyncio.Event()
        self._closing = False

    @property
    def counts(self) -> HubCounts:
        refused, cut = Counter(self._refused), Counter(self._sockets.cuts)
        return HubCounts(len(self._clients), len(self._meetings), self._fanout.deltas, cut, refused)

    def attach(self, app: web.Application) -> None:
        """Serves Socket.IO at /live/."""
        self._sockets.attach(app)

    async def refresh(self, topic: str) -> None:
        """The topic changed in the store: who watches it gets the difference."""
        self._fanout.refresh(topic)

    async def refresh_all(self) -> None:
        """Hints were missed: whatever is watched is read again."""
        self._fanout.refresh_all()

    async def refresh_kinds(self, kinds: Collection[str]) -> None:
        """What is watched of these kinds of topics is read again, told of a change or not."""
        self._fanout.refresh_kinds(kinds)

    async def merge(self, topic: str, changes: Mapping[str, object]) -> None:
        """These keys have these values now, as a snapshot would say too."""
        self._fanout.merge(topic, changes)

    async def revoke(self, principal_key: str, reason: Reason = Reason.REVOKED) -> None:
        """Cuts every socket of the principal now."""
        for socket, client in tuple(self._clients.items()):
            if client.principal.key == principal_key:
                await self._sockets.cut(socket, reason)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sockets.run())
            group.create_task(self._fanout.run())
            group.create_task(self._beat())
            group.create_task(self._recheck())
            group.create_task(self._tell_presence())

    async def close(self) -> None:
        """Goodbye to all and no new ones; ends in time whatever the sockets do."""
        self._closing = True
        await self._sockets.close(self._limits.farewell_s)

    # What the sockets ask (Door).

    async def enter(self, socket: str, knock: Knock) -> None:
        """A principal, or a refusal; nobody is here without one."""
        try:
            handshake = Handshake(knock.cookies, parse_hello(knock.auth).audience, knock.origin, knock.address)
            self._admit(socket, handshake, await self._principal(handshake))
        except SignalingError as error:
            self._refused[error.slug] += 1
            raise

    async def leave(self, socket: str) -> None:
        client = self._clients.pop(socket, None)
        if client is None:
            return
        self._pages[client.principal.key] -= 1
        if not self._pages[client.principal.key]:
            del self._pages[client.principal.key]
        self._attend(client, self._attendance.went)
        for topic in client.topics:
            self._fanout.unsubscribe(socket, topic)
        for name in tuple(client.rooms):
            await self._leave_room(socket, client, name)

    async def hear(self, socket: str, event: object, arguments: tuple[object, ...]) -> Reply:
        """The acknowledgement of one message; a refusal reaches its sender alone and changes nothing."""
        try:
            client = self._client(socket)
            client.budget = client.budget.spend(_now())
            return await self._answer(socket, client, parse(event, arguments))
        except SignalingError as error:
            return self._refuse(error)
        except Exception:
            log.exception("message_not_answered", socket=socket)
            return self._refuse(Unavailable("Try again"))

    async def _answer(self, socket: str, client: _Client[P], request: Request) -> Reply:
        match request:
            case Subscribe():
                return await self._subscribe(socket, client, request)
            case Unsubscribe(topic=topic):
                client.topics.discard(topic)
                self._fanout.unsubscribe(socket, topic)
            case Join(room=name):
                return await self._join(socket, client, name)
            case Leave(room=name):
                await self._leave_room(socket, client, name)
            case Signal():
                await self._seat(client, request.room)
                await self._meetings.signal(socket, request, _now())
        return Done()

    # Entering.

    async def _principal(self, handshake: Handshake) -> P:
        try:
            principal = await self._auth.principal(handshake)
        except SignalingError:
            raise
        except Exception as error:
            log.exception("principal_not_read")
            raise Unavailable("Try again") from error
        if principal is None:
            raise NotSignedIn("Sign in first")
        return principal

    def _admit(self, socket: str, handshake: Handshake, principal: P) -> None:
        """Without a pause between counting and adding, so that no crowd slips through."""
        if self._pages[principal.key] >= self._limits.sockets_per_principal:
            raise TooMany("Too many open pages")
        self._pages[principal.key] += 1
        budget = Budget(self._limits.requests_per_minute, opened_at=_now())
        client = self._clients[socket] = _Client(handshake, principal, budget)
        self._attend(client, self._attendance.came)

    def _attend(self, client: _Client[P], turn: Callable[[str], None]) -> None:
        if client.handshake.as_ is Audience.PATIENT:
            turn(client.principal.key)
            self._attendance_changed.set()

    def _client(self, socket: str) -> _Client[P]:
        client = self._clients.get(socket)
        if client is None:
            raise NotSignedIn("Sign in first")
        return client

    def _refuse(self, error: SignalingError) -> Refused:
        self._refused[error.slug] += 1
        return Refused(problem(error))

    # Topics.

    async def _subscribe(self, socket: str, client: _Client[P], request: Subscribe) -> Subscribed | Resumed:
        if len(client.topics | {request.topic}) > self._limits.topics_per_socket:
            raise TooMany("Too many topics")
        if not await self._auth.may_subscribe(client.principal, request.topic):
            raise NotFound("No such topic")
        reply = await self._fanout.subscribe(socket, request.topic, request.last_event_id)
        if socket not in self._clients:  # cut while it was being read
            self._fanout.unsubscribe(socket, request.topic)
            raise NotSignedIn("Sign in first")
        client.topics.add(request.topic)
        return reply

    # Rooms.

    async def _join(self, socket: str, client: _Client[P], name: str) -> Joined:
        seat = await self._seat(client, name)
        self._client(socket)  # may have been cut while its seat was being read
        client.rooms.add(name)
        now = _now()
        peers = await self._meetings.join(name, seat, socket, now)
        return Joined(seat.polite, peers, self._ice.offered_to(client.principal.key, now))

    async def _leave_room(self, socket: str, client: _Client[P], name: str) -> None:
        client.rooms.discard(name)
        await self._meetings.leave(name, socket, _now())

    async def _seat(self, client: _Client[P], name: str) -> Seat:
        seat = await self._auth.seat(client.principal, name)
        if seat is None:
            raise NotFound("No such room")
        return seat

    async def _send_unless_closing(self, sockets: Collection[str], notice: PeerNotice | SignalNotice) -> None:
        """A server that goes down takes nobody's partner away: the media flow between the browsers."""
        if not self._closing:
            await self._sockets.send(sockets, notice)

    # By the clock.

    async def _beat(self) -> None:
        while True:
            now = _now()
            if self._sees():
                await self._sockets.send(tuple(self._clients), Heartbeat(now))
            self._meetings.tick(now)
            await asyncio.sleep(self._limits.heartbeat_s)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(self._limits.recheck_s)
            waiting = tuple(self._clients.items())
            for first in range(0, len(waiting), self._limits.rechecked_at_once):
                await self._recheck_in_time(waiting[first : first + self._limits.rechecked_at_once])

    async def _recheck_in_time(self, waiting: Collection[tuple[str, _Client[P]]]) -> None:
        """A store that does not answer ends nobody's sign-in: pages that went blind would be worse."""
        try:
            async with asyncio.timeout(self._limits.recheck_s), asyncio.TaskGroup() as group:
                for socket, client in waiting:
                    group.create_task(self._recheck_if_it_can_be(socket, client))
        except TimeoutError:
            log.warning("sign_ins_not_rechecked_in_time", of=len(waiting))

    async def _recheck_if_it_can_be(self, socket: str, client: _Client[P]) -> None:
        try:
            await self._recheck_one(socket, client)
        except Exception:
            log.exception("sign_in_not_rechecked", socket=socket)

    async def _recheck_one(self, socket: str, client: _Client[P]) -> None:
        """Ended sign-ins and lost topics are cut, lest a page show old state as live; a lost seat leaves its room."""
        principal = await self._auth.principal(client.handshake)
        if principal is None or principal.key != client.principal.key:
            return await self._sockets.cut(socket, Reason.REVOKED)
        client.principal = principal
        for topic in tuple(client.topics):
            if not await self._auth.may_subscribe(principal, topic):
                return await self._sockets.cut(socket, Reason.REVOKED)
        for name in tuple(client.rooms):
            if await self._auth.seat(principal, name) is None:
                await self._leave_room(socket, client, name)
        return None

    async def _tell_presence(self) -> None:
        """One telling after another, so that coming and going cannot overtake each other."""
        while True:
            await self._attendance_changed.wait()
            self._attendance_changed.clear()
            try:
                if news := self._attendance.news():
                    await self._presence(news)
            except Exception:
                log.exception("presence_not_told")
            await asyncio.sleep(self._limits.presence_s)


def _now() -> datetime:
    return datetime.now(UTC)
