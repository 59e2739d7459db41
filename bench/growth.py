"""From measured to shown at a Socket.IO client, as the ward grows: 10, 100 and 300 devices on both brokers."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import socketio

from bench.figures import Figure, Promise, Section, Statistic
from bench.process import ServerProcess
from bench.ward import BROKERS, Broker, Ward, open_ward, play
from devices.simulator import Report

SIZES = (10, 100, 300)
WATCHED = 10  # patients, as on ten doctors' pages
PROMISED_SIZE = 100
WARM_UP_S = 10.0  # devices connect, and send what they measured meanwhile
PROMISES = {Broker.EMBEDDED: Promise(Statistic.P99, 250.0), Broker.MOSQUITTO: Promise(Statistic.P99, 100.0)}


@dataclass(frozen=True)
class Run:
    """``late_ms`` of each value shown; ``cpu`` is the server's share of one core."""

    late_ms: Sequence[float]
    cpu: float
    report: Report


async def measure_promised(quick: bool) -> Section:
    """At the promised size alone: what ``make bench`` waits for when there is no time for the rest."""
    return await measure(quick, sizes=(PROMISED_SIZE,), command="live")


async def measure(quick: bool, sizes: Sequence[int] = SIZES, command: str = "growth") -> Section:
    seconds, rounds = (10.0, 1) if quick else (30.0, 1 if command == "live" else 2)
    sizes = sizes[:1] if quick else sizes
    runs: dict[tuple[int, Broker], list[Run]] = {(size, broker): [] for size in sizes for broker in Broker}
    for _ in range(rounds):
        for size, broker in product(sizes, BROKERS):  # by turns: the machine has its moods
            runs[size, broker].append(await _run(size, broker, seconds))
    figures = {key: _figure(*key, done) for key, done in runs.items()}
    return Section(
        title="Published → at the client, as the ward grows",
        command=f".venv/bin/python -m bench {command}",
        method="`at` of a reading – set just before it is published – to its arrival at a Socket.IO client (no "
        f"browser) that watches {WATCHED} patients; every device 1 Hz for {seconds:.0f} s after {WARM_UP_S:.0f} s of "
        "warming, brokers by turns; server, broker, devices and client on this machine; SQLite, `synchronous=FULL`. "
        "Every message is committed before it is shown.",
        figures=list(figures.values()),
        notes=[*(_seen(*key, done) for key, done in runs.items() if done), _end(figures)],
    )


def _figure(size: int, broker: Broker, runs: Sequence[Run]) -> Figure:
    return Figure(
        name=f"{size} devices",
        against=broker.value,
        unit="ms",
        runs=[run.late_ms for run in runs],
        promise=PROMISES[broker] if size == PROMISED_SIZE else None,
    )


async def _run(size: int, broker: Broker, seconds: float) -> Run:
    async with open_ward(size, broker) as ward, watch(ward) as shown:
        begun = datetime.now(UTC)
        used, report = await asyncio.gather(_cpu(ward, seconds), play(ward, ward.wearers, WARM_UP_S + seconds))
    warm = begun + timedelta(seconds=WARM_UP_S)
    return Run([(seen - at).total_seconds() * 1000 for at, seen in shown if at >= warm], used / seconds, report)


async def _cpu(ward: Ward, seconds: float) -> float:
    """Seconds of CPU that the server uses after warming up."""
    server = ServerProcess(ward.hospital)
    await asyncio.sleep(WARM_UP_S)
    before = server.cpu_s()
    await asyncio.sleep(seconds)
    return server.cpu_s() - before


@asynccontextmanager
async def watch(ward: Ward) -> AsyncIterator[list[tuple[datetime, datetime]]]:
    """(measured at, seen) of every pulse rate that arrives."""
    shown: list[tuple[datetime, datetime]] = []

    def delta(news: Mapping[str, Any]) -> None:
        if value := news["set"].get("metric/pulse_rate"):
            shown.append((datetime.fromisoformat(value["at"]), datetime.now(UTC)))

    client = socketio.AsyncClient()
    client.on("delta", delta)
    await client.connect(
        ward.hospital.url, {"Cookie": ward.cookie}, auth={"as": "staff"}, transports=["websocket"], socketio_path="live"
    )
    for wearer in ward.wearers[:WATCHED]:
        reply = await client.call("subscribe", {"topic": f"patient:{wearer.patient_id}"})
        assert reply["ok"], reply
    yield shown
    await client.disconnect()


def _seen(size: int, broker: Broker, runs: Sequence[Run]) -> str:
    shares = " and ".join(f"{run.cpu:.0%}" for run in runs)
    kept = sum(run.report.covered for run in runs)
    measured = sum(run.report.measured for run in runs)
    return f"{size} devices, {broker}: server {shares} of one core; {kept} of {measured} messages stored and covered."


def _end(figures: Mapping[tuple[int, Broker], Figure]) -> str:
    """Where the embedded broker no longer holds what is promised of it at 100 devices."""
    limit = PROMISES[Broker.EMBEDDED].at_most
    beyond = [size for (size, broker), row in figures.items() if broker is Broker.EMBEDDED and (row.p99 or 0) > limit]
    if beyond:
        return f"The embedded broker ends before {min(beyond)} devices at 1 Hz: there its p99 is over {limit:.0f} ms."
    largest = max(size for size, _ in figures)
    return f"The embedded broker holds p99 ≤ {limit:.0f} ms up to the largest ward tried, {largest} devices at 1 Hz."
