"""The gate of the embedded broker, in its loop: who is connected, who may come in. One connection a client id."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from amqtt.adapters import ReaderAdapter, WriterAdapter

from devices.broker_flow import Flow
from devices.broker_frames import Connect, Fault, GuardError, RefusedError, ViolationError, refusal
from devices.broker_guard import Client
from devices.broker_session import Connection, GuardLimits, read_connect
from devices.broker_threshold import Caller, Threshold

LOG = logging.getLogger(__name__)
Admit = Callable[[Connect, bytes | None], Client]  # with the certificate that was shown; raises RefusedError
_NOBODYS_FAULT: Final = frozenset({Fault.TAKEN_OVER, Fault.UNAVAILABLE})
Broker = Callable[[ReaderAdapter, WriterAdapter], Awaitable[None]]  # returns when the client has gone


class Witness(Protocol):
    """Is told, in the broker's thread, who came, who left and who was turned away; of strangers too."""

    def connected(self, client_id: str) -> None: ...
    def gone(self, client_id: str) -> None: ...
    def refused(self, client_id: str, reason: str) -> None: ...


class Unseen:
    """The witness where nobody asks."""

    def connected(self, client_id: str) -> None: ...
    def gone(self, client_id: str) -> None: ...
    def refused(self, client_id: str, reason: str) -> None: ...


class Visit(Protocol):
    """A socket that was accepted and has not said a word yet: its TLS handshake is still to come."""

    @property
    def peer(self) -> tuple[str, int]: ...
    def turn_out(self) -> None: ...


class Gate:
    """``serve`` takes every socket; ``cut`` and ``close`` end what it let in.

    ``faults`` counts why clients were turned away or cut.
    """

    def __init__(
        self,
        admit: Admit,
        broker: Broker,
        limits: GuardLimits,
        faults: Counter[Fault],
        *,
        witness: Witness,
        caller: Caller = str,
    ) -> None:
        self._witness = witness
        self._threshold = Threshold(limits.pending, caller)
        self.live: dict[str, Connection] = {}
        self._admit = admit
        self._broker = broker
        self._limits = limits
        self._faults = faults
        self._flow = Flow()
        self._closed = False
        self._waiting: set[asyncio.Task[None]] = set()  # without a CONNECT that was believed
        self._serving: set[asyncio.Task[None]] = set()  # all

    @property
    def unheard(self) -> int:
        """Messages that came while the server was away."""
        return self._flow.unheard

    def come(self, visit: Visit) -> bool:
        """May this socket stay? Then ``go`` follows, once. Asked before anything is agreed with it."""
        return self._has_room(visit.peer, visit.turn_out)

    def go(self, visit: Visit) -> None:
        self._threshold.leave(visit.peer[0], visit.peer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One socket from accept to close; nothing that its peer sends raises further than this."""
        try:
            with self._counted(self._serving):
                await self._converse(reader, writer)
        except GuardError as error:
            await self._turn_away(error, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            LOG.debug("a peer left, or had to, before its CONNECT was whole")
        except Exception:
            LOG.exception("a connection to the embedded broker failed")
        finally:
            writer.transport.abort()

    def cut(self, client_id: str, fault: Fault) -> None:
        if connection := self.live.get(client_id):
            connection.cut(fault)

    async def close(self) -> None:
        """Cut everybody and wait for amqtt to notice, in bounded time."""
        self._closed = True
        for connection in self.live.values():
            connection.cut(Fault.UNAVAILABLE)
        for task in self._waiting:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._limits.close_s)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._counted(self._waiting) as task, self._on_threshold(writer, task):
            connection = await self._let_in(reader, writer)
        try:
            await self._broker(connection.broker_reader, connection.broker_writer)
        finally:
            self._forget(connection)
        if connection.fault:
            if connection.fault not in _NOBODYS_FAULT:
                self._witness.refused(connection.client.id, connection.fault)
            raise ViolationError(connection.fault)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        if len(self._serving) > self._limits.connections:
            raise ViolationError(Fault.TOO_MANY)
        connect = await read_connect(reader, self._limits)
        client = self._believed(connect, _certificate(writer))
        connection = Connection(client, connect, (reader, writer), self._limits, flow=self._flow)
        await self._take_over(connection)
        self._witness.connected(connection.client.id)
        return connection

    @contextmanager
    def _on_threshold(self, writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> Iterator[None]:
        peer = writer.get_extra_info("peername")
        if self._closed:
            raise ViolationError(Fault.UNAVAILABLE)
        if not self._has_room(peer, task.cancel):
            raise ViolationError(Fault.TOO_MANY)
        try:
            yield
        finally:
            self._threshold.leave(peer[0], peer)

    def _has_room(self, peer: tuple[str, int], turn_out: Callable[[], object]) -> bool:
        def give_way() -> None:
            self._faults[Fault.TOO_MANY] += 1
            turn_out()

        return self._threshold.come(peer[0], peer, give_way)

    def _believed(self, connect: Connect, certificate: bytes | None) -> Client:
        try:
            return self._admit(connect, certificate)
        except RefusedError as error:
            self._witness.refused(connect.client_id, error.fault)
            raise

    @staticmethod
    @contextmanager
    def _counted(among: set[asyncio.Task[None]]) -> Iterator[asyncio.Task[None]]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio serves each socket in a task
        among.add(task)
        try:
            yield task
        finally:
            among.discard(task)

    async def _take_over(self, connection: Connection) -> None:
        """MQTT-3.1.4-2: the older connection of this client ends first, whole, or amqtt mixes the two sessions."""
        while older := self.live.get(connection.client.id):
            older.cut(Fault.TAKEN_OVER)
            try:
                await asyncio.wait_for(older.ended.wait(), self._limits.close_s * 2)
            except TimeoutError as error:
                raise refusal(Fault.UNAVAILABLE, 3) from error
        self.live[connection.client.id] = connection
        if connection.client.service:
            self._flow.listens(True)

    def _forget(self, connection: Connection) -> None:
        del self.live[connection.client.id]
        if connection.client.service:
            self._flow.listens(False)
        self._witness.gone(connection.client.id)
        connection.ended.set()

    async def _turn_away(self, error: GuardError, writer: asyncio.StreamWriter) -> None:
        self._faults[error.fault] += 1
        LOG.info("broker connection closed: %s", error.fault)
        if isinstance(error, RefusedError):
            await _say(error.reply, writer, self._limits.close_s)


async def _say(reply: bytes, writer: asyncio.StreamWriter, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            writer.write(reply)
            writer.close()
            await writer.wait_closed()
    except (TimeoutError, OSError):
        LOG.debug("a refused peer did not take its answer")


def _certificate(writer: asyncio.StreamWriter) -> bytes | None:
    """What the client showed at the handshake (DER), by an authority that the listener believes."""
    tls = writer.get_extra_info("ssl_object")
    return None if tls is None else tls.getpeercert(binary_form=True)
