"""As many messages as the broker takes, at once: how fast they are stored, and what each costs. Beside it what
Mosquitto alone can hand to one subscriber, and what Node-RED does with them."""

import asyncio
import re
import statistics
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from time import monotonic, process_time

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Promise, Section, Statistic
from bench.flood import BURST, Plan, flood
from bench.node_red import SCRIPT, node_red
from bench.pages import PAGES, watching
from bench.process import ServerProcess
from bench.ward import Broker, open_ward
from devices import topics
from devices.mqtt_endpoint import Endpoint, Library
from devices.mqtt_frames import Publish
from devices.mqtt_loop import Driver
from devices.wire import WireClient, new_client
from tests.devices import mosquitto

DEVICES = 20
GROWTH = (1, 10, 100)
GIVE_UP_S = 900.0
WARM_UP = 50  # messages of each device, before what is measured: patients are known then, code is warm
WARM_UP_AGO_S = 45.0  # not late yet, and before the first that is measured
STORED = re.compile(rb"^bedside_ingest_stored\S* (\d+)", re.MULTILINE)
JUDGED = re.compile(rb"^bedside_evaluated\S* (\d+)", re.MULTILINE)
CPU = Promise(Statistic.MEAN, 25.0)


class Row(StrEnum):
    RAW = "Mosquitto → one subscriber, nothing done"
    HELD_BACK = "Mosquitto as it comes → one subscriber, nothing done"
    SQLITE = "Bedside on SQLite, synchronous=FULL"
    PAHO = "the same with paho as it comes"
    POSTGRESQL = "Bedside on PostgreSQL"
    NODE_RED = "Node-RED: JSON to its pages, nothing stored"


THERE = {Row.POSTGRESQL: Database.POSTGRESQL in DATABASES, Row.NODE_RED: SCRIPT is not None}
ROWS = [row for row in Row if THERE.get(row, True)]


@dataclass(frozen=True)
class Run:
    """``rate`` in messages a second from the first one sent to the last one done; processor time of the receiver."""

    rate: float
    cpu_us: float


