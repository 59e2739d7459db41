"""What a waiting room costs: a change of the line seen by all pages, memory a page, and a crowd that comes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bench.crowd import Clinic, Crowd, fill
from bench.figures import Figure, Promise, Section, Statistic
from bench.process import ServerProcess
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD

SIZES = (50, 500, 1500)
PROMISED_SIZE = 500
DOCTORS = 10
CROWD_LINES, CROWD_WAITING = 40, 125
SETTLE_S = 5.0


async def measure(quick: bool) -> Section:
    sizes, changes = ((50,), 4) if quick else (SIZES, 20)
    seen, memory = {}, {}
    for size in sizes:
        seen[size], memory[size] = await _one_line(size, changes)
    return Section(
        title="A waiting room",
        command=".venv/bin/python -m bench waiting_pages",
        method="Bare Socket.IO connections that say what a patient's page says, all in one line. From just before the "
        f"operator's request that holds or releases the first in the line ({changes} times) until each page has heard "
        "its new number of people ahead. Memory: resident memory of the server (1 KB = 10³ bytes) with all pages less "
        f"that before they came, {SETTLE_S:.0f} s after the last change, by their number. Server and pages share this "
        "machine; SQLite.",
        figures=[
            *(
                Figure(
                    name="line change → seen",
                    against=f"{size} pages",
                    unit="ms",
                    runs=[seen[size]],
                    promise=Promise(Statistic.P99, 500.0) if size == PROMISED_SIZE else None,
                )
                for size in sizes
            ),
            *(
                Figure(
                    name="memory a page",
                    against=f"{size} pages",
                    unit="KB",
                    runs=[[memory[size]]],
                    promise=Promise(Statistic.EACH, 60.0) if size == PROMISED_SIZE else None,
                )
                for size in sizes
            ),
        ],
    )


@dataclass(frozen=True)
class Return:
    """Of a crowd: seconds until each was back, and what it cost the server."""

    doctors: Sequence[float]
    patients: Sequence[float]
    cpu_ms: float  # a page
    memory_kb: float  # a page
    turned_away: Mapping[str, int]  # by what was said, "not let in" where nothing was


async def measure_crowd(quick: bool) -> Section:
    back = await _come_back(4 if quick else CROWD_LINES)
    lines, pages = len(back.patients) // CROWD_WAITING, sorted(back.patients)
    return Section(
        title="A crowd that comes back",
        command=".venv/bin/python -m bench crowd",
        method=f"A server that has just started, and {len(pages)} pages of patients in {lines} lines beside "
        f"{len(back.doctors)} consoles, all at the same moment, with the patience, back-off and jitter of the real "
        "page; until each is shown its topic. Server and pages share this machine; SQLite.",
        figures=[
            Figure(
                name="a console is back",
                against="the crowd",
                unit="s",
                runs=[back.doctors],
                promise=Promise(Statistic.EACH, 5.0),
            ),
            Figure(name="a page is back", against="the crowd", unit="s", runs=[pages]),
            Figure(
                name="server's CPU a page",
                against="the crowd",
                unit="ms",
                runs=[[back.cpu_ms]],
                promise=Promise(Statistic.EACH, 8.0),
            ),
            Figure(name="memory a page", against=f"{len(pages)} pages", unit="KB", runs=[[back.memory_kb]]),
        ],
        notes=[
            f"The last page was back after {pages[-1]:.1f} s; nobody was left out.",
            f"Turned away meanwhile: {_counted(back.turned_away)}.",
        ],
    )


async def _one_line(size: int, changes: int) -> tuple[list[float], float]:
    async with _clinic(1, size) as (hospital, clinic), _operator(hospital) as desk:
        server = ServerProcess(hospital)
        before = server.resident_mb()
        first, session = clinic.lines[0].ticket_ids[0], clinic.lines[0].session_id
        assert session
        async with Crowd(hospital, clinic.patients) as crowd:
            await crowd.all_here(120)
            late: list[float] = []
            for step, _ in zip(cycle(("hold", "unhold")), range(changes), strict=False):
                late += await crowd.see_a_change(lambda step=step: _move(desk, first, step))  # type: ignore[misc]
                await asyncio.sleep(0.5)
            await asyncio.sleep(SETTLE_S)
            memory_kb = (server.resident_mb() - before) * 1000 / size
        return late, memory_kb


async def _move(desk: aiohttp.ClientSession, ticket_id: str, step: str) -> None:
    async with desk.post(f"/api/v1/tickets/{ticket_id}/{step}", json={}) as reply:
        assert reply.status in {200, 204}, await reply.text()


async def _come_back(lines: int) -> Return:
    async with _clinic(lines, CROWD_WAITING) as (hospital, clinic):
        server, staff, patients = ServerProcess(hospital), len(clinic.staff), len(clinic.patients)
        before, empty = server.cpu_s(), server.resident_mb()
        async with Crowd(hospital, [*clinic.staff, *clinic.patients]) as crowd:
            await crowd.all_here(600)
            used = server.cpu_s() - before
            took = [page.back_after_s or 0.0 for page in crowd.pages]
            await asyncio.sleep(SETTLE_S)
            memory_kb = (server.resident_mb() - empty) * 1000 / patients
    return Return(took[:staff], took[staff:], used * 1000 / patients, memory_kb, crowd.turned_away)


def _counted(turned_away: Mapping[str, int]) -> str:
    return ", ".join(f"{why} {count} times" for why, count in sorted(turned_away.items())) or "nobody"


@asynccontextmanager
async def _clinic(lines: int, waiting: int) -> AsyncIterator[tuple[Hospital, Clinic]]:
    with TemporaryDirectory(prefix="bedside-bench-") as name:
        hospital = Hospital(Path(name, "hospital"))
        clinic = await fill(hospital, min(DOCTORS, lines), lines, waiting)
        await hospital.start()
        try:
            yield hospital, clinic
        finally:
            await hospital.stop()


@asynccontextmanager
async def _operator(hospital: Hospital) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(hospital.url) as http:
        async with http.post("/api/v1/sign-in", json={"login": "desk", "password": PASSWORD}) as reply:
            assert reply.status == 200, await reply.text()
        yield http
