"""As many messages as the broker takes, at once: how fast they are stored, and what each costs. Beside it what
Mosquitto alone can hand to one subscriber."""

import asyncio
import re
import socket
import statistics
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import monotonic, process_time

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Section
from bench.process import ServerProcess
from bench.six_vitals import message
from bench.ward import Broker, open_ward
from devices import topics
from devices.mqtt_endpoint import Endpoint, Library
from devices.mqtt_frames import Publish
from devices.mqtt_loop import Driver
from devices.wire import WireClient, new_client
from tests.devices import mosquitto
from tests.devices.raw_mqtt import ACCEPTED, connect, publish

DEVICES = 20
BURST = 20  # messages of a device under way
GIVE_UP_S = 300.0
STORED = re.compile(rb"^bedside_ingest_stored\S* (\d+)", re.MULTILINE)


class Row(StrEnum):
    RAW = "Mosquitto → one subscriber, nothing done"
    SQLITE = "Bedside on SQLite, synchronous=FULL"
    PAHO = "the same with paho as it comes"
    POSTGRESQL = "Bedside on PostgreSQL"


Flood = Callable[[int], Awaitable[float]]
ROWS = [row for row in Row if row is not Row.POSTGRESQL or Database.POSTGRESQL in DATABASES]


@dataclass(frozen=True)
class Run:
    """``rate`` in messages a second from the first one sent to the last one done; processor time of the receiver."""

    rate: float
    cpu_us: float


async def measure(quick: bool) -> Section:
    rounds, count = (1, 2_000) if quick else (3, 20_000)
    runs: dict[Row, list[Run]] = {row: [] for row in ROWS}
    with ProcessPoolExecutor(1, get_context("spawn")) as publishers:
        for _ in range(rounds if mosquitto.BINARY else 0):
            for row in ROWS:
                flood = partial(_flood, publishers, count)
                runs[row].append(await (_raw(flood, count) if row is Row.RAW else _bedside(row, flood, count)))
    return Section(
        title="Taken in at full speed",
        command=".venv/bin/python -m bench ingest",
        method=f"{count} messages of six readings, QoS 1, from {DEVICES} devices on {DEVICES} patients as fast as "
        f"Mosquitto takes them, {BURST} under way each; rows by turns, {rounds} rounds; publishers, broker, server and "
        "database on this machine. Bedside's rows end when the last message is stored, decoded, judged by the rules "
        "and acknowledged; nobody watches.",
        figures=[
            *(_figure(row, "messages/s", runs[row]) for row in ROWS),
            *(_figure(row, "µs", runs[row]) for row in ROWS),
        ],
        notes=_shares(runs),
    )


def _figure(row: Row, unit: str, runs: Sequence[Run]) -> Figure:
    name = "rate" if unit == "messages/s" else "processor time a message"
    return Figure(
        name=name, against=row, unit=unit, runs=[[one.rate if unit == "messages/s" else one.cpu_us] for one in runs]
    )


def _shares(runs: dict[Row, list[Run]]) -> list[str]:
    """Of the same round: the machine has its moods."""
    return [
        f"{row}: {statistics.median(own.rate / raw.rate for own, raw in zip(done, runs[Row.RAW], strict=True)):.0%} "
        "of the raw rate (median of the rounds)."
        for row, done in runs.items()
        if done and row is not Row.RAW
    ]


async def _raw(flood: Flood, count: int) -> Run:
    done, heard, ended = asyncio.Event(), 0, 0.0

    def hear(publishes: Sequence[Publish]) -> None:
        nonlocal heard, ended
        heard += len(publishes)
        client.puback([one.packet_id for one in publishes])
        if heard >= count:
            ended = monotonic()
            done.set()

    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        broker = mosquitto.Mosquitto(Path(name))
        broker.start()
        try:
            endpoint = Endpoint("127.0.0.1", broker.port, "bench-server", "any", persistent=True)
            client = new_client(WireClient, endpoint, None, manual_ack=True)
            client.listen(hear)
            subscribed = asyncio.Event()
            client.on_subscribe = lambda *_: subscribed.set()
            await Driver(client, endpoint).connect()
            await _until(client.is_connected)
            client.subscribe(topics.SUBSCRIPTION, 1)
            await subscribed.wait()
            cpu_s = process_time()
            begun = await flood(broker.port)
            await asyncio.wait_for(done.wait(), GIVE_UP_S)
            cpu_s = process_time() - cpu_s
            client.let_go()
        finally:
            broker.kill()
    return Run(count / (ended - begun), cpu_s / count * 1e6)


async def _bedside(row: Row, flood: Flood, count: int) -> Run:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bedside-bench-")))
        more = {"MQTT__CLIENT": str(Library.PAHO if row is Row.PAHO else Library.WIRE)}
        if row is Row.POSTGRESQL:
            more["DATA__DATABASE"] = stack.enter_context(database_at(Database.POSTGRESQL, folder))
        async with open_ward(DEVICES, Broker.MOSQUITTO, more) as ward:
            server = ServerProcess(ward.hospital)
            cpu_s = server.cpu_s()
            begun = await flood(ward.mqtt_port)
            ended = await _until(lambda: _stored(ward.hospital.url) >= count)
            return Run(count / (ended - begun), (server.cpu_s() - cpu_s) / count * 1e6)


async def _until(true: Callable[[], bool]) -> float:
    deadline = monotonic() + GIVE_UP_S
    while not await asyncio.to_thread(true):
        assert monotonic() < deadline, "not all of it was stored"
        await asyncio.sleep(0.1)
    return monotonic()


def _stored(url: str) -> int:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as reply:  # noqa: S310 – our own
        found = STORED.search(reply.read())
    return int(found[1]) if found else 0


async def _flood(publishers: ProcessPoolExecutor, count: int, port: int) -> float:
    """Publish from a process of its own; the moment of the first message."""
    return await asyncio.get_running_loop().run_in_executor(publishers, _publish, port, count)


def _publish(port: int, count: int) -> float:
    devices = [f"bench-{number}" for number in range(DEVICES)]
    packets = [_packets(device, count // DEVICES) for device in devices]
    sockets = [_connected(port, device) for device in devices]
    begun = monotonic()
    for at in range(0, count // DEVICES, BURST):
        for peer, own in zip(sockets, packets, strict=True):
            peer.sendall(b"".join(own[at : at + BURST]))
        for peer, own in zip(sockets, packets, strict=True):
            _read(peer, 4 * len(own[at : at + BURST]))
    return begun


def _packets(device: str, count: int) -> list[bytes]:
    """A hundredth of a second apart, the last one now."""
    begun = datetime.now(UTC) - timedelta(seconds=count / 100)
    return [
        publish(topics.readings(device), message(seq, _written(begun + timedelta(seconds=seq / 100))), mid=seq)
        for seq in range(1, count + 1)
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