@dataclass(frozen=True)
class Load:
    publishers: ProcessPoolExecutor
    count: int
    devices: int = DEVICES

    def plan(self, port: int, *, warm: bool = False) -> Plan:
        names = tuple(f"bench-{number}" for number in range(self.devices))
        if warm:
            return Plan(port, names, WARM_UP, ago_s=WARM_UP_AGO_S)
        return Plan(port, names, self.count // self.devices, WARM_UP + 1)

    @property
    def whole(self) -> int:
        return self.count // self.devices * self.devices

    @property
    def warm(self) -> int:
        return WARM_UP * self.devices


async def measure(quick: bool) -> Section:
    rounds, count = (1, 2_000) if quick else (3, 40_000)
    runs: dict[Row, list[Run]] = {row: [] for row in ROWS}
    grown: dict[int, list[Run]] = {size: [] for size in GROWTH}
    with ProcessPoolExecutor(1, get_context("spawn")) as publishers:
        for _ in range(rounds if mosquitto.BINARY else 0):
            for row in ROWS:
                runs[row].append(await _run(row, Load(publishers, count)))
            for size in GROWTH:
                grown[size].append(await _run(Row.SQLITE, Load(publishers, count, size)))
    return Section(
        title="Taken in at full speed",
        command=".venv/bin/python -m bench ingest",
        method=f"{count} messages of six readings, QoS 1, from {DEVICES} devices on {DEVICES} patients as fast as "
        f"Mosquitto takes them, {BURST} under way each; rows by turns, {rounds} rounds; publishers, broker, server, "
        f"pages and database on this machine. Bedside's rows end when the last message is stored, decoded, judged by "
        f"the rules and acknowledged, with {PAGES} pages watching a patient each; processor time is that of the server "
        "process with all that it does meanwhile, over the messages.",
        figures=[
            *(_figure(row, "messages/s", done) for row, done in runs.items()),
            *(_figure(row, "µs", done, CPU if row is Row.SQLITE else None) for row, done in runs.items()),
            *(_figure(f"{size} devices and patients, SQLite", "µs", done) for size, done in grown.items()),
        ],
        notes=[*_shares(runs), *_DIFFERENCES],
    )


_DIFFERENCES = f"""\
Mosquitto's rows acknowledge and forget. As it comes it holds a small packet back until the one before is confirmed \
(no `set_tcp_nodelay`); in all other rows it does not.
Bedside's rows check every reading, store it durably before PUBACK, judge it by the rules, answer the device on …/ack \
and tell {PAGES} pages at most 20 times a second what is newest.
Node-RED parses the JSON and sends each message to {PAGES} pages; it checks, stores and judges nothing, and \
acknowledges before anything is done.
On PostgreSQL processor time is that of the server process alone: the database's own is not in it.""".splitlines()


def _figure(against: str, unit: str, runs: Sequence[Run], promise: Promise | None = None) -> Figure:
    name = "rate" if unit == "messages/s" else "processor time a message"
    each = [[one.rate if unit == "messages/s" else one.cpu_us] for one in runs]
    return Figure(name=name, against=against, unit=unit, runs=each, promise=promise)


def _shares(runs: Mapping[Row, Sequence[Run]]) -> list[str]:
    """Of the same round: the machine has its moods."""
    others = {row: runs[row] for row in (Row.RAW, Row.HELD_BACK, Row.NODE_RED) if runs.get(row)}
    return [
        f"{row}: {_ratio(runs[row], done):.2f} times the rate of “{other}” (median of the rounds)."
        for row in (Row.SQLITE, Row.PAHO, Row.POSTGRESQL)
        if runs.get(row)
        for other, done in others.items()
    ]


def _ratio(own: Sequence[Run], other: Sequence[Run]) -> float:
    return statistics.median(mine.rate / theirs.rate for mine, theirs in zip(own, other, strict=True))


async def _run(row: Row, load: Load) -> Run:
    match row:
        case Row.RAW | Row.HELD_BACK:
            return await _raw(load, at_once=row is Row.RAW)
        case Row.NODE_RED:
            return await _node_red(load)
        case _:
            return await _bedside(row, load)


async def _raw(load: Load, *, at_once: bool) -> Run:
    done, heard, ended = asyncio.Event(), 0, 0.0

    def hear(publishes: Sequence[Publish]) -> None:
        nonlocal heard, ended
        heard += len(publishes)
        client.puback([one.packet_id for one in publishes])
        if heard >= load.whole:
            ended = monotonic()
            done.set()

    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        broker = mosquitto.Mosquitto(Path(name), at_once=at_once)
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
            begun = await flood(load.publishers, load.plan(broker.port))
            await asyncio.wait_for(done.wait(), GIVE_UP_S)
            cpu_s = process_time() - cpu_s
            client.let_go()
        finally:
            broker.kill()
    return Run(load.whole / (ended - begun), cpu_s / load.whole * 1e6)


async def _node_red(load: Load) -> Run:
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        broker = mosquitto.Mosquitto(Path(name))
        broker.start()
        try:
            with node_red(Path(name), broker.port, PAGES) as red:
                await flood(load.publishers, load.plan(broker.port, warm=True))
                await _until(lambda: red.frames >= load.warm)
                cpu_s = red.cpu_s()
                begun = await flood(load.publishers, load.plan(broker.port))
                await _until(lambda: red.frames >= load.warm + load.whole)
                return Run(load.whole / (red.last_at - begun), (red.cpu_s() - cpu_s) / load.whole * 1e6)
        finally:
            broker.kill()


async def _bedside(row: Row, load: Load) -> Run:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bedside-bench-")))
        more = {"MQTT__CLIENT": str(Library.PAHO if row is Row.PAHO else Library.WIRE)}
        if row is Row.POSTGRESQL:
            more["DATA__DATABASE"] = stack.enter_context(database_at(Database.POSTGRESQL, folder))
        async with open_ward(load.devices, Broker.MOSQUITTO, more) as ward, watching(ward):
            server = ServerProcess(ward.hospital)
            await flood(load.publishers, load.plan(ward.mqtt_port, warm=True))
            await _until(lambda: judged(ward.hospital.url) >= load.warm)
            cpu_s = server.cpu_s()
            begun = await flood(load.publishers, load.plan(ward.mqtt_port))
            ended = await _until(lambda: judged(ward.hospital.url) >= load.warm + load.whole)
            return Run(load.whole / (ended - begun), (server.cpu_s() - cpu_s) / load.whole * 1e6)


async def _until(true: Callable[[], bool]) -> float:
    deadline = monotonic() + GIVE_UP_S
    while not await asyncio.to_thread(true):
        assert monotonic() < deadline, "not all of it was done"
        await asyncio.sleep(0.5)  # to be asked costs the server milliseconds
    return monotonic()


def stored(url: str) -> int:
    """How many messages the server at ``url`` has stored since it started."""
    return _counted(url, STORED)


def judged(url: str) -> int:
    """How many of a patient's messages the rules have judged: what is held for want of a patient is none of them."""
    return _counted(url, JUDGED)


def _counted(url: str, figure: re.Pattern[bytes]) -> int:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as reply:  # noqa: S310 – our own
        found = figure.search(reply.read())
    return int(found[1]) if found else 0
