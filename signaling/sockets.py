"""Named sockets that speak our messages, are let in by lanes, and are cut when they do not read.

Who may enter and what a message means is asked at the Door; what lies below (origin, size, backlog) is here.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from msgspec import to_builtins

from signaling.admission import Admission, Lane, Verdict
from signaling.engine import Connection, Server, framed
from signaling.errors import SignalingError
from signaling.library import Refuse
from signaling.messages import Goodbye, Notice, Reason, problem

Untyped = Any  # the library comes without types

PATH = "/live/"
STRANGER_S = 10.0  # an engine.io connection that never says who it is
SILENCE_S = 1.0  # of these it keeps its place in the door while others wait: a round trip or two
ANSWER_S = 10.0  # in which we have told whoever said who they are
ENTERING = 32  # a lane: what comes after them waits for half a second of work at most
WAITING = 5_000  # a lane: who waits costs nothing, who is asked back costs a connection every few seconds
KEEP_S = 1.0  # how often connections are looked through for pings that are due
BACK_AFTER_S = "2"  # a browser's own pause, with jitter, counts; this is for whoever reads headers
FAREWELL_S = 1.0  # from a goodbye to the cut


@dataclass(frozen=True, slots=True)
class Backlog:
    """What may wait for one socket before it is cut."""

    weight: int = 1024 * 1024  # bytes
    spare: int = 64 * 1024  # bytes; with more than that waiting, what can be done without is not sent


@dataclass(frozen=True, slots=True)
class Knock:
    """What a socket brings when it comes. ``auth`` is untrusted."""

    auth: object
    cookies: Mapping[str, str]
    origin: str | None
    address: str


class Door(Protocol):
    """Who lets sockets in, hears them, and is told that they are gone."""

    async def enter(self, socket: str, knock: Knock) -> None: ...  # raises SignalingError
    async def leave(self, socket: str) -> None: ...
    async def hear(self, socket: str, event: object, arguments: tuple[object, ...]) -> object: ...


class Approach(Protocol):
    """What a request is before anybody knows whose it is. None of it opens anything."""

    def lane(self, request: web.BaseRequest) -> Lane: ...

    def caller(self, request: web.BaseRequest) -> str:
        """Who shares this has one turn of those who wait."""
        ...

    def is_own(self, request: web.BaseRequest) -> bool:
        """Not another site's page, which a browser sends our cookies with too (ASVS 5.0 4.4.2)."""
        ...


