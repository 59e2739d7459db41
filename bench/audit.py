"""``bedside audit verify`` as the audit grows: how long it takes, and how much memory the whole command needs."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Section
from server.access.inspection import inspect
from server.access.sealing import Sealer, SealStore
from server.keys import audit_key
from server.store.chain import ChainLookQueries, SealLookQueries, SealQueries
from server.store.engine import Store, open_store
from server.store.tables import audit
from tests.children import ROOT
from tests.e2e.hospital import Hospital
from tests.store.filled import plain

SIZES = (1_000, 10_000, 100_000)
INSERTED_AT_ONCE = 1_000


@dataclass(frozen=True)
class Run:
    """``took_s`` of each verification; ``memory_mb`` is the peak of the command, the interpreter included."""

    took_s: list[float]
    memory_mb: float
    sealed_a_second: float


async def measure(quick: bool) -> Section:
    sizes, times = (SIZES[:2], 1) if quick else (SIZES, 3)
    runs: dict[tuple[int, Database], Run] = {}
    for database in DATABASES:
        async with _grown(database) as (store, hospital):
            for size in sizes:
                runs[size, database] = await _run(store, hospital, size, times)
    return Section(
        title="The audit verified, as it grows",
        command=".venv/bin/python -m bench audit",
        method="Reading the whole chain and judging each row (HMAC-SHA256), page by page, in a process that does "
        "nothing else; memory is the peak (RSS, 1 MB = 10⁶ bytes) of `bedside audit verify` from its start to its end.",
        figures=[*(_took(*key, run) for key, run in runs.items()), *(_memory(*key, run) for key, run in runs.items())],
        notes=[
            f"{size} rows, {database}: sealed at {run.sealed_a_second:.0f} rows a second, a commit each 200."
            for (size, database), run in runs.items()
        ],
    )


def _took(size: int, database: Database, run: Run) -> Figure:
    return Figure(name=f"verify {size} rows", against=database.value, unit="s", runs=[run.took_s])


def _memory(size: int, database: Database, run: Run) -> Figure:
    return Figure(name=f"memory, {size} rows", against=database.value, unit="MB", runs=[[run.memory_mb]])


@asynccontextmanager
async def _grown(database: Database) -> AsyncIterator[tuple[Store, Hospital]]:
    """An empty hospital on this database; it is never started."""
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as folder, database_at(database, Path(folder)) as url:
        store = await open_store(url)
        yield store, Hospital(Path(folder), {"DATA__DATABASE": url})
        await store.close()


async def _run(store: Store, hospital: Hospital, size: int, times: int) -> Run:
    key = audit_key(hospital.data)
    await _grow(store, size)
    begun = time.perf_counter()
    sealed = await _seal(store, key)
    rate = sealed / (time.perf_counter() - begun)
    took = [await _verify_s(store, key, size) for _ in range(times)]
    return Run(took, await asyncio.to_thread(_command_mb, hospital), rate)


async def _grow(store: Store, size: int) -> None:
    """To ``size`` rows in all."""
    async with store.read(plain) as connection:
        there = await connection.scalar(sa.select(sa.func.count()).select_from(audit)) or 0
    for first in range(there, size, INSERTED_AT_ONCE):
        async with store.write(plain) as connection:
            rows = [_row(number) for number in range(first, min(size, first + INSERTED_AT_ONCE))]
            await connection.execute(sa.insert(audit), rows)


def _row(number: int) -> dict[str, object]:
    detail = {"serial": number % 60, "session": f"{number // 60:032x}", "urgent": False}
    at = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=number)
    return {
        "at": at, "actor": f"user:{number % 40:032x}", "action": "ticket.booked", "subject": f"ticket:{number:032x}",
        "detail": detail,
    }  # fmt: skip


async def _seal(store: Store, key: bytes) -> int:
    kept = SealStore(partial(store.read, SealLookQueries), partial(store.write, SealQueries))
    sealer = Sealer(kept, key, lambda _head: None, partial(datetime.now, UTC))
    async with store.read(ChainLookQueries) as look:
        waiting = await look.waiting(0)
    await sealer.catch_up()
    return waiting


async def _verify_s(store: Store, key: bytes, size: int) -> float:
    begun = time.perf_counter()
    report = await inspect(partial(store.read, ChainLookQueries), key, ())
    assert (report.sealed, report.findings, report.waiting) == (size, [], 0)
    return time.perf_counter() - begun


def _command_mb(hospital: Hospital) -> float:
    command = [sys.executable, "-m", "server", "audit", "verify"]
    process = subprocess.Popen(command, env=hospital.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return used.ru_maxrss * 1024 / 1e6
