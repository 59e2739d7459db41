"""Memory of the server that has nothing to do, and whether it holds libraries that only media would need."""

import asyncio
import tempfile
from pathlib import Path

from bench.figures import Figure, Promise, Section, Statistic
from bench.process import ServerProcess
from tests.e2e.hospital import Hospital

IDLE_S = 10.0
MEDIA = ("av", "numpy", "pylibsrtp")  # each maps a compiled file; aiortc cannot be imported without av and pylibsrtp
PROMISE = Promise(Statistic.EACH, 150.0)


async def measure(quick: bool) -> Section:
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        idle = [await _idle(Hospital(Path(name, str(number)))) for number in range(1 if quick else 3)]
    loaded = sorted(set().union(*(libraries for _, libraries in idle)))
    return Section(
        title="Memory of the idle server",
        command=".venv/bin/python -m bench memory",
        method=f"Resident memory (RSS, 1 MB = 10⁶ bytes) of `bedside serve` and its children {IDLE_S:.0f} s after it "
        "was ready; embedded broker, SQLite, nobody connected. Each time an empty folder.",
        figures=[
            Figure(
                name="resident memory",
                against="embedded broker",
                unit="MB",
                runs=[[rss for rss, _ in idle]],
                promise=PROMISE,
            )
        ],
        notes=[f"Media libraries in its memory map (looked for: aiortc by {', '.join(MEDIA)}): {_named(loaded)}."],
    )


async def _idle(hospital: Hospital) -> tuple[float, set[str]]:
    """MB, and which media libraries are loaded."""
    await hospital.start()
    try:
        await asyncio.sleep(IDLE_S)
        server = ServerProcess(hospital)
        return server.resident_mb(), server.mapped_packages() & set(MEDIA)
    finally:
        await hospital.stop()


def _named(loaded: list[str]) -> str:
    return ", ".join(f"**{each}**" for each in loaded) or "none"
