"""A database that is there and says nothing, as behind a cut cable: nobody waits for it for ever."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from server.store import engine
from server.store.engine import Store, open_store
from server.store.errors import Unavailable
from server.store.tables import patients


@dataclass
class Cable:
    """Carries bytes to PostgreSQL and back while it is ``open``; else nothing, not even the end of a connection."""

    port: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def plug(self, there: int) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", there)
            async with asyncio.TaskGroup() as group:
                for source, target in ((reader, far_writer), (far_reader, writer)):
                    group.create_task(self._carry(source, target))

        self.open.set()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            await self.open.wait()
            target.write(chunk)
        target.close()


@pytest.fixture
async def cable(postgres_url: str) -> AsyncIterator[tuple[Cable, str]]:
    made = Cable()
    address = urlsplit(postgres_url)
    server = await made.plug(address.port or 5432)
    yield made, address._replace(netloc=f"postgres@127.0.0.1:{made.port}").geturl()
    made.open.set()
    server.close()


async def patients_in(store: Store) -> int | None:
    async with store.write(lambda connection: connection) as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(patients))


@pytest.mark.postgres
async def test_nobody_waits_for_ever(cable: tuple[Cable, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation and ingest would stand still without a word while TCP goes on trying: a quarter of an hour."""
    monkeypatch.setattr(engine, "ANSWER_S", 1.0)
    line, url = cable
    store = await open_store(url)
    assert await patients_in(store) == 0
    line.open.clear()
    async with asyncio.timeout(15):
        with pytest.raises((OSError, Unavailable)):
            await patients_in(store)
    line.open.set()
    assert await patients_in(store) == 0
    async with asyncio.timeout(15):
        with pytest.raises((OSError, Unavailable)):
            await _cut_within_a_transaction(store, line)
    line.open.set()
    assert await patients_in(store) == 0
    await store.close()


async def _cut_within_a_transaction(store: Store, line: Cable) -> None:
    async with store.write(lambda connection: connection) as connection:
        line.open.clear()
        await connection.scalar(sa.select(sa.func.count()).select_from(patients))
