"""One server a PostgreSQL database: who comes second is told by whom it is held, and who lost it goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from server.store.errors import Held, NotReachable
from server.store.hold import Hold
from tests.ports import free_port


@asynccontextmanager
async def server(url: str, name: str) -> AsyncIterator[Hold]:
    hold = Hold(url, f"bedside {name} process 7", try_s=0.01, look_s=0.01)
    yield hold
    await hold.release()


async def lose_connections(url: str) -> None:
    """As a PostgreSQL that is started anew, or a cable that is pulled."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name LIKE 'bedside %' AND datname = current_database()"
    )
    await connection.close()


async def test_a_second_server_is_told_who_runs_on_the_database(postgres_url: str) -> None:
    async with server(postgres_url, "ward-1") as first, server(postgres_url, "ward-2") as second:
        await first.take()
        with pytest.raises(Held, match=r"bedside ward-1 process 7.*BEDSIDE_DATA__DATABASE"):
            await second.take()
        await first.release()
        await second.take()


async def test_whose_connection_was_lost_takes_it_again(postgres_url: str) -> None:
    async with server(postgres_url, "ward-1") as first, server(postgres_url, "ward-2") as second:
        await first.take()
        await lose_connections(postgres_url)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(first.keep())
            while not await is_held(second):
                await asyncio.sleep(0.01)
            keeping.cancel()


async def is_held(by_another: Hold) -> bool:
    try:
        await by_another.take()
    except Held:
        return True
    await by_another.release()
    return False


async def test_who_finds_another_server_after_a_loss_says_so_and_ends(postgres_url: str) -> None:
    async with server(postgres_url, "ward-1") as first, server(postgres_url, "ward-2") as second:
        await first.take()
        await lose_connections(postgres_url)
        await second.take()
        with pytest.raises(Held, match="ward-2"):
            await asyncio.wait_for(first.keep(), 30)


async def test_a_database_that_does_not_answer_is_no_other_server() -> None:
    async with server(f"postgresql://postgres@127.0.0.1:{free_port()}/none", "ward-1") as alone:
        with pytest.raises(NotReachable):
            await alone.take()
