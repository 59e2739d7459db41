"""One guarded connection to the embedded broker: a whole CONNECT in time, then only frames that the guard has passed.

What amqtt holds of a client are the two adapters below; the socket stays ours, so a client can be cut at any moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from amqtt.adapters import ReaderAdapter, StreamWriterAdapter

from devices.broker_flow import Flow
from devices.broker_frames import Connect, Fault, Frame, Packet, ViolationError, parse_connect
from devices.broker_guard import Answer, Client, inspect

T = TypeVar("T")
SETTLE_S = 0.02


@dataclass(frozen=True)
class GuardLimits:
    """What one listener lets happen. Sizes in bytes of a whole frame's body, times in seconds."""

    frame_bytes: int = 256 * 1024
    connect_bytes: int = 8 * 1024
    connect_s: float = 5.0
    frame_s: float = 60.0  # from a frame's first byte to its last
    idle_s: float = 1200.0  # for a client whose keep-alive is 0; MQTT 3.1.1 §3.1.2.10 leaves it to the server
    drain_s: float = 10.0  # a client that does not read is cut; the server's own is waited for
    close_s: float = 2.0
    connections: int = 2000
    pending: int = 400  # besides, from accept to a CONNECT that was believed
    frames_per_s: float = 200.0  # of one device; more waits in its socket
    frames_burst: float = 400.0


async def read_connect(reader: asyncio.StreamReader, limits: GuardLimits) -> Connect:
    """The whole CONNECT, or ViolationError(TOO_SLOW) after ``connect_s``: half a CONNECT holds nobody up."""
    return await _within(limits.connect_s, _read_connect(reader, limits.connect_bytes), Fault.TOO_SLOW)


async def _read_connect(reader: asyncio.StreamReader, limit_bytes: int) -> Connect:
    first = (await reader.readexactly(1))[0]
    if first != Packet.CONNECT << 4:
        raise ViolationError(Fault.NOT_MQTT)  # "GET /", a TLS hello: not a byte more is read
    return parse_connect(await _read_rest(reader, first, limit_bytes))


async def _within(seconds: float, step: Awaitable[T], fault: Fault) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await step
    except TimeoutError as error:
        raise ViolationError(fault) from error


async def _read_rest(reader: asyncio.StreamReader, first: int, limit_bytes: int) -> Frame:
    length = 0
    for shift in (0, 7, 14, 21):
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        if length > limit_bytes:
            raise ViolationError(Fault.TOO_LARGE)
        if digit < 0x80:
            return Frame(first, await reader.readexactly(length))
    raise ViolationError(Fault.MALFORMED)  # MQTT 3.1.1 §2.2.3: four digits at most


class Pace:
    """A token bucket: how long the next frame waits. Time is an argument, in seconds."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._tokens, self._at = burst, 0.0

    def delay_s(self, now_s: float) -> float:
        self._tokens = min(self._burst, self._tokens + (now_s - self._at) * self._per_s) - 1
        self._at = now_s
        return max(0.0, -self._tokens / self._per_s)


class Connection:
    """A client that was let in. ``fault`` says why it was closed, where the guard did it."""

    def __init__(
        self,
        client: Client,
        connect: Connect,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        limits: GuardLimits,
        *,
        flow: Flow | None = None,
    ) -> None:
        self.client = client
        self._flow = flow or Flow()
        self.fault: Fault | None = None
        self.ended = asyncio.Event()
        self._begun = self._goodbye = False
        self._reader, self._writer = streams
        self._limits = limits
        self._idle_s = connect.keep_alive_s * 1.5 or limits.idle_s  # MQTT-3.1.2-24
        self._pace = Pace(limits.frames_per_s, limits.frames_burst)
        self.broker_reader = GuardedReader(self, connect.encode())
        self.broker_writer = GuardedWriter(self._writer, None if client.service else limits.drain_s, limits.close_s)
        if client.service:
            self.broker_writer.told = self._flow.told

    def cut(self, fault: Fault) -> None:
        """Close at once. Nothing that was read but not yet passed on gets any further."""
        self.fault = self.fault or fault
        self._writer.transport.abort()

    async def next_frame(self) -> bytes:
        """The next frame for the broker; empty when the connection is over."""
        if self._goodbye:
            await self._part()
            return b""
        await self._settled()
        try:
            return await self._passed()
        except ViolationError as violation:
            self.cut(violation.fault)
        except (asyncio.IncompleteReadError, OSError):
            self._writer.transport.abort()
        return b""

    async def _settled(self) -> None:
        """amqtt forgets a DISCONNECT that comes before its session's loop runs, and publishes the will: not so soon."""
        if not self._begun:
            self._begun = True
            await asyncio.sleep(SETTLE_S)

    async def _part(self) -> None:
        """amqtt publishes the will all the same where the socket's end follows a DISCONNECT too soon: give it time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), self._limits.close_s)

    async def _passed(self) -> bytes:
        while True:
            verdict = inspect(self.client, await self._receive())
            if self.fault:
                return b""
            if not isinstance(verdict, Answer):
                self._goodbye = verdict.frame[0] >> 4 == Packet.DISCONNECT
                await self._count(verdict.frame)
                return verdict.frame
            self.broker_writer.write(verdict.reply)

    async def _count(self, frame: bytes) -> None:
        if self.client.service:
            self._flow.heard(frame)
        else:
            await self._flow.enter(self.client.id, frame)

    async def _receive(self) -> Frame:
        first = await _within(self._idle_s, self._reader.readexactly(1), Fault.SILENT)
        if not self.client.service:
            await asyncio.sleep(self._pace.delay_s(asyncio.get_running_loop().time()))
        rest = _read_rest(self._reader, first[0], self._limits.frame_bytes)
        return await _within(self._limits.frame_s, rest, Fault.TOO_SLOW)


class GuardedReader(ReaderAdapter):  # type: ignore[misc]  # amqtt ships no types
    """What amqtt reads: its own CONNECT first, then passed frames; nothing at the end."""

    def __init__(self, connection: Connection, connect: bytes) -> None:
        self._connection = connection
        self._frame, self._at = connect, 0

    async def read(self, n: int = -1) -> bytes:
        if n and self._at == len(self._frame):
            self._frame, self._at = await self._connection.next_frame(), 0
        end = len(self._frame) if n < 0 else self._at + n
        chunk = self._frame[self._at : end]
        self._at += len(chunk)
        return chunk

    def feed_eof(self) -> None:
        """The socket is ours: there is nothing to feed."""


class GuardedWriter(StreamWriterAdapter):  # type: ignore[misc]  # amqtt ships no types
    """What amqtt writes to: it never waits longer than ``drain_s`` for a client, nor for a close."""

    def __init__(self, writer: asyncio.StreamWriter, drain_s: float | None, close_s: float) -> None:
        super().__init__(writer)
        self._transport = writer.transport
        self._drain_s, self._close_s = drain_s, close_s
        self.told: Callable[[bytes], None] | None = None  # hears each packet, as amqtt writes it

    def write(self, data: bytes) -> None:
        if self.told:
            self.told(data)
        super().write(data)

    async def drain(self) -> None:
        try:
            async with asyncio.timeout(self._drain_s):
                await super().drain()
        except TimeoutError as error:
            self._transport.abort()
            raise ConnectionResetError("the client does not read") from error

    async def close(self) -> None:
        try:
            async with asyncio.timeout(self._close_s):
                await super().close()
        except (TimeoutError, OSError):
            self._transport.abort()
