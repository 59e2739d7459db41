"""A PostgreSQL of the tests' own: made in a folder of its own, run by an ordinary user, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from server.ids import new_id
from server.store.engine import open_store
from tests.ports import free_port

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "60"}
"""For ordinary tests. A test of durability starts its own server without ``fsync``."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``url(name)`` is the address of one of its databases."""

    binaries: Path
    folder: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    async def create(self, *, template: str = "template1") -> str:
        """The name of a fresh copy of ``template``."""
        name = f"t{new_id()}"
        await self.order(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    async def drop(self, name: str) -> None:
        await self.order(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def order(self, sql: str) -> None:
        """Run one statement as the superuser, in no database of a test."""
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def migrated(self) -> str:
        """The name of a fresh database that holds our schema."""
        name = await self.create()
        await (await open_store(self.url(name))).close()
        return name


def find_binaries() -> Path | None:
    """Where ``initdb`` and ``pg_ctl`` are: on the path, or where Debian keeps them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return folders[-1] if folders else None


@contextmanager
def postgres_server(binaries: Path, options: dict[str, str] = QUICK) -> Iterator[PostgresServer]:
    """A server for as long as the context lasts. PostgreSQL refuses root, so root lends it the user ``postgres``."""
    folder = Path(tempfile.mkdtemp(prefix="bedside-postgres-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync"]
        )
        server = PostgresServer(binaries, folder, free_port())
        settings = {"listen_addresses": "127.0.0.1", "port": str(server.port), **options}
        words = " ".join(f"-c {name}={value}" for name, value in settings.items())
        _run([binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", f"-k {folder} {words}", "start"])
        try:
            yield server
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[Path | str]) -> None:
    lent = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*lent, *map(str, command)], cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
