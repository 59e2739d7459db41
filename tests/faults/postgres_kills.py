"""PostgreSQL killed under a server that stays: what was promised is there when it is back, and the server finds it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import asyncpg

from tests.devices.mosquitto import Mosquitto
from tests.faults.ledgers import Key
from tests.faults.load import BEDS
from tests.faults.rig import HEAL_S, Rig, beside
from tests.faults.rows import Rows
from tests.faults.table import Line, Programme
from tests.faults.verdict import Fault, Wrong, kept
from tests.faults.ward import make_ward
from tests.postgres import PostgresServer, find_binaries, postgres_server

# Commits that nobody waits for are written this seldom; those that are waited for, at once.
DURABLE = {"shared_buffers": "16MB", "max_connections": "60", "wal_writer_delay": "10s"}
ALIVE_S, DEAD_S = 2.0, 0.5  # at most
PATIENCE_S = 180.0  # until the server is ready again; how long it should take, the long run judges
STORED = "SELECT device_id, epoch, seq FROM messages WHERE seq IS NOT NULL"
COVERED = "SELECT device_id, epoch, covered FROM streams"
ODDITIES = """
SELECT 'without a place' AS odd, count(*) AS number FROM messages WHERE patient_id IS NULL OR position IS NULL
UNION ALL SELECT reason, count(*) FROM quarantine GROUP BY reason
"""


@dataclass
class Ordeal:
    """One server, its broker and its database; what was wrong after each kill, and how long it took to be well."""

    rig: Rig
    database: PostgresServer
    url: str
    seed: int = 0
    faults: list[str] = field(default_factory=list)
    healed_s: list[float] = field(default_factory=list)

    async def kill(self, chance: random.Random) -> None:
        """At a moment nobody chose; judged before the server may do anything more than it had done."""
        await asyncio.sleep(chance.uniform(0.0, ALIVE_S))
        await asyncio.to_thread(self.database.kill)
        await asyncio.sleep(chance.uniform(0.0, DEAD_S))
        promised = self.rig.ledgers.now()
        await asyncio.to_thread(self.database.start)
        began = monotonic()
        where, before = f"kill {len(self.healed_s) + 1}", len(self.faults)
        self._note(where, kept(promised, await self.rows()))
        await self._until_ready()
        self.healed_s.append(healed_s := monotonic() - began)
        felt = len(self.faults) - before
        self.rig.keep(Line(Programme.POSTGRES, where, self.seed, healed_s=healed_s, faults=felt))

    async def heal(self) -> None:
        """All that the broker took, once it is handed over: what is not there then is lost."""
        deadline = monotonic() + HEAL_S
        while monotonic() < deadline:
            promised = self.rig.ledgers.healed()
            if not (wrong := kept(promised, await self.rows())):
                break
            await asyncio.sleep(0.3)
        unheard = [promise for promise, keys in promised.made.items() if not keys]
        before = len(self.faults)
        self._note("healed", [*wrong, *(Fault(Wrong.ODD, f"never heard: {promise}") for promise in unheard)])
        self.rig.keep(Line(Programme.HEALED, Programme.POSTGRES, self.seed, faults=len(self.faults) - before))

    async def rows(self) -> Rows:
        """Past the server."""
        connection = await asyncpg.connect(self.url)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                stored = [Key(*row) for row in await connection.fetch(STORED)]
                covered = {(row[0], row[1]): row[2] for row in await connection.fetch(COVERED)}
                odd = [f"{row[1]} {row[0]}" for row in await connection.fetch(ODDITIES) if row[1]]
        finally:
            await connection.close()
        return Rows(stored, covered=covered, oddities=odd)

    async def _until_ready(self) -> None:
        began = monotonic()
        while not await asyncio.to_thread(self.rig.house.is_ready):
            if monotonic() - began > PATIENCE_S:
                self._note("after it was back", [Fault(Wrong.ODD, "never ready again")])
                return
            await asyncio.sleep(0.1)

    def _note(self, where: str, faults: list[Fault]) -> None:
        self.faults += [f"{where}: {fault}" for fault in faults]

    @property
    def figures(self) -> str:
        """Of an ordeal without faults."""
        slowest = max(self.healed_s, default=0.0)
        return f"{len(self.rig.ledgers.all_sent)} messages, none lost, none twice; well again within {slowest:.1f} s"


@asynccontextmanager
async def on_postgres(folder: Path, *, safe: bool = True, module: str = "server.__main__") -> AsyncIterator[Ordeal]:
    """A ward on a PostgreSQL of its own, beside a Mosquitto that nobody hurts. Without PostgreSQL a LookupError."""
    binaries = find_binaries()
    if binaries is None:
        raise LookupError("PostgreSQL is not installed")
    with postgres_server(binaries, DURABLE) as database:
        name = await database.create()
        url = database.url(name)
        (folder / "ward").mkdir()
        ward = await make_ward(folder / "ward", BEDS, url)
        if not safe:
            await database.order(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        broker = Mosquitto(folder)
        broker.start()
        try:
            async with beside(broker, folder / "house", ward, module=module) as rig:
                rig.load.desaturate = False
                rig.house.settings = {**rig.house.settings, "DATA__DATABASE": url}
                yield Ordeal(rig, database, url)
        finally:
            broker.kill()


async def killed_at_random(ordeal: Ordeal, times: int, seed: int) -> None:
    """Until something is wrong."""
    ordeal.seed = seed
    chance = random.Random(seed)  # noqa: S311 – moments, not secrets
    await ordeal.rig.house.start()
    async with ordeal.rig.load.playing():
        for _ in range(times):
            if not ordeal.faults:
                await ordeal.kill(chance)
