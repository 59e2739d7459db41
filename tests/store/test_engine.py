"""One transaction, on both databases: all or nothing, one moment, and refusals that say what to do."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.store import engine, tables
from server.store.engine import Store, open_store, parse_url, sqlite_path
from server.store.errors import BadUrl, Busy, NotReachable, Unavailable, UnsafeCommit
from tests.postgres import PostgresServer
from tests.store.filled import plain


async def put(store: Store, key: str, value: str = "") -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.installation).values(key=key, value=value))


async def keys(store: Store) -> list[str]:
    async with store.read(plain) as connection:
        found = await connection.scalars(sa.select(tables.installation.c.key).order_by(tables.installation.c.key))
        return list(found.all())


async def test_a_transaction_that_ends_well_is_there(store: Store) -> None:
    await put(store, "kind")
    assert await keys(store) == ["kind"]


async def test_a_transaction_that_fails_never_was(store: Store) -> None:
    async def fail() -> None:
        async with store.write(plain) as connection:
            await connection.execute(sa.insert(tables.installation).values(key="kind", value=""))
            raise RuntimeError("the visit was over already")

    with pytest.raises(RuntimeError):
        await fail()
    assert await keys(store) == []


async def test_a_transaction_that_is_cancelled_never_was_and_blocks_nobody(store: Store) -> None:
    async def hang() -> None:
        async with store.write(plain) as connection:
            await connection.execute(sa.insert(tables.installation).values(key="kind", value=""))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hang(), 0.2)
    await asyncio.wait_for(put(store, "kind"), 5)
    assert await keys(store) == ["kind"]


async def test_one_that_is_cancelled_twice_in_the_middle_of_a_statement_ends_and_leaves_nothing_waiting(
    sqlite_store: Store,
) -> None:
    """As when the server stops under load: a connection that never closes would keep the process from ending."""
    count = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000) SELECT count(*) FROM n"

    async def work() -> None:
        async with sqlite_store.write(plain) as connection:
            await connection.execute(sa.text(count))

    before = asyncio.all_tasks()
    working = asyncio.get_running_loop().create_task(work())
    await asyncio.sleep(0.1)
    for _ in range(2):
        working.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await working
    if left := asyncio.all_tasks() - before:
        _, waiting = await asyncio.wait(left, timeout=10)
        assert not waiting
    await asyncio.wait_for(put(sqlite_store, "kind"), 4)  # the lock is free at once, not when garbage is collected


async def test_who_reads_sees_one_moment(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(tables.installation)
    async with store.read(plain) as connection:
        assert await connection.scalar(count) == 0
        await put(store, "kind")
        assert await connection.scalar(count) == 0
    assert await keys(store) == ["kind"]


async def test_who_reads_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with store.read(plain) as connection:
            await connection.execute(sa.insert(tables.installation).values(key="kind", value=""))
    assert await keys(store) == []


async def test_what_violates_a_constraint_is_no_outage_and_names_no_value(store: Store) -> None:
    """An error ends in a log; a name or a telephone number must not."""
    await put(store, "kind")
    with pytest.raises(IntegrityError) as caught:
        await put(store, "kind", "+8613912345678")
    assert "+8613912345678" not in str(caught.value)


async def test_references_are_kept(store: Store) -> None:
    stream = {"device_id": "nobody", "epoch": "", "covered": 0, "ahead": []}
    with pytest.raises(IntegrityError):
        async with store.write(plain) as connection:
            await connection.execute(sa.insert(tables.streams).values(stream))


async def test_many_writers_take_turns(store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(put(store, f"{number:02}"))
    assert len(await keys(store)) == 30


# ── SQLite ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'new.db'}")
    await put(store, "kind")
    modes = {name: mode(tmp_path / name) for name in ("new.db", "new.db-wal", "new.db-shm")}
    await store.close()
    assert set(modes.values()) == {0o600}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_commit_survives_a_power_cut(sqlite_store: Store) -> None:
    async with sqlite_store.write(plain) as connection:
        pragmas = [await connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]  # FULL


async def test_writers_read_and_write_without_losing_a_count(sqlite_store: Store) -> None:
    await put(sqlite_store, "n", "0")

    async def increment() -> None:
        async with sqlite_store.write(plain) as connection:
            number = int(str(await connection.scalar(sa.select(tables.installation.c.value))))
            await asyncio.sleep(0)
            await connection.execute(sa.update(tables.installation).values(value=str(number + 1)))

    async with asyncio.TaskGroup() as group:
        for _ in range(25):
            group.create_task(increment())
    async with sqlite_store.read(plain) as connection:
        assert await connection.scalar(sa.select(tables.installation.c.value)) == "25"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine.SQLITE_PRAGMAS, "busy_timeout", "100")


async def test_a_file_that_another_process_keeps_is_busy(impatient: None, sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    other = sqlite3.connect(sqlite_path(sqlite_url) or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        await put(store, "kind")
    other.execute("ROLLBACK")
    await put(store, "kind")
    other.close()
    await store.close()


async def test_a_file_that_another_process_gives_back_in_time_is_not(impatient: None, sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    other = sqlite3.connect(sqlite_path(sqlite_url) or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.TaskGroup() as group:
        group.create_task(put(store, "kind"))
        await asyncio.sleep(0.15)
        other.execute("COMMIT")
    assert await keys(store) == ["kind"]
    other.close()
    await store.close()


async def test_a_full_disk_is_an_outage_that_passes(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    async with store.write(plain) as connection:
        pages = await connection.scalar(sa.text("PRAGMA page_count"))
        await connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(Unavailable, match="full"):
        await put(store, "kind", "x" * 100_000)
    async with store.write(plain) as connection:
        await connection.execute(sa.text("PRAGMA max_page_count = 1000000"))
    await put(store, "kind", "x" * 100_000)
    assert await keys(store) == ["kind"]
    await store.close()


@pytest.mark.parametrize("statement", ["SELECT nothing FROM nowhere", "SELEC 1"])
async def test_a_mistake_of_ours_is_no_outage(store: Store, statement: str) -> None:
    with pytest.raises(DBAPIError):
        async with store.write(plain) as connection:
            await connection.execute(sa.text(statement))


# ── PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.postgres
@pytest.mark.parametrize("owner", ["DATABASE", "ROLE"])
async def test_a_database_that_forgets_commits_is_refused(postgres: PostgresServer, owner: str) -> None:
    name = await postgres.create()
    subject = f'DATABASE "{name}"' if owner == "DATABASE" else f'ROLE postgres IN DATABASE "{name}"'
    await postgres.order(f"ALTER {subject} SET synchronous_commit = off")
    with pytest.raises(UnsafeCommit, match="Set it to on"):
        await open_store(postgres.url(name))
    await postgres.drop(name)


@pytest.mark.postgres
async def test_a_connection_that_is_cut_is_an_outage_that_passes(postgres_url: str) -> None:
    store, other = await open_store(postgres_url), await open_store(postgres_url)
    end = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND pid <> pg_backend_pid()")  # fmt: skip

    async def be_cut() -> None:
        async with store.write(plain) as connection:
            await connection.execute(sa.insert(tables.installation).values(key="lost", value=""))
            async with other.write(plain) as killer:
                await killer.execute(end)
            await connection.execute(sa.insert(tables.installation).values(key="lost too", value=""))

    with pytest.raises(Unavailable):
        await be_cut()
    await put(store, "kind")
    assert await keys(store) == ["kind"]
    await store.close()
    await other.close()


@pytest.mark.postgres
async def test_a_lock_that_is_not_given_is_an_outage_that_passes(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.POSTGRES_SETTINGS, "lock_timeout", "100ms")
    store = await open_store(postgres_url)
    row = sa.select(tables.partitions).where(tables.partitions.c.id == 1).with_for_update()
    async with store.write(plain) as holder:
        await holder.execute(row)
        with pytest.raises(Unavailable):
            async with store.write(plain) as waiter:
                await waiter.execute(row)
    await store.close()


@pytest.mark.postgres
async def test_a_place_where_nothing_answers_is_said_without_the_password(postgres: PostgresServer) -> None:
    missing = postgres.url("nothing_here").replace("postgres@", "postgres:geheim@")
    for url in (missing, "postgresql://postgres:geheim@127.0.0.1:1/bedside"):
        with pytest.raises(NotReachable) as caught:
            await open_store(url)
        assert "geheim" not in str(caught.value)


async def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        await open_store(f"sqlite:///{tmp_path}/none/bedside.db")


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("sqlite:///data/bedside.db", "sqlite+aiosqlite:///data/bedside.db"),
        ("sqlite:////srv/bedside.db", "sqlite+aiosqlite:////srv/bedside.db"),
        ("postgresql://li@db/bedside", "postgresql+asyncpg://li@db/bedside"),
        ("postgres://li@db:5433/bedside", "postgresql+asyncpg://li@db:5433/bedside"),
        ("postgresql://db/bedside?sslmode=require", "postgresql+asyncpg://db/bedside?ssl=require"),
    ],
)
def test_an_address_is_taken_as_people_write_it(written: str, used: str) -> None:
    assert parse_url(written).render_as_string() == used


@pytest.mark.parametrize("written", ["", "bedside.db", "mysql://db/bedside", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_be_used_is_refused(written: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(written)
