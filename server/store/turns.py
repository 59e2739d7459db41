"""Many statements in one turn of the database's driver, past SQLAlchemy's compiler: for the paths where that counts.

On SQLite a turn is one waking of the connection's thread; on PostgreSQL statements go out one after the other. Knows no
table. Errors are those of the driver on SQLite and SQLAlchemy's on PostgreSQL: ``engine`` knows both.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from server.store.sqlite import Connection

Row = tuple[Any, ...]


class Statement(NamedTuple):
    """``rows``: what to execute it with, once each; on PostgreSQL that is one row of arrays."""

    sql: str
    rows: Sequence[Sequence[Any]]
    answers: bool = False  # only then are there rows to fetch, of one execution


async def turn(connection: AsyncConnection, statements: Sequence[Statement]) -> list[list[Row]]:
    """What each statement answered."""
    if connection.dialect.name == "sqlite":
        driver: Connection = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
        return await driver.turn(statements)
    return [await _one(connection, statement) for statement in statements]


async def _one(connection: AsyncConnection, statement: Statement) -> list[Row]:
    for row in statement.rows[:-1]:
        await connection.exec_driver_sql(statement.sql, tuple(row))
    done = await connection.exec_driver_sql(statement.sql, tuple(statement.rows[-1]))
    return [tuple(row) for row in done] if statement.answers else []
