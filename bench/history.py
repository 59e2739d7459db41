"""A chart of a year, a month, a day and an hour, as what is stored grows tenfold; and what summing up costs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Promise, Section, Statistic
from bench.history_load import A_PATIENT, BEGIN, YEAR, Loaded, load
from server.access.principal import Principal
from server.access.roles import Role
from server.monitoring.history import History
from server.monitoring.ranges import Wish
from server.store.engine import open_store
from server.store.history import HistoryLookQueries

ZONE = ZoneInfo("Asia/Shanghai")
SPANS = {  # a span and how many points: those of the console's own chart, and finer ones
    "a year, a point a day": (YEAR, 368),
    "a year in 1,000 points": (YEAR, 1_000),
    "a month": (timedelta(days=31), 374),
    "a day": (timedelta(days=1), 482),
    "an hour": (timedelta(hours=1), 362),
}
TIMES = 100
PROMISED = {Database.SQLITE: 10, Database.POSTGRESQL: 100}  # patients: 5.3 and 53 million readings
PROMISE = Promise(Statistic.P99, 100.0)


@dataclass(frozen=True)
class Run:
    """``took_ms`` of each span; ``load_s`` is how long it took to write it all."""

    loaded: Loaded
    load_s: float
    took_ms: Mapping[str, list[float]]


async def measure(quick: bool) -> Section:
    """Up to ten patients with a year each: five million readings."""
    return await _measure((1,) if quick else (1, 10), "history")


async def measure_whole(quick: bool) -> Section:
    """With a hundred patients on PostgreSQL: fifty million readings, 13 GB and most of an hour."""
    return await _measure((1,) if quick else (1, 10, 100), "history_whole")


async def _measure(sizes: tuple[int, ...], command: str) -> Section:
    tried = [(database, size) for database in DATABASES for size in sizes if size <= PROMISED[database]]
    runs = {(database, size): await _run(database, size) for database, size in tried}
    figures = [
        Figure(
            name=f"chart of {span}, {size * A_PATIENT / 1e6:.1f} million readings stored",
            against=database.value,
            unit="ms",
            runs=[run.took_ms[span]],
            promise=PROMISE if span.startswith("a year") else None,
        )
        for span in SPANS
        for (database, size), run in runs.items()
    ]
    return Section(
        title="A chart from history, as it grows",
        command=f".venv/bin/python -m bench {command}",
        method="One metric of one patient who was measured each six minutes for a year, in as many points as the "
        f"console draws or in 1,000, asked {TIMES} times of the service that HTTP asks: right to see, sums, what is "
        "not summed up yet, alarms of the time. Every patient has 525,600 readings with their sums, written in bulk in "
        "the order of their time; databases warm, one question at a time.",
        figures=figures,
        notes=[f"{d}, {n} patients: written in {run.load_s:.0f} s." for (d, n), run in runs.items()],
    )


async def _run(database: Database, size: int) -> Run:
    with TemporaryDirectory(prefix="bedside-history-") as folder, database_at(database, Path(folder)) as url:
        store = await open_store(url)
        try:
            begun = time.perf_counter()
            loaded = await load(store, url, size)
            load_s = time.perf_counter() - begun
            history = History(partial(store.read, HistoryLookQueries), ZONE)
            return Run(loaded, load_s, {name: await _ask(history, loaded, *span) for name, span in SPANS.items()})
        finally:
            await store.close()


async def _ask(history: History, loaded: Loaded, span: timedelta, points: int) -> list[float]:
    who, end = Principal(Role.DOCTOR, loaded.doctor, "", ""), BEGIN + YEAR
    wish = Wish(loaded.watched, "spo2", end - span, end, points)
    took = []
    for _ in range(TIMES + 1):
        begun = time.perf_counter()
        view = await history.of(who, wish)
        took.append((time.perf_counter() - begun) * 1000)
        assert 9 < len(view.points) <= points, len(view.points)
    return took[1:]  # the first compiles the statement
