"""A hospital with one row in every table, made from the tables themselves: a new one is filled too."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import tables
from server.store.engine import Store

NOON = datetime(2026, 11, 21, 12, 0, 0, 120_007, tzinfo=UTC)
SPECIAL: dict[str, dict[str, Any]] = {"sign_ins": {"ticket_id": None}, "audit": {"id": 41}}


def plain(connection: AsyncConnection) -> AsyncConnection:
    """The connection itself, where a test writes its own SQL."""
    return connection


async def fill(store: Store) -> None:
    """One row in every table, every column of it set."""
    async with store.write(plain) as connection:
        for table in tables.metadata.sorted_tables:
            if table is tables.partitions:
                await connection.execute(sa.update(table).values(epoch=7, issued=9, evaluated=8))
            else:
                await connection.execute(sa.insert(table), [row_of(table)])


async def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by table."""
    async with store.read(plain) as connection:
        return {
            table.name: [dict(row) for row in (await connection.execute(_all(table))).mappings()]
            for table in tables.metadata.sorted_tables
        }


def _all(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(*table.primary_key.columns)


def row_of(table: sa.Table) -> dict[str, Any]:
    """One row, every column of it set."""
    return {column.name: _value(table, column) for column in table.columns} | SPECIAL.get(table.name, {})


def _value(table: sa.Table, column: sa.Column[Any]) -> Any:  # noqa: ANN401 – of any type of column
    target = next(iter(column.foreign_keys), None)
    if target is not None:
        return _value(target.column.table, target.column)
    if isinstance(column.type, tables.Moment):
        return NOON
    if isinstance(column.type, sa.JSON):
        return {"serial": 1, "of": [1, None, "一"]}
    kind = column.type.python_type
    if kind is str:
        return f"{table.name}.{column.name} 李"[: getattr(column.type, "length", None)]
    return {bytes: b"\x00\xff{}\n", date: date(1954, 2, 28), int: 7, float: 79.25, bool: True}[kind]
