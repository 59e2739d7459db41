"""The wire between server and broker, with an ear on it: which messages the server's PUBACK took off the broker."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from devices import topics
from tests.faults.ledgers import Key

PUBLISH, PUBACK = 3, 4
FAILED = 0x80  # MQTT 5 §2.4: reason codes from here on refuse
CHUNK = 65536


class Packet(NamedTuple):
    kind: int
    flags: int
    body: bytes


class Frames:
    """A byte stream → whole packets, however it is cut (MQTT 5 §2.1)."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Packet]:
        self._buffer += chunk
        while (length := _variable(self._buffer[1:5])) is not None:
            begin, end = 1 + length.size, 1 + length.size + length.value
            if len(self._buffer) < end:
                return
            first, body, self._buffer = self._buffer[0], self._buffer[begin:end], self._buffer[end:]
            yield Packet(first >> 4, first & 0x0F, body)


class Variable(NamedTuple):
    """A variable byte integer (MQTT 5 §1.5.5), and how many bytes it takes."""

    size: int
    value: int


def _variable(buffer: bytes) -> Variable | None:
    """None while it is not here whole."""
    value = 0
    for index, byte in enumerate(buffer):
        value += (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return Variable(index + 1, value)
    return None


class Ear:
    """One connection's packets → the messages that the server has acknowledged in it."""

    def __init__(self, taken: Callable[[Key], None]) -> None:
        self._taken = taken
        self._from_broker, self._from_server = Frames(), Frames()
        self._flying: dict[bytes, Key | None] = {}

    def from_broker(self, chunk: bytes) -> None:
        for packet in self._from_broker.feed(chunk):
            if packet.kind == PUBLISH and packet.flags & 0b0110:
                mid, key = _message(packet.body)
                self._flying[mid] = key

    def from_server(self, chunk: bytes) -> None:
        for packet in self._from_server.feed(chunk):
            accepted = packet.kind == PUBACK and (len(packet.body) < 3 or packet.body[2] < FAILED)
            key = self._flying.pop(packet.body[:2], None) if accepted else None
            if key is not None:
                self._taken(key)


def _message(body: bytes) -> tuple[bytes, Key | None]:
    """Packet id, and the message's key where it is a reading. The server's link speaks MQTT 5: properties follow."""
    end = 2 + int.from_bytes(body[:2])
    topic, mid = topics.parse(body[2:end].decode()), body[end : end + 2]
    if topic is None or topic.channel != "readings":
        return mid, None
    rest = body[end + 2 :]
    properties = _variable(rest[:4]) or Variable(1, 0)
    said = json.loads(rest[properties.size + properties.value :])
    return mid, Key(topic.device_id, said["epoch"], said["seq"])


@asynccontextmanager
async def tap(broker_port: int, taken: Callable[[Key], None]) -> AsyncIterator[int]:
    """Listen on a free port, whose number is yielded, and carry every byte to the broker and back."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear(taken)
        with suppress(OSError):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", broker_port)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, up_writer, ear.from_server))
                group.create_task(_pump(up_reader, writer, ear.from_broker))
        writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Callable[[bytes], None]) -> None:
    """Until either side is gone: what a dead server still managed to say is heard, and told to the broker."""
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            hear(chunk)
            writer.write(chunk)
            await writer.drain()
    writer.close()
