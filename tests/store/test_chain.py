"""The chain on both databases: late rows, two servers, every crime, and a backup that is read into the other one."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.audit import AuditEntry
from server.access.chain import Head
from server.access.inspection import Fault, Finding, Report, inspect
from server.access.sealing import Sealer, SealStore
from server.store import tables
from server.store.audit import AuditQueries, audit_row
from server.store.backup import backup, restore
from server.store.chain import ChainLookQueries, SealLookQueries, SealQueries
from server.store.engine import Store, open_store
from tests.postgres import PostgresServer

KEY = b"k" * 32
NOON = datetime(2026, 11, 21, 12, 0, 0, 120_007, tzinfo=UTC)
DETAIL = {"serial": 1, "urgent": False, "cause": None, "of": "一", "big": 2**53}


def sealer(store: Store) -> Sealer:
    look, begin = partial(store.read, SealLookQueries), partial(store.write, SealQueries)
    return Sealer(SealStore(look, begin), KEY, lambda _head: None, lambda: NOON + timedelta(minutes=1))


def entry(number: int) -> AuditEntry:
    at = NOON + timedelta(microseconds=number)
    return AuditEntry(at, "user:a", "ticket.booked", f"ticket:{number}", {**DETAIL, "n": number})


async def write(store: Store, rows: int) -> None:
    async with store.write(AuditQueries) as tx:
        for number in range(rows):
            await tx.audit(entry(number))


async def inspected(store: Store, *heads: Head) -> Report:
    return await inspect(partial(store.read, ChainLookQueries), KEY, heads)


async def sealed(store: Store) -> list[int]:
    """Row numbers in the order of the chain."""
    async with store.read(_plain) as connection:
        seals = tables.audit_seals
        return list(
            await connection.scalars(sa.select(seals.c.audit_id).where(seals.c.number > 0).order_by(seals.c.number))
        )


def _plain(connection: AsyncConnection) -> AsyncConnection:
    return connection


@pytest.fixture
async def audited(store: Store) -> Store:
    """Eight rows, each sealed."""
    await write(store, 8)
    await sealer(store).catch_up()
    return store


async def test_what_was_written_is_sealed_and_reads_back_as_it_was(audited: Store) -> None:
    report = await inspected(audited)
    assert (report.findings, report.sealed, report.waiting) == ([], 8, 0)
    await write(audited, 3)
    assert (await inspected(audited)).waiting == 3
    await sealer(audited).catch_up()
    assert await sealed(audited) == list(range(1, 12))


@pytest.mark.parametrize("change", [sa.update(tables.audit_seals).values(mac=b""), sa.delete(tables.audit_seals)])
async def test_a_seal_is_never_changed_or_deleted(audited: Store, change: sa.Update | sa.Delete) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        async with audited.write(_plain) as connection:
            await connection.execute(change)


async def _unlock(store: Store) -> None:
    """What the owner of the database can do."""
    async with store.write(_plain) as connection:
        for table in ("audit", "audit_seals"):
            if store.dialect == "postgresql":
                await connection.execute(sa.text(f"DROP TRIGGER {table}_keeps ON {table}"))
                continue
            for verb in ("UPDATE", "DELETE"):
                await connection.execute(sa.text(f"DROP TRIGGER {table}_keeps_{verb}"))


async def _commit(store: Store, *crime: sa.Update | sa.Delete | sa.Insert) -> None:
    await _unlock(store)
    async with store.write(_plain) as connection:
        for statement in crime:
            await connection.execute(statement)


ROW = tables.audit.c.id
SEAL = tables.audit_seals.c.number
FORGED = {"at": NOON, "actor": "user:z", "action": "note.read", "subject": "visit:z", "detail": {}}
CRIMES: dict[str, tuple[list[sa.Update | sa.Delete | sa.Insert], list[Finding]]] = {
    "an actor changed": (
        [sa.update(tables.audit).where(ROW == 5).values(actor="user:z")],
        [Finding(Fault.CHANGED, 5, 5)],
    ),
    "a detail changed": (
        [sa.update(tables.audit).where(ROW == 5).values(detail={**DETAIL, "n": 5})],
        [Finding(Fault.CHANGED, 5, 5)],
    ),
    "a moment changed": (
        [sa.update(tables.audit).where(ROW == 5).values(at=NOON)],
        [Finding(Fault.CHANGED, 5, 5)],
    ),
    "a row deleted": ([sa.delete(tables.audit).where(ROW == 5)], [Finding(Fault.MISSING, 5, 5)]),
    "a row and its seal deleted": (
        [sa.delete(tables.audit).where(ROW == 5), sa.delete(tables.audit_seals).where(SEAL == 5)],
        [Finding(Fault.SEAL_MISSING, 5)],
    ),
    "a row inserted": ([sa.insert(tables.audit).values(id=-5, **FORGED)], [Finding(Fault.INSERTED, row=-5)]),
    "a row put in another's place": (
        [sa.delete(tables.audit).where(ROW == 5), sa.insert(tables.audit).values(id=5, **FORGED)],
        [Finding(Fault.CHANGED, 5, 5)],
    ),
}


@pytest.mark.parametrize(("crime", "expected"), CRIMES.values(), ids=CRIMES.keys())
async def test_what_the_owner_of_the_database_does_is_found(
    audited: Store, crime: list[sa.Update | sa.Delete | sa.Insert], expected: list[Finding]
) -> None:
    await _commit(audited, *crime)
    await sealer(audited).catch_up()  # the server runs on, and heals nothing
    assert (await inspected(audited)).findings == expected


async def test_a_cut_off_end_is_found_by_a_head(audited: Store) -> None:
    async with audited.read(SealLookQueries) as look:
        tip = await look.tip()
    assert tip
    head = Head(NOON, tip.number, tip.mac)
    assert (await inspected(audited, head)).findings == []
    await _commit(audited, sa.delete(tables.audit).where(ROW > 6), sa.delete(tables.audit_seals).where(SEAL > 6))
    assert (await inspected(audited)).findings == []
    assert (await inspected(audited, head)).findings == [Finding(Fault.CUT_OFF, 8, head=head)]


async def test_two_servers_seal_at_once_and_make_one_chain(store: Store, store_url: str) -> None:
    other = await open_store(store_url)

    async def books(into: Store) -> None:
        for _ in range(20):
            await write(into, 3)

    async def seals(works: Sealer) -> None:
        for _ in range(20):
            await works.catch_up()

    first, second = sealer(store), sealer(other)
    await asyncio.gather(books(store), books(other), seals(first), seals(second))
    await first.catch_up()
    await other.close()
    report = await inspected(store)
    assert (report.findings, report.sealed, report.waiting) == ([], 120, 0)


@pytest.mark.postgres
async def test_rows_that_commit_late_and_out_of_order_are_sealed(postgres_url: str) -> None:
    """Three transactions draw their numbers; the last commits first, the second gives up, the first is the last."""
    store = await open_store(postgres_url)
    works = sealer(store)
    async with store.write(AuditQueries) as first:
        await first.audit(entry(1))
        async with store.write(AuditQueries) as second:
            await second.audit(entry(2))
            await write(store, 1)
            await works.catch_up()
            assert await sealed(store) == [3]
            await second._connection.rollback()
        await works.catch_up()
        assert (await inspected(store)).findings == []
    await works.catch_up()
    assert await sealed(store) == [3, 1]
    await write(store, 1)
    await works.catch_up()
    assert await sealed(store) == [3, 1, 4]
    await _commit(store, sa.insert(tables.audit).values(id=2, **FORGED))
    await works.catch_up()
    assert (await inspected(store)).findings == [Finding(Fault.INSERTED, row=2)], "its number had been given up"
    await store.close()


async def test_no_writer_waits_for_a_seal(store: Store) -> None:
    """A sealer that has looked and not yet written holds nothing: a row goes in meanwhile, and is sealed next."""
    await write(store, 1)
    works = sealer(store)
    async with store.read(SealLookQueries) as look:
        assert (await look.outlook()).highest == 1
        async with asyncio.timeout(20):
            await write(store, 1)
    await works.catch_up()
    assert await sealed(store) == [1, 2]


async def _restored(store: Store, url: str, other_url: str, folder: Path) -> Store:
    await backup(url, folder / "saved.tar.gz", {}, NOON)
    await restore(folder / "saved.tar.gz", other_url, folder / "new")
    return await open_store(other_url)


async def _goes_on(restored: Store) -> None:
    report = await inspected(restored)
    assert (report.findings, report.sealed, report.waiting) == ([], 8, 1)
    await write(restored, 1)
    await sealer(restored).catch_up()
    report = await inspected(restored)
    assert (report.findings, report.sealed, report.waiting) == ([], 10, 0)
    await _commit(restored, sa.update(tables.audit).where(ROW == 2).values(actor="user:z"))
    assert (await inspected(restored)).findings == [Finding(Fault.CHANGED, 2, 2)]
    await restored.close()


async def test_after_restore_into_sqlite_it_is_the_same_chain_and_goes_on(
    audited: Store, store_url: str, tmp_path: Path
) -> None:
    await write(audited, 1)
    await _goes_on(await _restored(audited, store_url, f"sqlite:///{tmp_path / 'new.db'}", tmp_path))


@pytest.mark.postgres
async def test_after_restore_into_postgresql_it_is_the_same_chain_and_goes_on(
    audited: Store, store_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    await write(audited, 1)
    name = await postgres.create()
    await _goes_on(await _restored(audited, store_url, postgres.url(name), tmp_path))
    await postgres.drop(name)


async def test_an_inspection_of_eight_times_the_rows_needs_no_more_memory(sqlite_store: Store) -> None:
    async def peak_of(rows: int) -> int:
        async with sqlite_store.write(_plain) as connection:  # in one statement: not one for each
            await connection.execute(sa.insert(tables.audit), [audit_row(entry(number)) for number in range(rows)])
        await sealer(sqlite_store).catch_up()
        return await _peak(lambda: inspected(sqlite_store))

    await peak_of(200)  # what is loaded once does not count
    small, large = await peak_of(1800), await peak_of(14_000)
    assert large < 1.5 * small


async def _peak(work: Callable[[], Awaitable[Report]]) -> int:
    tracemalloc.start()
    assert not (await work()).findings
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
