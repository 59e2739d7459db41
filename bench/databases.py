"""The databases that a figure is measured on: both are durable, as a hospital's must be."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from tests.postgres import find_binaries, postgres_server

DURABLE = {"shared_buffers": "128MB", "max_connections": "60"}  # all else as PostgreSQL comes: fsync on


class Database(StrEnum):
    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"


DATABASES = [Database.SQLITE] if find_binaries() is None else [Database.SQLITE, Database.POSTGRESQL]


@contextmanager
def database_at(database: Database, folder: Path) -> Iterator[str]:
    """The address of an empty one."""
    if database is Database.SQLITE:
        yield f"sqlite:///{folder / 'bench.sqlite'}"
        return
    binaries = find_binaries()
    assert binaries is not None
    with postgres_server(binaries, DURABLE) as server:
        yield server.url("postgres")
