"""The only file that imports Socket.IO: named sockets that speak our messages, and that are cut when they do not read.

Who may enter and what a message means is asked at the Door; what lies below (origin, size, deflate, backlog) is here.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import socketio
from aiohttp import web
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from msgspec import to_builtins
from socketio.exceptions import ConnectionRefusedError as Refuse
from socketio.packet import CONNECT_ERROR, EVENT
from socketio.packet import Packet as SocketPacket

from signaling.admission import Admission, Lane
from signaling.errors import SignalingError
from signaling.messages import Goodbye, Notice, Reason, decode, encode, problem

Untyped = Any  # both libraries come without types

PATH = "/live/"
MESSAGE_LIMIT = 128 * 1024  # bytes; twice the largest SDP
PING_S = 10  # a dead peer is noticed after two of these
STRANGER_S = 10.0  # an engine.io connection that never says who it is
ENTERING = 32  # a lane: what comes after them waits for half a second of work at most
BACK_AFTER_S = "2"  # a browser's own pause, with jitter, counts; this is for whoever reads headers
FAREWELL_S = 1.0  # from a goodbye to the cut


@dataclass(frozen=True, slots=True)
class Backlog:
    """What may wait for one socket before it is cut; the same again may be in its writer's hands."""

    packets: int = 512
    weight: int = 1024 * 1024  # bytes


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


class _Json:
    dumps = staticmethod(lambda value, **_: encode(value).decode())
    loads = staticmethod(lambda text, **_: decode(text))


_RESERVED = (["connect"], ["disconnect"])


class _Packet(SocketPacket):  # type: ignore[misc]
    """Socket.IO with our JSON and without attachments, of which a sender could announce ten thousand million."""

    json = _Json

    def decode(self, encoded_packet: str) -> int:
        attachments: int = super().decode(encoded_packet)
        if attachments or self.packet_type > CONNECT_ERROR:
            raise ValueError("binary is no part of the contract")
        if self.packet_type == EVENT and isinstance(self.data, list) and self.data[:1] in _RESERVED:
            raise ValueError("it would call the library's own handlers")
        return 0


class _WeighedQueue(asyncio.Queue[Untyped]):
    """engine.io's queue of one socket, unbounded as ever, but it knows its bytes."""

    weight: int

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self.weight = 0

    def _put(self, item: Untyped) -> None:
        super()._put(item)
        self.weight += _weight(item)

    def _get(self) -> Untyped:
        item = super()._get()
        self.weight -= _weight(item)
        return item


def _weight(packet: Untyped) -> int:
    return len(packet.data) if packet is not None and isinstance(packet.data, str) else 0


def one_lane(_cookies: Mapping[str, str]) -> Lane:
    return Lane.EVERYBODY


