"""A bad way from the devices to the broker: messages come up to three times and out of their order, as a gateway that
stores and forwards makes them come. Who sent what is kept: it is what must be found in the store."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from devices import topics
from tests.devices.raw_mqtt import frame
from tests.faults.ledgers import Key
from tests.faults.sent import key_of
from tests.faults.tap import CHUNK, PUBLISH, Frames, Packet

HELD = 5  # messages of a device that may overtake each other
AGAIN = (0, 0, 0, 1, 2)  # how often one comes once more
AT_LEAST_EVERY_S = 0.3
DUP, QOS_1 = 0b1000, 0b0010

T = TypeVar("T")


@dataclass
class Way:
    """What became of all that was sent."""

    chance: random.Random
    sent: dict[Key, bytes] = field(default_factory=dict)
    again: int = 0
    overtaken: int = 0

    def mangled(self, messages: Sequence[T]) -> list[T]:
        """Each one to three times, in whatever order."""
        all_ = [message for message in messages for _ in range(1 + self.chance.choice(AGAIN))]
        order = self.chance.sample(range(len(all_)), len(all_))
        self.again += len(all_) - len(messages)
        self.overtaken += sum(later < earlier for earlier, later in pairwise(order))
        return [all_[index] for index in order]


class Mangler:
    """One connection: packets in, packets out. A message that comes again keeps its packet id (MQTT-4.4.0-1)."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._held: list[Packet] = []

    def through(self, packet: Packet) -> Iterator[Packet]:
        """Whatever is no reading goes at once, behind what was held: a goodbye before its readings would lose them."""
        if packet.kind != PUBLISH or not packet.flags & QOS_1 or not self._noted(packet.body):
            yield from self.let_go()
            yield packet
            return
        self._held.append(packet)
        if len(self._held) >= HELD:
            yield from self.let_go()

    def let_go(self) -> Iterator[Packet]:
        """All that is held; from its second coming on a message says that it is one (MQTT-3.3.1-1)."""
        held, self._held = self._held, []
        come: set[bytes] = set()
        for packet in self._way.mangled(held):
            yield packet._replace(flags=packet.flags | DUP) if packet.body in come else packet
            come.add(packet.body)

    def _noted(self, body: bytes) -> bool:
        """A device speaks MQTT 3.1.1: topic, packet id, payload."""
        end = 2 + int.from_bytes(body[:2])
        topic = topics.parse(body[2:end].decode())
        if topic is None or topic.channel != "readings":
            return False
        if key := key_of(topic.device_id, body[end + 2 :]):
            self._way.sent[key] = body[end + 2 :]
        return True


@asynccontextmanager
async def bad_way(broker_port: int, way: Way) -> AsyncIterator[int]:
    """The port that devices connect to."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            answers, up = await asyncio.open_connection("127.0.0.1", broker_port)
            async with asyncio.TaskGroup() as group:
                group.create_task(_mangled(reader, up, Mangler(way)))
                group.create_task(_as_they_come(answers, writer))
        writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _mangled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mangler: Mangler) -> None:
    frames = Frames()
    with suppress(OSError):
        while (chunk := await _next(reader)) != b"":
            packets = mangler.let_go() if chunk is None else _through(mangler, frames.feed(chunk))
            writer.write(b"".join(frame(one.kind << 4 | one.flags, one.body) for one in packets))
            await writer.drain()
    writer.close()


def _through(mangler: Mangler, packets: Iterator[Packet]) -> Iterator[Packet]:
    for packet in packets:
        yield from mangler.through(packet)


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    """None where nothing came for a while; b"" at the end."""
    try:
        async with asyncio.timeout(AT_LEAST_EVERY_S):
            return await reader.read(CHUNK)
    except TimeoutError:
        return None


async def _as_they_come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
