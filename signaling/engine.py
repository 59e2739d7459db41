"""engine.io for thousands of pages that wait: no task a page but aiohttp's own, and what is said is written at once.

The library keeps four more, a queue and a room for every connection and wakes three tasks for every message. Here a
WebSocket has its reader alone; browsers without WebSockets poll by the library's own way. ``library`` alone
imports it.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from signaling.library import (
    CLOSE,
    CONNECT_ERROR,
    EVENT,
    MESSAGE,
    OPEN,
    PING,
    PONG,
    EnginePacket,
    SocketPacket,
    engineio,
    socketio,
)
from signaling.messages import Notice, decode, encode

Untyped = Any  # both libraries come without types

MESSAGE_LIMIT = 128 * 1024  # bytes; twice the largest SDP
PING_S = 10  # a dead peer is noticed after two of these
PROTOCOL = "4"

_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.CRITICAL)  # at INFO both libraries log whole messages, which hold vital values


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


_LAST_WORD = EnginePacket(CLOSE)


def framed(notice: Notice) -> EnginePacket:
    return EnginePacket(MESSAGE, _Packet(EVENT, [notice.event, notice], namespace="/").encode())


class WeighedQueue(asyncio.Queue[Untyped]):
    """engine.io's queue of a browser that polls, unbounded as ever, but it knows its bytes."""

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


class Connection(Protocol):
    """One page, however it is connected."""

    @property
    def waiting(self) -> int: ...  # bytes that it has not taken yet
    @property
    def is_over(self) -> bool: ...
    async def send(self, packet: EnginePacket) -> None: ...
    async def part(self) -> None: ...  # tells the server's side that it is gone, and the browser to go
    def end(self) -> None: ...  # now, whatever it has not taken


