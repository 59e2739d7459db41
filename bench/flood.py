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
    devices = [_Device(plan, name) for name in plan.devices]
    begun = monotonic()
    for _ in range(0, plan.count, BURST):
        for device in devices:
            device.send()
        for device in devices:
            device.hear()
    for device in devices:
        device.peer.close()
    return begun


class _Device:
    """Measured a hundredth of a second apart, all within a minute, so that none is late."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.peer = _connected(plan.port, name)
        self._topic, self._plan, self._sent, self._owed = topics.readings(name), plan, 0, 0
        self._step = timedelta(seconds=min(0.01, 40 / plan.count))
        self._begun = datetime.now(UTC) - timedelta(seconds=plan.ago_s) - plan.count * self._step

    def send(self) -> None:
        """The next of them."""
        first, self._sent = self._sent, min(self._sent + BURST, self._plan.count)
        now = _written(datetime.now(UTC))
        self.peer.sendall(b"".join([self._packet(number, now) for number in range(first, self._sent)]))
        self._owed = self._sent - first

    def _packet(self, number: int, now: str) -> bytes:
        at = _written(self._begun + number * self._step)
        said = message(self._plan.first + number, at, sent=now)
        return publish(self._topic, said, mid=1 + number % 60_000)

    def hear(self) -> None:
        _read(self.peer, 4 * self._owed)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _connected(port: int, device: str) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(connect(device, "any", keep_alive_s=0))
    assert _read(peer, 4) == ACCEPTED
    return peer


def _read(peer: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += peer.recv(size - len(got))
    return got
