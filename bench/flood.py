"""Messages of six readings as fast as a broker takes them, from a process of its own."""

import asyncio
import socket
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from bench.six_vitals import message
from devices import topics
from tests.devices.raw_mqtt import ACCEPTED, connect, publish

BURST = 20  # messages of a device under way


@dataclass(frozen=True)
class Plan:
    """``count`` messages of each device, beginning with number ``first``, to the broker at ``port``.

    The last was measured ``ago_s`` seconds ago, the first at most 40 seconds before: what warms up comes before.
    """

    port: int
    devices: tuple[str, ...]
    count: int
    first: int = 1
    ago_s: float = 0.0


async def flood(publishers: ProcessPoolExecutor, plan: Plan) -> float:
    """The moment of the first message."""
    return await asyncio.get_running_loop().run_in_executor(publishers, _publish, plan)


def _publish(plan: Plan) -> float:
    packets = [_packets(plan, device) for device in plan.devices]
    sockets = [_connected(plan.port, device) for device in plan.devices]
    begun = monotonic()
    for at in range(0, plan.count, BURST):
        for peer, own in zip(sockets, packets, strict=True):
            peer.sendall(b"".join(own[at : at + BURST]))
        for peer, own in zip(sockets, packets, strict=True):
            _read(peer, 4 * len(own[at : at + BURST]))
    for peer in sockets:
        peer.close()
    return begun


def _packets(plan: Plan, device: str) -> list[bytes]:
    """A hundredth of a second apart; within a minute, so that none is late."""
    step = timedelta(seconds=min(0.01, 40 / plan.count))
    begun = datetime.now(UTC) - timedelta(seconds=plan.ago_s) - plan.count * step
    return [
        publish(topics.readings(device), message(plan.first + at, _written(begun + at * step)), mid=1 + at % 60_000)
        for at in range(plan.count)
    ]


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _connected(port: int, device: str) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(connect(device, "any", keep_alive_s=0))
    assert _read(peer, 4) == ACCEPTED
    return peer


def _read(peer: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += peer.recv(size - len(got))
    return got
