"""From the start of the process to readiness: on an empty folder, and on the database that this made."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Promise, Section, Statistic
from tests.children import ROOT
from tests.e2e.hospital import START_S, Hospital

POLL_S = 0.01
PROMISE = Promise(Statistic.EACH, 3.0)


async def measure(quick: bool) -> Section:
    """One warming start first, so that no figure holds the compiling of Python files."""
    times = 1 if quick else 5
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        await _start_s(Hospital(Path(name, "warming")))
        hospitals = [Hospital(Path(name, str(number))) for number in range(times)]
        first = [await _start_s(hospital) for hospital in hospitals]
        again = [await _start_s(hospitals[0]) for _ in range(times)]
    return Section(
        title="Start to ready",
        command=".venv/bin/python -m bench start",
        method="From the start of the process `bedside serve` to the first 200 of `/readyz`, asked every "
        f"{POLL_S * 1000:.0f} ms; embedded broker, SQLite, both doors; environment made, its Python files compiled.",
        figures=[
            Figure(name="first start", against="empty folder", unit="s", runs=[first], promise=PROMISE),
            Figure(name="start", against="existing database", unit="s", runs=[again], promise=PROMISE),
        ],
        notes=["The first start also makes the private CA, its certificate, the keys and the tables."],
    )


async def _start_s(hospital: Hospital) -> float:
    with (hospital.data / "server.log").open("ab") as log:
        begun = time.perf_counter()
        hospital.process = subprocess.Popen(  # noqa: ASYNC220 – its start is what is measured
            [sys.executable, "-m", "server", "serve"], env=hospital.environment, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        return await _ready_s(hospital, begun)
    finally:
        await hospital.stop()


async def _ready_s(hospital: Hospital, begun: float) -> float:
    while not await asyncio.to_thread(hospital.is_ready):
        if (waited := time.perf_counter() - begun) > START_S:
            raise TimeoutError(f"not ready after {waited:.0f} s:\n{hospital.log()[-2000:]}")
        await asyncio.sleep(POLL_S)
    return time.perf_counter() - begun
