"""On what machine, and how busy it was: without this a figure means nothing."""

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from tests.devices import mosquitto
from tests.e2e.conftest import CHROMIUM

SYNCS = 50


def describe() -> list[tuple[str, str]]:
    """What it is, by name."""
    return [
        ("CPU", f"{_cpu()}, {os.cpu_count()} cores"),
        ("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"),
        ("kernel", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("disk", f"a 4 KiB write and fdatasync in {_sync_ms():.2f} ms (median of {SYNCS}) where the databases were"),
        ("Python", platform.python_version()),
        ("Bedside", " ".join(filter(None, (version("bedside"), _commit())))),
        ("SQLite", sqlite3.sqlite_version),
        ("Mosquitto", _first_line([mosquitto.BINARY, "-h"])),
        ("Chromium", _first_line([CHROMIUM, "--version"])),
    ]


def load() -> str:
    """How many wanted the CPU in the last minute, and in the last five."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f} over one minute, {five:.1f} over five"


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _sync_ms() -> float:
    """Every commit waits for this once or more; on a RAM disk it would flatter the figures."""
    took = []
    with tempfile.TemporaryFile(prefix="bedside-bench-") as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run([git, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _first_line(command: list[str | None]) -> str:
    program, *words = command
    if program is None:
        return "not installed"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()
