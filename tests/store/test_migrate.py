"""The steps lead from nothing to tables.py on both databases, once, whole, and never past what this code knows."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.store import migrate, tables
from server.store.engine import Store, open_store
from server.store.errors import SchemaTooNew
from tests.postgres import PostgresServer
from tests.store.filled import contents, fill, plain

NEXT_STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0999", migrate_from


def upgrade() -> None:
    op.add_column("patients", sa.Column("nickname", sa.String(64)))
    {more}
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database that nobody has migrated."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = await postgres.create()
    yield postgres.url(name)
    await postgres.drop(name)


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The steps of this version and one more: point ``migrate.STEPS`` here."""
    steps = tmp_path / "migrations"
    shutil.copytree(migrate.STEPS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    return steps


def add_step(steps: Path, more: str = "") -> None:
    step = NEXT_STEP.replace("migrate_from", repr(migrate.newest())).replace("{more}", more)
    (steps / "versions" / "v0999_nickname.py").write_text(step)


async def test_the_steps_make_what_tables_says(store: Store) -> None:
    async with store.read(plain) as connection:
        assert await connection.run_sync(migrate.drift) == []


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE users ADD COLUMN nickname text", "DROP INDEX uq_alarms_open", "ALTER TABLE users DROP COLUMN phone"],
)
async def test_a_difference_would_be_seen(store: Store, change: str) -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.text(change))
        assert await connection.run_sync(migrate.drift)


async def test_sixteen_partitions_stand_ready(store: Store) -> None:
    async with store.read(plain) as connection:
        rows = (await connection.execute(sa.select(tables.partitions).order_by(tables.partitions.c.id))).all()
    assert [tuple(row) for row in rows] == [(number, 0, 0, 0) for number in range(16)]


async def test_a_second_start_changes_nothing(store: Store, store_url: str) -> None:
    await fill(store)
    before = await contents(store)
    await (await open_store(store_url)).close()
    assert await contents(store) == before


async def test_two_servers_that_start_at_once_on_nothing_both_serve(empty_url: str) -> None:
    first, second = await asyncio.gather(open_store(empty_url), open_store(empty_url))
    assert await contents(first) == await contents(second)
    await first.close()
    await second.close()


async def test_an_older_database_is_brought_forward_and_keeps_its_rows(
    store: Store, store_url: str, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store)
    before = await contents(store)
    add_step(next_version)
    monkeypatch.setattr(migrate, "STEPS", next_version)
    newer = await open_store(store_url)
    async with newer.read(plain) as connection:
        assert await connection.run_sync(migrate.revision) == "0999"
        assert await connection.scalar(sa.text("SELECT count(nickname) FROM patients")) == 0
    assert await contents(newer) == before
    await newer.close()


async def test_a_step_that_fails_leaves_the_database_as_it_was(
    store: Store, store_url: str, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_step(next_version, more='raise RuntimeError("the disk is full")')
    stood_at = migrate.newest()
    monkeypatch.setattr(migrate, "STEPS", next_version)
    with pytest.raises(RuntimeError):
        await open_store(store_url)
    async with store.read(plain) as connection:
        assert await connection.run_sync(migrate.drift) == []
        assert await connection.run_sync(migrate.revision) == stood_at


async def test_a_newer_database_is_refused_and_left_alone(store: Store, store_url: str) -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(SchemaTooNew, match="0999"):
        await open_store(store_url)
    async with store.read(plain) as connection:
        assert await connection.run_sync(migrate.revision) == "0999"


CLOSED = ("audit", "transitions", "notes", "consents", "interventions")
ATTESTED = ("consent_withdrawals", "prior_diagnoses", "guardians")


@pytest.mark.parametrize("table", [tables.metadata.tables[name] for name in CLOSED + ATTESTED], ids=str)
async def test_what_is_only_added_to_is_never_changed_or_deleted(store: Store, table: sa.Table) -> None:
    await fill(store)
    before = (await contents(store))[table.name]
    for change in (sa.update(table).values(id=table.c.id), sa.delete(table)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with store.write(plain) as connection:
                await connection.execute(change)
    assert (await contents(store))[table.name] == before


@pytest.mark.postgres
async def test_the_audit_is_not_truncated(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.write(plain) as connection:
            await connection.execute(sa.text("TRUNCATE audit"))
    await store.close()
