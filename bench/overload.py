"""More than it can take: a backlog of one device beside twenty that are not late, and a database that stalls.

What the others wait, how much memory it takes, and whether it comes back by itself.
"""

import asyncio
import sqlite3
import urllib.request
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from time import monotonic
from urllib.error import URLError

from bench.figures import Figure, Promise, Section, Statistic
from bench.flood import Plan, flood
from bench.growth import WARM_UP_S, watch
from bench.ingest import stored
from bench.process import ServerProcess
from bench.ward import Broker, Ward, open_ward, play
from tests.devices import mosquitto

OTHERS = 20
MOST_MB = Promise(Statistic.EACH, 150.0)
HEALED_S = Promise(Statistic.EACH, 30.0)
GIVE_UP_S = 900.0


@dataclass(frozen=True)
class Stalled:
    """``above_mb``: the most that the server held above what it held idle; ``healed_s`` after the database was back."""

    above_mb: float
    healed_s: float


async def measure(quick: bool) -> Section:
    seconds, backlog, stall_s = (10.0, 2_000, 8.0) if quick else (30.0, 100_000, 60.0)
    late: dict[str, list[Sequence[float]]] = {"nobody else": [], f"one that sends {backlog} at once": []}
    stalls: list[Stalled] = []
    with ProcessPoolExecutor(1, get_context("spawn")) as publishers:
        for _ in range((1 if quick else 2) if mosquitto.BINARY else 0):
            for beside, done in late.items():
                done.append(await _late_ms(publishers, seconds, 0 if beside == "nobody else" else backlog))
            stalls.append(await _stalled(publishers, stall_s, backlog))
    return Section(
        title="More than it can take",
        command=".venv/bin/python -m bench overload",
        method=f"{OTHERS} devices at 1 Hz, measured → shown at a Socket.IO client, {seconds:.0f} s with and without "
        f"a device that publishes {backlog} messages as fast as Mosquitto takes them; SQLite, `synchronous=FULL`. Then "
        f"the database locked by another process for {stall_s:.0f} s under {backlog} messages sent as fast as they go: "
        "resident memory above that of the idle server, and the time from the lock's end until it says that it is "
        "ready, which before it must not have said; in the end all of it is stored, or the measurement fails.",
        figures=[
            *(Figure(name="measured → shown", against=beside, unit="ms", runs=done) for beside, done in late.items()),
            Figure(
                name="memory above idle",
                against="a stalled database",
                unit="MB",
                runs=[[one.above_mb] for one in stalls],
                promise=MOST_MB,
            ),
            Figure(
                name="ready again",
                against="a stalled database",
                unit="s",
                runs=[[one.healed_s] for one in stalls],
                promise=HEALED_S,
            ),
        ],
    )


async def _late_ms(publishers: ProcessPoolExecutor, seconds: float, backlog: int) -> list[float]:
    async with open_ward(OTHERS + 1, Broker.MOSQUITTO) as ward, watch(ward) as shown:
        begun = datetime.now(UTC) + timedelta(seconds=WARM_UP_S)
        async with asyncio.TaskGroup() as group:
            group.create_task(play(ward, ward.wearers[:OTHERS], WARM_UP_S + seconds))
            await asyncio.sleep(WARM_UP_S)
            if backlog:
                group.create_task(flood(publishers, _plan(ward, OTHERS, backlog)))
        return [(seen - at).total_seconds() * 1000 for at, seen in shown if at >= begun]


def _plan(ward: Ward, first: int, count: int) -> Plan:
    names = tuple(wearer.device_id for wearer in ward.wearers[first:])
    return Plan(ward.mqtt_port, names, count // len(names))


async def _stalled(publishers: ProcessPoolExecutor, stall_s: float, count: int) -> Stalled:
    async with open_ward(OTHERS, Broker.MOSQUITTO) as ward:
        server = ServerProcess(ward.hospital)
        await asyncio.sleep(WARM_UP_S)
        idle = server.resident_mb()
        async with _sampled(server) as held, asyncio.TaskGroup() as group:
            lock = _locked(ward)
            sending = group.create_task(flood(publishers, _plan(ward, 0, count)))
            await asyncio.sleep(stall_s)
            assert not await asyncio.to_thread(_is_ready, ward.hospital.url), "nothing is stored, and nobody says so"
            lock.close()
            freed = monotonic()
            while not await asyncio.to_thread(_is_ready, ward.hospital.url):
                assert monotonic() - freed < GIVE_UP_S
                await asyncio.sleep(0.2)
            healed = monotonic()
            await sending
            while await asyncio.to_thread(stored, ward.hospital.url) < count // OTHERS * OTHERS:
                assert monotonic() - freed < GIVE_UP_S, "not all of it was stored"
                await asyncio.sleep(0.5)
        return Stalled(max(held) - idle, healed - freed)


def _locked(ward: Ward) -> sqlite3.Connection:
    """Nothing can be written until it is closed."""
    connection = sqlite3.connect(ward.hospital.data / "bedside.sqlite", isolation_level=None, timeout=60)
    connection.execute("BEGIN IMMEDIATE")
    return connection


@asynccontextmanager
async def _sampled(server: ServerProcess) -> AsyncIterator[list[float]]:
    """Resident memory, five times a second."""
    held = [server.resident_mb()]

    async def sample() -> None:
        while True:
            held.append(await asyncio.to_thread(server.resident_mb))
            await asyncio.sleep(0.2)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(sample())
        try:
            yield held
        finally:
            task.cancel()


def _is_ready(url: str) -> bool:
    address = f"{url}/readyz"
    with suppress(URLError, OSError), urllib.request.urlopen(address, timeout=30) as reply:  # noqa: S310 – our own
        return bool(reply.status == 200)
    return False
