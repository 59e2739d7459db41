"""What it costs a booking to ask whom the hospital knows: the same bookings with and without the question, by turns."""

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench.databases import DATABASES, Database, database_at
from bench.figures import Figure, Section
from server.clinic.recognition import SOMEBODY_NEW, UNSAID, Claim
from server.patients.known import name_key
from server.patients.patient import PatientDetails, Sex
from server.store.engine import open_store
from server.store.tables import patients
from tests.clinic.house import NOW, OPERATOR, House
from tests.store.filled import plain

SIZES = (0, 100_000)
FIRST_BORN, DAYS = date(1930, 1, 1), 33_000
INSERTED_AT_ONCE = 5_000
AT_ONCE = 64  # bookings that come together, as much as one commit takes
CLAIMS = {"asked": UNSAID, "not asked": SOMEBODY_NEW}


@dataclass
class Clinic:
    house: House
    session_id: str
    chance: random.Random
    numbers: Iterator[int]

    def somebody(self) -> PatientDetails:
        """Nobody of before."""
        born = FIRST_BORN + timedelta(self.chance.randrange(DAYS))
        number = next(self.numbers)
        return PatientDetails(f"New {number}", Sex.FEMALE, born, f"+86138{number:08d}", "en")


async def measure(quick: bool) -> Section:
    sizes, times = ((0, 2_000), 3) if quick else (SIZES, 40)
    figures = [figure for database in DATABASES for size in sizes for figure in await _figures(database, size, times)]
    return Section(
        title="Who is known, asked at every booking",
        command=".venv/bin/python -m bench known",
        method=f"{AT_ONCE} bookings of new patients at once through the service, a commit for all of them, with the "
        "question who is alike and without it by turns. CPU is that of the one process of client and server code "
        "(SQLite runs in it, PostgreSQL does not); names and days of birth at random; ANALYZE was run.",
        figures=figures,
    )


async def _figures(database: Database, size: int, times: int) -> list[Figure]:
    async with _clinic(database, size) as clinic:
        used_ms: dict[str, list[float]] = {name: [] for name in CLAIMS}
        for _ in range(times):
            for name, claim in CLAIMS.items():
                used_ms[name].append(await _book(clinic, claim))
    against = f"{database.value}, {size} patients"
    return [
        Figure(name=f"CPU a booking, {name}", against=against, unit="ms", runs=[of]) for name, of in used_ms.items()
    ]


async def _book(clinic: Clinic, claim: Claim) -> float:
    wanted = [clinic.somebody() for _ in range(AT_ONCE)]
    begun = time.process_time()
    issue = clinic.house.clinic.issue
    await asyncio.gather(*(issue(OPERATOR, clinic.session_id, who, NOW, claim=claim) for who in wanted))
    return (time.process_time() - begun) / AT_ONCE * 1000


@asynccontextmanager
async def _clinic(database: Database, size: int) -> AsyncIterator[Clinic]:
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as folder, database_at(database, Path(folder)) as url:
        store = await open_store(url)
        house, chance = House(store), random.Random(1)  # noqa: S311 – the same people every time
        await house.hire()
        for first in range(0, size, INSERTED_AT_ONCE):
            rows = [_row(chance, first + number) for number in range(min(INSERTED_AT_ONCE, size - first))]
            async with store.write(plain) as connection:
                await connection.execute(sa.insert(patients), rows)
        async with store.write(plain) as connection:
            await connection.execute(sa.text("ANALYZE"))
        yield Clinic(house, await house.session(), chance, itertools.count())
        await store.close()


def _row(chance: random.Random, number: int) -> dict[str, object]:
    born, name = FIRST_BORN + timedelta(chance.randrange(DAYS)), f"Patient {chance.randrange(30_000)}"
    who = {"id": f"{number}", "name": name, "name_key": name_key(name), "sex": "female", "birth_date": born}
    return {**who, "phone": f"+86139{number:08d}", "locale": "en", "created_at": NOW, "created_by": "desk"}
