"""Migrated PostgreSQL databases that are emptied and lent again: making one takes twenty times as long."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.postgres import PostgresServer

KEPT = "alembic_version"
TABLES = f"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '{KEPT}' ORDER BY 1"  # noqa: S608
OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SHAPE = f"""
SELECT (SELECT count(*) FROM pg_class WHERE relpersistence = 'p'), (SELECT max(oid) FROM pg_class WHERE relkind <> 't'),
  (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint),
  (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped),
  (SELECT count(*) FROM pg_db_role_setting), (SELECT string_agg(version_num, ' ') FROM {KEPT})
"""  # noqa: S608 – what a test that alters the schema or a setting changes: its database is not lent again


@dataclass(frozen=True)
class Pristine:
    """What a fresh copy of the template is like."""

    shape: tuple[Any, ...]
    rows: dict[str, list[tuple[Any, ...]]]  # of the tables that a migration fills


@dataclass
class Lending:
    """The databases of one server; ``template`` is a migrated one."""

    server: PostgresServer
    template: str
    _idle: list[str] = field(default_factory=list)
    _pristine: dict[str, Pristine] = field(default_factory=dict)

    async def lend(self) -> str:
        """The name of a database that is as the migrations left it."""
        if self._idle:
            return self._idle.pop()
        name = await self.server.create(template=self.template)
        self._pristine[name] = await self._look_at(name)
        return name

    async def take_back(self, name: str) -> None:
        """Ends every connection to it."""
        database = await asyncpg.connect(self.server.url(name))
        try:
            await database.execute(OTHERS)
            as_it_was = tuple(await database.fetchrow(SHAPE)) == self._pristine[name].shape
            if as_it_was:
                await _empty(database, self._pristine[name])
        finally:
            await database.close()
        if as_it_was:
            self._idle.append(name)
        else:
            await self.server.drop(name)

    async def _look_at(self, name: str) -> Pristine:
        database = await asyncpg.connect(self.server.url(name))
        try:
            tables = [row[0] for row in await database.fetch(TABLES)]
            found = {table: await database.fetch(f'SELECT * FROM "{table}"') for table in tables}  # noqa: S608
            rows = {table: [tuple(row) for row in some] for table, some in found.items()}
            return Pristine(tuple(await database.fetchrow(SHAPE)), rows)
        finally:
            await database.close()


async def _empty(database: "asyncpg.Connection[Any]", pristine: Pristine) -> None:
    """As a replica does: our triggers refuse that what is append-only is emptied."""
    await database.execute("SET session_replication_role = replica")
    names = ", ".join(f'"{table}"' for table in pristine.rows)
    await database.execute(f"TRUNCATE {names} RESTART IDENTITY")
    for table, rows in pristine.rows.items():
        if rows:
            await database.copy_records_to_table(table, records=rows)
