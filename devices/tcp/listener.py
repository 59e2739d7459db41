"""The sockets of one listener: who may connect, how many, how slowly; a message is answered when it is stored."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

from devices import topics
from devices.arrivals import Arrival, Receipt
from devices.handover import NotTaken
from devices.reader import Entry
from devices.readings import Reason, Refusal
from devices.tcp.conversation import Conversation, ConversationError, Deliver, Fault, Send, Step

CHUNK = 16 * 1024
HANDSHAKE_S = 10.0  # asyncio's own minute holds a file for whoever never ends it
NO_RECEIPT = Receipt(0, 0)  # nothing to acknowledge to a broker

logger = structlog.get_logger()
Store = Callable[[Arrival], Awaitable[Entry]]
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Limits:
    """``message_s`` is for a message from its first byte to its last, ``idle_s`` for the time between two."""

    connections: int = 64
    of_one_address: int = 8
    message_s: float = 30.0
    idle_s: float = 3600.0
    answer_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Peers:
    """``allowed`` may connect; ``devices`` is name or address → device id of the registry.

    The name is the one that the device gives itself in its messages: the address may be a converter's that several
    devices share, so the name goes first.
    """

    allowed: Sequence[IPv4Network | IPv6Network]
    devices: Mapping[str, str]

    def admit(self, address: Address) -> bool:
        return any(address in network for network in self.allowed)

    def device(self, source: str | None, address: Address) -> str | None:
        return self.devices.get(source or "") or self.devices.get(str(address))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen. Port 0 is any that is free."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


@dataclass(slots=True, eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: Address
    conversation: Conversation
    since: float | None = None  # when the message began that is not whole
    task: asyncio.Task[None] | None = field(default_factory=asyncio.current_task)
    spoke_for: set[str] = field(default_factory=set)


class Listener:
    """``faults`` counts why connections ended and messages were not taken, ``stored`` those that were."""

    def __init__(
        self,
        converse: Callable[[], Conversation],
        peers: Peers,
        store: Store,
        clock: Callable[[], datetime],
        *,
        limits: Limits = Limits(),
    ) -> None:
        self.faults: Counter[Fault] = Counter()
        self.stored = 0
        self._converse = converse
        self._peers = peers
        self._store = store
        self._clock = clock
        self._limits = limits
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, place: Place) -> int:
        """The port. Raises OSError where it cannot be had."""
        handshake_s = HANDSHAKE_S if place.tls else None
        self._server = await asyncio.start_server(
            self._serve, place.host, place.port, ssl=place.tls, ssl_handshake_timeout=handshake_s, limit=CHUNK
        )
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self, device_id: str) -> None:
        """End the connections that have spoken for this device; what it sends over a new one is refused."""
        for connection in self._open:
            if device_id in connection.spoke_for and connection.task is not None:
                connection.task.cancel()

    async def close(self) -> None:
        """Nobody is let in any more; what is not acknowledged, the devices still hold."""
        if self._server is not None:
            self._server.close()
        tasks = [connection.task for connection in self._open if connection.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One socket from accept to close; nothing that its peer sends raises further than this."""
        try:
            address = _address(writer)
            if (fault := self._unwelcome(address)) is not None:
                self._name(fault, address)
            else:
                await self._hold(_Connection(reader, writer, address, self._converse()))
        except (OSError, NotTaken, asyncio.CancelledError):
            logger.debug("tcp.connection_lost")
        except Exception:
            logger.exception("tcp.connection_failed")
        finally:
            writer.transport.abort()

    def _unwelcome(self, address: Address) -> Fault | None:
        if not self._peers.admit(address):
            return Fault.NOT_ALLOWED
        of_one = sum(connection.address == address for connection in self._open)
        full = len(self._open) >= self._limits.connections or of_one >= self._limits.of_one_address
        return Fault.TOO_MANY if full else None

    async def _hold(self, connection: _Connection) -> None:
        self._open.add(connection)
        try:
            await self._talk(connection)
        except ConversationError as error:
            self._name(error.fault, connection.address)
            await self._say(connection, error.reply)
        except TimeoutError:
            self._name(Fault.TOO_SLOW, connection.address)
        except ConnectionError:
            logger.debug("tcp.connection_lost")
        finally:
            self._open.discard(connection)
        for message in connection.conversation.ended():
            await self._stored(connection, message)

    async def _talk(self, connection: _Connection) -> None:
        while data := await self._read(connection):
            await self._take(connection, connection.conversation.received(data, self._clock()))

    async def _read(self, connection: _Connection) -> bytes:
        """Raises TimeoutError for a peer that is silent too long, or in the middle of a message."""
        now = asyncio.get_running_loop().time()
        if not connection.conversation.unfinished:
            connection.since = None
        elif connection.since is None:
            connection.since = now
        began, allowed = connection.since, self._limits.message_s
        left = self._limits.idle_s if began is None else began + allowed - now
        async with asyncio.timeout(max(left, 0)):
            return await connection.reader.read(CHUNK)

    async def _take(self, connection: _Connection, steps: Iterable[Step]) -> None:
        for step in steps:
            connection.since = None
            if isinstance(step, Send):
                await self._say(connection, step.data)
            else:
                refusal = await self._stored(connection, step)
                await self._say(connection, connection.conversation.answer(step, refusal, self._clock()))

    async def _stored(self, connection: _Connection, message: Deliver) -> Refusal | None:
        """Why it was refused as a whole: it lies in quarantine then, unless nobody knows whose it is."""
        device_id = self._peers.device(message.source, connection.address)
        if device_id is None:
            self._name(Fault.UNKNOWN_DEVICE, connection.address, message.source)
            return Refusal(Reason.UNKNOWN_DEVICE, detail="no device is set for this sender")
        connection.spoke_for.add(device_id)
        topic = topics.in_format(device_id, connection.conversation.format)
        entry = await self._store(Arrival(topic, message.payload, False, self._clock(), NO_RECEIPT))
        self.stored += 1
        refused = entry.quarantined
        return None if refused is None else Refusal(refused.reason, detail=refused.detail)

    async def _say(self, connection: _Connection, data: bytes) -> None:
        """Raises TimeoutError for a peer that does not take it."""
        if data:
            connection.writer.write(data)
            async with asyncio.timeout(self._limits.answer_s):
                await connection.writer.drain()

    def _name(self, fault: Fault, address: Address, source: str | None = None) -> None:
        self.faults[fault] += 1
        logger.warning("tcp.refused", fault=fault.value, address=str(address), source=source)


def _address(writer: asyncio.StreamWriter) -> Address:
    """An IPv4 address that came in over IPv6 is itself again, so that a list of IPv4 networks holds."""
    address = ip_address(writer.get_extra_info("peername")[0].partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
