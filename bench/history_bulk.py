"""Years written in bulk: rows of templates go in as they are, and the database multiplies them by its people.

The multiplied rows are written in the order of their time, as a hospital's come in: one patient's lie between those of
all the others, and a question for one reads as many pages as it would in earnest. Nothing here checks foreign keys.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final, Self

import asyncpg
import sqlalchemy as sa

from server.store.engine import sqlite_path
from server.store.tables import Moment

AT_ONCE: Final = 20_000
MOST_PEOPLE: Final = 1_000  # their positions lie between those of one second and of the next
_templates = sa.MetaData()
PEOPLE: Final = sa.Table(
    "bench_people",
    _templates,
    sa.Column("number", sa.Integer),
    sa.Column("kind", sa.Integer),
    sa.Column("patient_id", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("part", sa.Integer),
    prefixes=["TEMPORARY"],
)
YEARS: Final = sa.Table(
    "bench_years",
    _templates,
    sa.Column("kind", sa.Integer),
    sa.Column("second", sa.BigInteger),
    sa.Column("at", Moment),
    sa.Column("body", sa.LargeBinary),
    prefixes=["TEMPORARY"],
)
SUMS: Final = sa.Table(
    "bench_sums",
    _templates,
    sa.Column("kind", sa.Integer),
    sa.Column("metric", sa.Text),
    sa.Column("level", sa.Integer),
    sa.Column("start", sa.BigInteger),
    sa.Column("count", sa.BigInteger),
    *(sa.Column(name, sa.Float) for name in ("low", "high", "total", "last")),
    sa.Column("last_ms", sa.BigInteger),
    prefixes=["TEMPORARY"],
)
TEMPLATES: Final = (PEOPLE, YEARS, SUMS)
MESSAGES: Final = f"""
INSERT INTO messages (id, device_id, identity, epoch, seq, patient_id, partition, position,
                      sent_at, received_at, measured_at, body)
SELECT {{new_id}}, p.device_id, 'e:' || y.second, 'e', y.second, p.patient_id, p.part,
       y.second * {MOST_PEOPLE} + p.number, y.at, y.at, y.at, y.body
FROM bench_years y JOIN bench_people p ON p.kind = y.kind ORDER BY y.second, p.number
"""  # noqa: S608 – constants
ROLLUPS: Final = """
INSERT INTO rollups (patient_id, metric, level, start, site, count, low, high, total, last, last_ms)
SELECT p.patient_id, s.metric, s.level, s.start, '', s.count, s.low, s.high, s.total, s.last, s.last_ms
FROM bench_sums s JOIN bench_people p ON p.kind = s.kind ORDER BY s.start + s.level, p.number, s.metric
"""
MULTIPLIED: Final = (MESSAGES, ROLLUPS)


class SqliteBulk:
    """SQLite writes what is clustered where it belongs, whatever the order."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        path = sqlite_path(self._url)
        assert path
        self._connection = sqlite3.connect(path)
        for table in TEMPLATES:
            self._connection.execute(_created(table, self._url))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.close()

    async def write(self, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = _names(table)
        told = f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608
        self._connection.executemany(told, ([_told(row[name]) for name in names] for row in rows))

    async def multiply(self) -> None:
        for sql in MULTIPLIED:
            self._connection.execute(sql.format(new_id="lower(hex(randomblob(16)))"))
            self._connection.commit()


class PostgresBulk:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._url)
        await self._connection.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
        for table in TEMPLATES:
            await self._connection.execute(_created(table, self._url))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.execute("VACUUM ANALYZE")
        await self._connection.close()

    async def write(self, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        for some in _pages(rows):
            records = [tuple(row[name] for name in _names(table)) for row in some]
            await self._connection.copy_records_to_table(table.name, records=records, columns=_names(table))

    async def multiply(self) -> None:
        for sql in MULTIPLIED:
            await self._connection.execute(sql.format(new_id="replace(gen_random_uuid()::text, '-', '')"))


def bulk(url: str) -> SqliteBulk | PostgresBulk:
    return SqliteBulk(url) if url.startswith("sqlite") else PostgresBulk(url)


def _created(table: sa.Table, url: str) -> str:
    return str(sa.schema.CreateTable(table).compile(dialect=sa.make_url(url).get_dialect()()))


def _names(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns]


def _pages(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while page := list(islice(left, AT_ONCE)):
        yield page


def _told(value: object) -> object:
    """A moment as server.store.tables.Moment writes it on SQLite."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value