class WebSocket:
    """A Connection, and in the place of engine.io's own socket: both libraries call what else is public here.

    What a page does not read waits in its transport, and is weighed there.
    """

    connected = upgraded = True

    def __init__(self, engine: "Engine", socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self.sid: str = engine.generate_id()
        self.transport = transport
        self.closed = self.closing = False
        self._engine, self._socket = engine, socket
        self._ping_at = _now() + PING_S
        self._unanswered = False
        self._farewell: asyncio.Task[bool] | None = None

    @property
    def waiting(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def is_over(self) -> bool:
        return self.transport.is_closing()

    async def listen(self) -> None:
        """Until it goes, or says what no client would."""
        async for message in self._socket:
            try:
                packet = EnginePacket(encoded_packet=message.data)
            except (ValueError, TypeError, RecursionError):
                self.transport.abort()
                return
            await self._hear(packet)

    async def _hear(self, packet: EnginePacket) -> None:
        if packet.packet_type == PONG:
            self._unanswered = False
        elif packet.packet_type == MESSAGE:
            await self._engine.message(self.sid, packet.data)
        elif packet.packet_type == CLOSE:
            await self.close(abort=True, reason=self._engine.reason.CLIENT_DISCONNECT)

    async def send(self, packet: EnginePacket) -> None:
        """Written before this returns: its writer has no limit at which it would wait for the page."""
        if not self.closed:
            with suppress(ConnectionError):
                await self._socket.send_frame(packet.encode().encode(), WSMsgType.TEXT)

    async def part(self) -> None:
        await self.close()

    async def close(self, wait: bool = False, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002 – engine.io's signature
        if self.closing:
            return
        self.closing = True
        await self._engine.gone(self.sid, reason or self._engine.reason.SERVER_DISCONNECT)
        if not abort:
            await self.send(_LAST_WORD)
        self.closed = True
        if not self._socket.closed:
            self._farewell = self._engine.start_background_task(self._socket.close)

    def end(self) -> None:
        self.transport.abort()

    async def check_ping_timeout(self) -> None:
        """Asked every second: a ping that is due, or the end of a page that did not answer the last one."""
        if self.closed or _now() < self._ping_at:
            return
        if self._unanswered:
            await self.close(abort=True, reason=self._engine.reason.PING_TIMEOUT)
            self.transport.abort()
        else:
            self._ping_at, self._unanswered = _now() + PING_S, True
            await self.send(EnginePacket(PING))


@dataclass(frozen=True, slots=True)
class Polling:
    """A Connection of a browser without WebSockets: the library's own socket."""

    socket: Untyped

    @property
    def waiting(self) -> int:
        return int(self.socket.queue.weight)

    @property
    def is_over(self) -> bool:
        return bool(self.socket.closed)

    async def send(self, packet: EnginePacket) -> None:
        if not self.socket.closed:
            await self.socket.send(packet)

    async def part(self) -> None:
        """It stays for the browser's next question, which engine.io would not answer after a close of its own."""
        if not self.socket.closing:
            self.socket.closing = True
            await self.socket.server.gone(self.socket.sid, self.socket.server.reason.SERVER_DISCONNECT)
            self.socket.queue.put_nowait(_LAST_WORD)

    def end(self) -> None:
        self.socket.closed = True
        self.socket.queue.put_nowait(None)  # ends the question that waits


class Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Connections by name in ``sockets``, those that poll beside WebSockets of ours."""

    def create_queue(self, *_: object, **__: object) -> WeighedQueue:
        return WeighedQueue()

    async def serve_websocket(self, request: web.Request) -> web.StreamResponse:
        """From the handshake to the end of the connection."""
        if request.query.get("EIO") != PROTOCOL or request.transport is None or request.transport.is_closing():
            raise web.HTTPBadRequest  # who has gone while it waited for its turn does not hear it
        # Without deflate: it doubles the cost of a frame, and its per-client window is memory.
        socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, compress=False, writer_limit=sys.maxsize)
        await socket.prepare(request)
        connection = WebSocket(self, socket, request.transport)
        self.sockets[connection.sid] = connection
        try:
            await connection.send(EnginePacket(OPEN, self._opening(connection.sid)))
            await self._trigger_event("connect", connection.sid, {"aiohttp.request": request}, run_async=False)
            await connection.listen()
        finally:
            await connection.close(abort=True, reason=self.reason.TRANSPORT_CLOSE)
            self.sockets.pop(connection.sid, None)
        return socket

    async def message(self, name: str, data: object) -> None:
        await self._trigger_event("message", name, data, run_async=False)

    async def gone(self, name: str, reason: str) -> None:
        await self._trigger_event("disconnect", name, reason, run_async=False)

    async def keep(self) -> None:
        """Once a second: pings, and the end of those that do not answer."""
        for name, connection in tuple(self.sockets.items()):
            if connection.closed:
                self.sockets.pop(name, None)
            else:
                await connection.check_ping_timeout()

    def connection(self, name: str | None) -> Connection | None:
        """None where it is going or gone."""
        socket = self.sockets.get(name)
        if socket is None or socket.closing or socket.closed:
            return None
        return socket if isinstance(socket, WebSocket) else Polling(socket)

    def connections(self) -> Iterator[tuple[str, Connection]]:
        for name in tuple(self.sockets):
            if (connection := self.connection(name)) is not None:
                yield name, connection

    def _opening(self, name: str) -> Mapping[str, object]:
        every = PING_S * 1000
        times = {"pingInterval": every, "pingTimeout": every}
        return {"sid": name, "upgrades": [], **times, "maxPayload": MESSAGE_LIMIT}


class Manager(socketio.AsyncManager):  # type: ignore[misc]
    """Without a room for each socket: nobody is spoken to by rooms, and every leave would search them all."""

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over that engine."""

    eio: Engine

    def __init__(self) -> None:
        super().__init__(
            client_manager=Manager(),
            async_mode="aiohttp",
            async_handlers=False,  # one after another: a candidate must not overtake its description
            serializer=_Packet,
            cors_allowed_origins=[],  # origins are checked by the caller; no CORS header is ever sent
            max_http_buffer_size=MESSAGE_LIMIT,
            http_compression=False,
            allow_upgrades=False,  # who polls had no WebSocket a moment ago; the next connection tries again
            monitor_clients=False,  # ``Engine.keep`` does, for all at once
            ping_interval=PING_S,
            ping_timeout=PING_S,
            logger=_quiet,
            engineio_logger=_quiet,
        )

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


def _now() -> float:
    return asyncio.get_running_loop().time()
