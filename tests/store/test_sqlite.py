"""The connection's own cursor: what a statement answers comes whole, however it is asked for."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.store.sqlite import FIRST_ROWS, Connection

ROWS = [(number,) for number in range(FIRST_ROWS * 2 + 3)]


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    opened = Connection.to(str(tmp_path / "numbers.sqlite"), isolation_level=None)
    await opened
    async with opened.cursor() as cursor:
        await cursor.execute("CREATE TABLE numbers (number INTEGER)")
        await cursor.execute("BEGIN")
        await cursor.executemany("INSERT INTO numbers VALUES (?)", ROWS)
        await cursor.execute("COMMIT")
    yield opened
    await opened.close()


@pytest.mark.parametrize("wanted", [0, 1, FIRST_ROWS - 1, FIRST_ROWS, FIRST_ROWS + 1, len(ROWS)])
async def test_all_rows_come_in_their_order(connection: Connection, wanted: int) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT number FROM numbers ORDER BY number LIMIT ?", (wanted,))
    assert list(await cursor.fetchall()) == ROWS[:wanted]
    assert list(await cursor.fetchall()) == []


@pytest.mark.parametrize("size", [1, 100, FIRST_ROWS, 1000])
async def test_rows_come_in_pieces(connection: Connection, size: int) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT number FROM numbers ORDER BY number")
    rows: list[object] = []
    while piece := await cursor.fetchmany(size):
        assert len(piece) <= size
        rows += piece
    assert rows == ROWS


async def test_a_statement_gives_its_answer_and_nothing_of_the_one_before(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT number FROM numbers")
    await cursor.execute("DELETE FROM numbers WHERE number > 0")
    assert await cursor.fetchall() == []
    await cursor.execute("UPDATE numbers SET number = 7 RETURNING number")
    assert await cursor.fetchall() == [(7,)]


async def test_a_statement_that_fails_may_be_closed_and_followed(connection: Connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(sqlite3.OperationalError):
        await cursor.execute("SELECT nothing FROM nowhere")
    await cursor.close()
    async with connection.cursor() as following:
        await following.execute("SELECT 1")
        assert await following.fetchall() == [(1,)]


async def test_a_cancelled_statement_is_closed_after_it_has_run(connection: Connection) -> None:
    """Closing it from here while the thread is inside would be an error of sqlite3, or worse."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        may_end.wait(10)
        ended.set()
        return 1

    await connection.create_function("wait", 0, wait)
    cursor = connection.cursor()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await cursor.execute("SELECT wait()")
    assert begun.is_set()
    asyncio.get_running_loop().call_later(0.05, may_end.set)
    await cursor.close()
    assert ended.is_set()