class Sockets:
    """``total`` connections at most."""

    def __init__(
        self,
        door: Door,
        *,
        total: int,
        backlog: Backlog,
        approach: Approach,
    ) -> None:
        self._door, self._total, self._backlog, self._approach = door, total, backlog, approach
        self._admission = Admission(ENTERING, WAITING, SILENCE_S, ANSWER_S)
        self._turns: dict[Hashable, asyncio.Future[bool]] = {}  # of those who wait to be let in
        self._connections: dict[str, tuple[str, Connection]] = {}  # our socket's name → engine.io's, and by what
        self._named: set[str] = set()  # engine.io's names of these
        self._strangers: dict[str, float] = {}  # engine.io's name → since when
        self._parting: dict[str, tuple[Connection, float]] = {}  # our socket's name → was told goodbye, and until when
        self._closing = False
        self.cuts: Counter[Reason] = Counter()
        self._io = Server()
        self._io.on("connect", self._on_connect)
        self._io.on("disconnect", self._on_disconnect)
        self._io.on("*", self._on_event)

    def attach(self, app: web.Application) -> None:
        app.router.add_get(PATH, self._serve)
        app.router.add_post(PATH, self._serve)

    async def send(self, sockets: Collection[str], notice: Notice) -> None:
        """One encoding for all. A socket that does not keep up is cut here and now."""
        packet = framed(notice)
        for socket in tuple(sockets):
            if socket in self._connections:
                _, connection = self._connections[socket]
                await connection.send(packet)
                await self._cut_if_too_slow(socket)

    async def offer(self, sockets: Collection[str], notice: Notice) -> None:
        """To those of them that keep up. The others are passed over: by its number a page sees that it missed one."""
        await self.send([socket for socket in sockets if self._keeps_up(socket)], notice)

    async def cut(self, socket: str, reason: Reason) -> None:
        """Goodbye, then the end of the connection; the Door hears of it before this returns."""
        if socket not in self._connections or socket in self._parting:
            return
        _, connection = self._connections[socket]
        self._parting[socket] = connection, _now() + FAREWELL_S
        self.cuts[reason] += 1
        await connection.send(framed(Goodbye(reason)))
        await connection.part()

    async def run(self) -> None:
        """Ends what was told goodbye, what answers no ping, and connections that never say who they are."""
        kept_at = _now()
        while True:
            await asyncio.sleep(FAREWELL_S / 4)
            self._end_parted(_now())
            self._let_in(self._admission.tick(_now()))
            await self._turn_out_strangers(_now())
            if _now() - kept_at >= KEEP_S:
                kept_at = _now()
                await self._io.eio.keep()

    async def close(self, within_s: float) -> None:
        """Goodbye to all; no new ones."""
        self._closing = True
        for turn in self._turns.values():
            turn.cancel()
        for socket in tuple(self._connections):
            await self.cut(socket, Reason.SHUTDOWN)
        until = _now() + within_s
        while self._parting and _now() < until:
            await asyncio.sleep(0.02)
            self._end_parted(_now())
        for _, connection in self._io.eio.connections():
            await connection.part()
            connection.end()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._refuse_foreign(request)
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if "sid" in request.query:
            if websocket:
                raise web.HTTPBadRequest(text="A connection that polls stays with it")
            return await self._poll(request)
        try:
            await self._wait_for_turn(request)
            return await (self._io.eio.serve_websocket(request) if websocket else self._poll(request))
        finally:
            self._entered(request)

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        response: web.StreamResponse = await self._io.handle_request(request)
        return response

    async def _wait_for_turn(self, request: web.Request) -> None:
        """Not while closing, not into a full house, and not before those who are still in the door."""
        full = len(self._io.eio.sockets) >= self._total and self._open >= self._total
        verdict = Verdict.COME_BACK if self._closing or full else self._knock(request)
        if verdict is Verdict.COME_BACK:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": BACK_AFTER_S})
        if verdict is Verdict.WAIT:
            await self._turn_of(request)

    def _knock(self, request: web.Request) -> Verdict:
        lane, caller = self._approach.lane(request), self._approach.caller(request)
        return self._admission.knock(lane, id(request), _now(), caller)

    async def _turn_of(self, request: web.Request) -> None:
        turn = self._turns[id(request)] = asyncio.get_running_loop().create_future()
        try:
            await turn
        except asyncio.CancelledError:
            if not self._closing:
                raise
        finally:
            del self._turns[id(request)]
        if self._closing or request.transport is None:  # it has not waited
            raise web.HTTPServiceUnavailable(headers={"Retry-After": BACK_AFTER_S})

    def _entered(self, request: web.Request) -> None:
        """Inside, refused or gone: the next may come."""
        self._let_in(self._admission.end(id(request), _now()))

    def _let_in(self, names: Iterable[Hashable]) -> None:
        for name in names:
            turn = self._turns.get(name)
            if turn is not None and not turn.done():
                turn.set_result(True)

    def _refuse_foreign(self, request: web.Request) -> None:
        if (
            not self._approach.is_own(request) or "j" in request.query
        ):  # j: JSONP, a script that a foreign page may include
            raise web.HTTPForbidden(text="This origin may not connect")

    async def _on_connect(self, socket: str, environ: dict[str, Untyped], auth: object = None) -> None:
        request: web.Request = environ["aiohttp.request"]
        self._admission.speaks(id(request), _now())
        knock = Knock(auth, request.cookies, request.headers.get("Origin"), request.remote or "")
        try:
            await self._door.enter(socket, knock)
        except SignalingError as error:
            raise Refuse(error.title, to_builtins(problem(error))) from error
        finally:
            self._entered(request)
        name = self._io.manager.eio_sid_from_sid(socket, "/")
        connection = self._io.eio.connection(name)
        if connection is None:  # it went while it was being asked who it is
            await self._door.leave(socket)
            raise Refuse("Gone")
        self._connections[socket] = name, connection
        self._named.add(name)

    async def _on_disconnect(self, socket: str, _reason: object = None) -> None:
        name, _ = self._connections.pop(socket, (None, None))
        if name is not None:
            self._named.discard(name)
            await self._door.leave(socket)

    async def _on_event(self, event: object, socket: str, *arguments: object) -> object:
        if await self._cut_if_too_slow(socket):
            return None
        return await self._door.hear(socket, event, arguments)

    async def _cut_if_too_slow(self, socket: str) -> bool:
        if socket not in self._connections:
            return False
        _, connection = self._connections[socket]
        if connection.waiting <= self._backlog.weight:
            return False
        await self.cut(socket, Reason.TOO_SLOW)
        return True

    def _keeps_up(self, socket: str) -> bool:
        return socket in self._connections and self._connections[socket][1].waiting <= self._backlog.spare

    def _end_parted(self, now: float) -> None:
        for connection, until in self._parting.values():
            if until <= now:
                connection.end()
        self._parting = {name: each for name, each in self._parting.items() if not each[0].is_over}

    async def _turn_out_strangers(self, now: float) -> None:
        here = {name: connection for name, connection in self._io.eio.connections() if name not in self._named}
        self._strangers = {name: self._strangers.get(name, now) for name in here}
        for name, since in self._strangers.items():
            if now - since >= STRANGER_S:
                await here[name].part()
                here[name].end()

    @property
    def _open(self) -> int:
        """Engine.io keeps closed ones for a while."""
        return sum(not connection.closed for connection in self._io.eio.sockets.values())


def _now() -> float:
    return asyncio.get_running_loop().time()