class Sockets:
    """``total`` connections at most; ``origins`` are allowed besides the server's own (``https://host``); ``lane_of``
    tells by the cookies which lane somebody comes in by."""

    def __init__(
        self,
        door: Door,
        *,
        total: int,
        backlog: Backlog,
        origins: Collection[str] = (),
        lane_of: Callable[[Mapping[str, str]], Lane] = one_lane,
    ) -> None:
        self._door, self._total, self._backlog, self._lane_of = door, total, backlog, lane_of
        self._origins = frozenset(origins)
        self._admission = Admission(ENTERING, STRANGER_S)
        self._engines: dict[str, str] = {}  # our socket's name → engine.io's
        self._transports: dict[str, asyncio.Transport] = {}  # of engine.io's name
        self._strangers: dict[str, float] = {}  # engine.io's name → since when
        self._parting: list[tuple[asyncio.Transport, float]] = []
        self._closing = False
        self.cuts: Counter[Reason] = Counter()
        self._io = self._server()

    def attach(self, app: web.Application) -> None:
        app.router.add_get(PATH, self._serve)
        app.router.add_post(PATH, self._serve)

    async def send(self, sockets: Collection[str], notice: Notice) -> None:
        """One encoding for all. A socket that does not keep up is cut here and now."""
        packet = _framed(notice)
        for socket in tuple(sockets):
            engine = self._engines.get(socket)
            if engine is not None:
                await self._io.eio.send_packet(engine, packet)
                await self._cut_if_too_slow(socket)

    async def cut(self, socket: str, reason: Reason) -> None:
        """Goodbye, then the end of the connection; the Door hears of it before this returns."""
        engine = self._engines.get(socket)
        connection = self._io.eio.sockets.get(engine)
        if engine is None or connection is None or connection.closed:
            return
        if reason is Reason.TOO_SLOW:
            _empty(connection.queue)  # nothing is lost: it comes back by its last event id
        self.cuts[reason] += 1
        await self._io.eio.send_packet(engine, _framed(Goodbye(reason)))
        transport = self._transports.get(engine)
        await self._close(connection)
        if transport is not None:
            self._parting.append((transport, _now() + FAREWELL_S))

    async def run(self) -> None:
        """Ends what was told goodbye, and connections that never say who they are."""
        while True:
            await asyncio.sleep(FAREWELL_S / 4)
            self._abort_parted(_now())
            await self._turn_out_strangers(_now())

    async def close(self, within_s: float) -> None:
        """Goodbye to all; no new ones."""
        self._closing = True
        for socket in tuple(self._engines):
            await self.cut(socket, Reason.SHUTDOWN)
        until = _now() + within_s
        while self._parting and _now() < until:
            await asyncio.sleep(0.02)
            self._abort_parted(_now())
        self._abort_parted(float("inf"))
        for connection in tuple(self._io.eio.sockets.values()):
            await self._close(connection)
        if self._io.eio.service_task_handle is not None:  # engine.io's shutdown works once
            await self._io.shutdown()

    def _server(self) -> Untyped:
        quiet = logging.getLogger(__name__)
        quiet.setLevel(logging.CRITICAL)  # at INFO both libraries log whole messages, which hold vital values
        server = socketio.AsyncServer(
            async_mode="aiohttp",
            async_handlers=False,  # one after another: a candidate must not overtake its description
            serializer=_Packet,
            cors_allowed_origins=[],  # origins are checked in _serve; no CORS header is ever sent
            max_http_buffer_size=MESSAGE_LIMIT,
            http_compression=False,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            logger=quiet,
            engineio_logger=quiet,
        )
        server.eio.create_queue = _WeighedQueue
        server.on("connect", self._on_connect)
        server.on("disconnect", self._on_disconnect)
        server.on("*", self._on_event)
        return server

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._refuse_foreign(request)
        name = request.query.get("sid")
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        # Without deflate: it doubles the cost of a frame, and its per-client window is memory.
        plain = request.clone(headers=_without(request, "Sec-WebSocket-Extensions")) if websocket else request
        if name is None and not self._admits(plain):
            raise web.HTTPServiceUnavailable(headers={"Retry-After": BACK_AFTER_S})
        if not websocket:
            return await self._handle(plain)
        if name is not None and request.transport is not None:
            self._transports[name] = request.transport
        return await self._serve_websocket(plain)

    def _admits(self, request: web.Request) -> bool:
        """Not while closing, not into a full house, and not before those who are still in the door."""
        full = len(self._io.eio.sockets) >= self._total and self._open >= self._total
        return not (self._closing or full) and self._admission.begin(
            self._lane_of(request.cookies), id(request), _now()
        )

    async def _serve_websocket(self, plain: web.Request) -> web.StreamResponse:
        """Engine.io lets errors of its own parser through and then forgets to close: we do it."""
        try:
            return await self._handle(plain)
        except (ValueError, RecursionError):
            if plain.transport is not None:
                plain.transport.abort()
            raise web.HTTPBadRequest from None
        finally:
            self._admission.end(id(plain))
            name = plain.query.get("sid") or self._engine_of(plain)
            connection = self._io.eio.sockets.get(name)
            if connection is not None and connection.upgraded:
                await connection.close(wait=False, abort=True)
                connection.queue.put_nowait(None)
            self._transports.pop(name or "", None)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        response: web.StreamResponse = await self._io.handle_request(request)
        return response

    def _refuse_foreign(self, request: web.Request) -> None:
        """Cookies come with a foreign page's socket too, so its origin decides (ASVS 5.0 4.4.2)."""
        origin = request.headers.get("Origin")
        own = origin is None or origin in self._origins or origin.partition("://")[2] == request.host
        if not own or "j" in request.query:  # j: JSONP, a script that a foreign page may include
            raise web.HTTPForbidden(text="This origin may not connect")

    async def _on_connect(self, socket: str, environ: dict[str, Untyped], auth: object = None) -> None:
        request: web.Request = environ["aiohttp.request"]
        knock = Knock(auth, request.cookies, request.headers.get("Origin"), request.remote or "")
        try:
            await self._door.enter(socket, knock)
        except SignalingError as error:
            raise Refuse(error.title, to_builtins(problem(error))) from error
        finally:
            self._admission.end(id(request))
        engine = self._io.manager.eio_sid_from_sid(socket, "/")
        if engine not in self._io.eio.sockets:  # it went while it was being asked who it is
            await self._door.leave(socket)
            raise Refuse("Gone")
        self._engines[socket] = engine
        if self._io.eio.sockets[engine].upgraded and request.transport is not None:
            self._transports.setdefault(engine, request.transport)  # never a polling one, which a proxy may share

    async def _on_disconnect(self, socket: str, _reason: object = None) -> None:
        engine = self._engines.pop(socket, None)
        if engine is not None:
            self._transports.pop(engine, None)
            await self._door.leave(socket)

    async def _on_event(self, event: object, socket: str, *arguments: object) -> object:
        if await self._cut_if_too_slow(socket):
            return None
        return await self._door.hear(socket, event, arguments)

    async def _cut_if_too_slow(self, socket: str) -> bool:
        connection = self._io.eio.sockets.get(self._engines.get(socket))
        if connection is None:
            return False
        queue: _WeighedQueue = connection.queue
        if queue.qsize() <= self._backlog.packets and queue.weight <= self._backlog.weight:
            return False
        await self.cut(socket, Reason.TOO_SLOW)
        return True

    async def _close(self, connection: Untyped) -> None:
        await connection.close(wait=False)  # tells the Door, and a polling browser
        connection.queue.put_nowait(None)  # the writer closes the WebSocket when it gets here

    def _abort_parted(self, now: float) -> None:
        for transport, until in self._parting:
            if until <= now:
                transport.abort()
        self._parting = [(transport, until) for transport, until in self._parting if not transport.is_closing()]

    async def _turn_out_strangers(self, now: float) -> None:
        known = set(self._engines.values())
        connections = self._io.eio.sockets.items()
        here = {name: connection for name, connection in connections if name not in known and not connection.closed}
        self._strangers = {name: self._strangers.get(name, now) for name in here}
        for name, since in self._strangers.items():
            if now - since >= STRANGER_S:
                await self._close(here[name])

    @property
    def _open(self) -> int:
        """Engine.io keeps closed ones for a while."""
        return sum(not connection.closed for connection in self._io.eio.sockets.values())

    def _engine_of(self, request: web.Request) -> str | None:
        environs = self._io.environ.items()
        return next((name for name, environ in environs if environ["aiohttp.request"] is request), None)


def _framed(notice: Notice) -> EnginePacket:
    return EnginePacket(MESSAGE, _Packet(EVENT, [notice.event, notice], namespace="/").encode())


def _without(request: web.Request, header: str) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() != header.lower()}


def _empty(queue: _WeighedQueue) -> None:
    while not queue.empty():
        queue.get_nowait()


def _now() -> float:
    return asyncio.get_running_loop().time()
