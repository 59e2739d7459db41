"""A PostgreSQL of the tests' own: made in a folder of its own, run by an ordinary user, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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
    options: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Until it takes connections."""
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), **self.options}
        words = " ".join(f"-c {name}={value}" for name, value in settings.items())
        data, log = self.folder / "data", self.folder / "log"
        _run([self.binaries / "pg_ctl", "-D", data, "-w", "-l", log, "-o", f"-k {self.folder} {words}", "start"])

    @property
    def runs(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def kill(self) -> None:
        """SIGKILL to all its processes at once, as though the machine had gone: none can write anything for another."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        family = [postmaster, *_children(postmaster)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in family:
            while _lives(pid):
                time.sleep(0.01)
        for held in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            held.unlink()  # where nobody buries the dead, they would count as running

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
        server = PostgresServer(binaries, folder, free_port(), options)
        server.start()
        try:
            yield server
        finally:
            if server.runs:
                _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _lives(pid: int) -> bool:
    """One that nobody has buried yet holds nothing any more."""
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def _run(command: Sequence[Path | str]) -> None:
    lent = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*lent, *map(str, command)], cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
