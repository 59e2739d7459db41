"""Copies a hospital while it runs, and brings it back into an empty place. The form is server.store.archive's."""

import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import migrate, tables
from server.store.archive import FORMAT, ArchiveWriter, Header, Manifest, file_of, members, rows_of, table_of, verify
from server.store.engine import Store, connect, open_store, sqlite_path
from server.store.errors import ArchiveError, BadArchive, NotEmpty, NotReachable

# A worker that outlived the old database holds an epoch that no lease of the new one will have.
EPOCHS_PASSED = 1_000_000
ROWS_A_FETCH = 500


async def backup(url: str, out: Path, files: Mapping[str, Path], now: datetime) -> Manifest:
    """Write the database at ``url`` and the key ``files`` (by name) to ``out``, of mode 0600, as of one moment.

    Raises ``NotReachable``, ``SchemaTooNew`` or ``ArchiveError`` (``out`` exists, the database wants a migration).
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise NotReachable(f"there is no database at {path}")
    store = connect(url)
    try:
        async with store.read(_same) as connection:
            header = Header(FORMAT, await _revision(connection), now, store.dialect)
            with _writing(out) as tar:
                return await _write(connection, ArchiveWriter(tar, header), files)
    finally:
        await store.close()


async def restore(archive: Path, url: str, files_into: Path) -> Manifest:
    """Bring the rows of ``archive`` to the empty database at ``url``, and its key files into the folder ``files_into``.

    All or nothing: checked whole first, then one transaction. Raises ``BadArchive`` or ``NotEmpty``.
    """
    header, manifest = verify(archive)
    if header.revision != migrate.newest():
        raise BadArchive(
            f"the archive has schema {header.revision}, this version {migrate.newest()}: "
            "restore it with the version that made it, then start this one"
        )
    store = await open_store(url)
    try:
        with _bringing(archive, files_into):
            await _read_in(store, archive)
    finally:
        await store.close()
    return manifest


def _same(connection: AsyncConnection) -> AsyncConnection:
    return connection


async def _revision(connection: AsyncConnection) -> str:
    seen = await connection.run_sync(migrate.revision)
    if seen != migrate.newest():
        migrate.refuse_newer(seen)
        raise ArchiveError(
            f"the database has schema {seen}, this version {migrate.newest()}: start the server once first"
        )
    return seen


async def _write(connection: AsyncConnection, archive: ArchiveWriter, files: Mapping[str, Path]) -> Manifest:
    for table in tables.metadata.sorted_tables:
        writer = archive.begin_table(table)
        rows = await connection.stream(sa.select(table), execution_options={"yield_per": _rows_at_once(table)})
        async for row in rows.mappings():
            writer.add(row)
        writer.finish()
    for name, path in sorted(files.items()):
        archive.add_file(name, path.read_bytes())
    return archive.finish()


async def _read_in(store: Store, archive: Path) -> None:
    async with store.write(_same) as connection:
        await _refuse_data(connection)
        await connection.execute(sa.delete(tables.partitions))
        for member, content in members(archive):
            name = table_of(member)
            if name is not None:
                await _insert(connection, _known(name), content)
        await connection.execute(sa.update(tables.partitions).values(epoch=tables.partitions.c.epoch + EPOCHS_PASSED))
        await _continue_numbers(connection)


async def _insert(connection: AsyncConnection, table: sa.Table, content: bytes) -> None:
    for rows in _batched(rows_of(table, content), _rows_at_once(table)):
        await connection.execute(sa.insert(table), rows)


async def _refuse_data(connection: AsyncConnection) -> None:
    for table in tables.metadata.sorted_tables:
        used = sa.select(table).limit(1)
        if table is tables.partitions:  # its rows come with the schema
            used = used.where((table.c.epoch > 0) | (table.c.issued > 0))
        if (await connection.execute(used)).first() is not None:
            raise NotEmpty(f"the database already holds data (in {table.name}): restore into an empty one")


async def _continue_numbers(connection: AsyncConnection) -> None:
    """PostgreSQL's counter of audit rows does not see the numbers that came with the rows."""
    if connection.dialect.name == "postgresql":
        await connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence('audit', 'id'), coalesce(max(id), 0) + 1, false) FROM audit")
        )


def _known(name: str) -> sa.Table:
    if name not in tables.metadata.tables:
        raise BadArchive(f"the archive has a table {name} that this version does not know")
    return tables.metadata.tables[name]


def _rows_at_once(table: sa.Table) -> int:
    """Few where a row holds a whole document."""
    return int(table.info.get("rows_a_fetch", ROWS_A_FETCH))


def _batched(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


@contextmanager
def _writing(out: Path) -> Iterator[tarfile.TarFile]:
    """``out`` appears when it is whole and on the disk, or not at all."""
    if out.exists():
        raise ArchiveError(f"{out} exists already")
    unfinished = out.with_name(f"{out.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with _private(unfinished) as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
                yield tar
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _bringing(archive: Path, folder: Path) -> Iterator[None]:
    """The archive's key files stand in ``folder`` if the block succeeds; if not, none of them does."""
    files = [(folder / name, content) for member, content in members(archive) if (name := file_of(member))]
    for path, _ in files:
        if path.exists():
            raise NotEmpty(f"{path} exists already: restore into an empty folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        for path, content in files:
            with _private(path) as file:
                file.write(content)
        yield
    except BaseException:
        for path, _ in files:
            path.unlink(missing_ok=True)
        raise


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
