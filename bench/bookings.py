"""Durable bookings over HTTP, as many as there can be: all that a booking writes is committed before the answer."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import aiohttp

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Promise, Section, Statistic
from bench.process import ServerProcess
from server import desk
from server.settings import Data, Settings
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD

SESSIONS = 40
AT_ONCE = 32  # operators' requests under way
DOCTOR, OPERATOR = "dr.wei", "desk"
AT_LEAST = {Database.SQLITE: 200.0, Database.POSTGRESQL: 400.0}
NO_BUDGET = {f"BUDGETS__{name}": "1000000" for name in ("DAY", "PHONE", "PREFIX", "ADDRESS")}  # one desk books for all


Clinic = tuple[aiohttp.ClientSession, Sequence[str], ServerProcess]  # signed in; ids of the sessions


@dataclass(frozen=True)
class Run:
    """``late_ms`` of each booking that was answered 201, in the ``seconds`` that all of them took.

    ``cpu_s`` is what the server's process used meanwhile, for whatever it did.
    """

    late_ms: Sequence[float]
    seconds: float
    cpu_s: float


async def measure(quick: bool) -> Section:
    seconds, rounds = (3.0, 1) if quick else (15.0, 3)
    wide: dict[Database, list[Run]] = {database: [] for database in DATABASES}
    crowded: dict[Database, list[Run]] = {database: [] for database in DATABASES}
    for _ in range(rounds):
        for database in DATABASES:  # by turns
            wide[database].append(await _run(database, SESSIONS, seconds))
            crowded[database].append(await _run(database, 1, seconds))
    return Section(
        title="Durable bookings",
        command=".venv/bin/python -m bench bookings",
        method=f"`POST /sessions/…/tickets` by an operator on {AT_ONCE} connections for {seconds:.0f} s, each another "
        "patient: answered when number, ticket, link, SMS and audit are committed (SQLite `synchronous=FULL`, "
        "PostgreSQL `fsync` on; who books while a commit is under way shares the next one); meanwhile the outbox sends "
        "every SMS to the console gateway and records it. Server, database and clients share this machine. A rate is "
        "that of a whole run, the CPU that of the server's one process: PostgreSQL's and the clients' come on top.",
        figures=[
            *(
                _rate(f"over {SESSIONS} sessions", database, runs, AT_LEAST[database])
                for database, runs in wide.items()
            ),
            *(_latency(f"over {SESSIONS} sessions", database, runs) for database, runs in wide.items()),
            *(_cpu(f"over {SESSIONS} sessions", database, runs) for database, runs in wide.items()),
            *(_rate("in one crowded session", database, runs, None) for database, runs in crowded.items()),
            *(_latency("in one crowded session", database, runs) for database, runs in crowded.items()),
            *(_cpu("in one crowded session", database, runs) for database, runs in crowded.items()),
        ],
        notes=["Every number was issued once and none left out, in each session of each run."],
    )


def _rate(name: str, database: Database, runs: Sequence[Run], at_least: float | None) -> Figure:
    return Figure(
        name=f"bookings {name}",
        against=database.value,
        unit="/s",
        runs=[[len(run.late_ms) / run.seconds] for run in runs],
        promise=None if at_least is None else Promise(Statistic.MEAN, math.inf, at_least),
    )


def _latency(name: str, database: Database, runs: Sequence[Run]) -> Figure:
    return Figure(name=f"a booking {name}", against=database.value, unit="ms", runs=[run.late_ms for run in runs])


def _cpu(name: str, database: Database, runs: Sequence[Run]) -> Figure:
    return Figure(
        name=f"server CPU a booking {name}",
        against=database.value,
        unit="ms",
        runs=[[run.cpu_s / len(run.late_ms) * 1000] for run in runs],
    )


async def _run(database: Database, sessions: int, seconds: float) -> Run:
    async with _clinic(database, sessions) as (http, ids, server):
        issued: dict[str, list[int]] = {session: [] for session in ids}
        begun, used_s = time.perf_counter(), server.cpu_s()
        numbers = count()
        desks = [_book(http, numbers, issued, begun + seconds) for _ in range(AT_ONCE)]
        late = [one for each in await asyncio.gather(*desks) for one in each]
        run = Run(late, time.perf_counter() - begun, server.cpu_s() - used_s)
    for serials in issued.values():
        assert sorted(serials) == list(range(1, len(serials) + 1)), "a number is missing, or was issued twice"
    return run


async def _book(
    http: aiohttp.ClientSession, numbers: "count[int]", issued: Mapping[str, list[int]], until: float
) -> list[float]:
    """Until then, one after the other; the sessions by turns."""
    late, sessions = [], list(issued)
    while (begun := time.perf_counter()) < until:
        number = next(numbers)
        session = sessions[number % len(sessions)]
        who = {"name": f"Patient {number}", "sex": "female", "birth_date": "1957-03-14"}
        who["phone"] = f"+86138{number % 10**8:08d}"
        async with http.post(f"/api/v1/sessions/{session}/tickets", json=who) as reply:
            booked = await reply.json()
            assert reply.status == 201, booked
        issued[session].append(booked["ticket"]["serial"])
        late.append((time.perf_counter() - begun) * 1000)
    return late


@asynccontextmanager
async def _clinic(database: Database, sessions: int) -> AsyncIterator[Clinic]:
    """A running hospital with that many sessions today; an operator is signed in."""
    with TemporaryDirectory(prefix="bedside-bench-") as name, database_at(database, Path(name)) as url:
        hospital = Hospital(Path(name, "hospital"), {"DATA__DATABASE": url, **NO_BUDGET})
        hospital.add_staff("doctor", DOCTOR, "Lin Wei", PASSWORD)
        hospital.add_staff("operator", OPERATOR, "Chen Jing", PASSWORD)
        settings = Settings(data=Data(directory=hospital.data, database=url))
        opens = datetime.now(ZoneInfo(settings.hospital.time_zone)).replace(microsecond=0, tzinfo=None)
        hours = (opens.isoformat(), (opens + timedelta(hours=4)).isoformat())
        for number in range(sessions):
            await desk.add_session(settings, DOCTOR, f"Clinic {number}", hours)
        await hospital.start()
        try:
            async with aiohttp.ClientSession(hospital.url) as http:
                async with http.post("/api/v1/sign-in", json={"login": OPERATOR, "password": PASSWORD}) as reply:
                    assert reply.status == 200, await reply.text()
                async with http.get("/api/v1/sessions") as reply:
                    yield http, [session["id"] for session in await reply.json()], ServerProcess(hospital)
        finally:
            await hospital.stop()
