"""One transaction: how it is begun on SQLite and on PostgreSQL, and nothing about what is written in it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.store.errors import BadUrl, Busy, NotReachable, Unavailable, UnsafeCommit
from server.store.migrate import upgrade
from server.store.sqlite import Connection

Q = TypeVar("Q")

BUSY_TIMEOUT_MS = 5_000
BUSY_TRIES = 3  # another process (the command line) may hold the file: 3 × 5 s, then a named error
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
ANSWER_S = 35.0  # a PostgreSQL behind a cut cable says nothing at all; one that answers keeps statement_timeout
POSTGRES_SETTINGS = {
    "application_name": "bedside",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}
# SQLSTATE: connection, deadlock, resources, lock timeout, shutdown or time limit
PASSING_STATES = ("08", "40", "53", "55P03", "57")
PASSING_CODES = {  # of SQLite: another process, the disk, the memory
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
UNREACHED = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, PoolTimeout)
SQLITE_PRAGMAS = {
    "busy_timeout": str(BUSY_TIMEOUT_MS),
    "journal_mode": "WAL",
    "synchronous": "FULL",  # NORMAL may lose the last commits in a power cut
    "foreign_keys": "ON",
    "journal_size_limit": str(64 * 1024 * 1024),
}


class Store:
    """The database of one hospital. ``dialect`` is "sqlite" or "postgresql"."""

    def __init__(self, writers: AsyncEngine, readers: AsyncEngine) -> None:
        self.dialect = writers.dialect.name
        self._writers = writers
        self._readers = readers
        self._turn: AbstractAsyncContextManager[object] = asyncio.Lock() if self.dialect == "sqlite" else nullcontext()

    @asynccontextmanager
    async def write(self, queries: Callable[[AsyncConnection], Q]) -> AsyncIterator[Q]:
        """One transaction: commits on a clean exit, rolls back on an error. Raises ``Unavailable``.

        Where that comes from the commit itself, the outcome is unknown: the use case must bear being done again.
        """
        async with self._turn, _begun(self._writers) as connection:
            yield queries(connection)
            await connection.commit()

    @asynccontextmanager
    async def read(self, queries: Callable[[AsyncConnection], Q]) -> AsyncIterator[Q]:
        """One snapshot; what tries to write in it is refused by the database. Raises ``Unavailable``."""
        async with _begun(self._readers) as connection:
            yield queries(connection)

    async def prepare(self) -> None:
        """Check what a commit is worth here, then bring the schema up to this code's. As ``open_store`` raises."""
        try:
            await _check_commit(self._writers)
            await upgrade(self._writers)
        except (*UNREACHED, SQLAlchemyError) as error:
            shown = self._writers.url.render_as_string(hide_password=True)
            raise NotReachable(f"{shown} cannot be used: {_reason(error)}") from error

    async def close(self) -> None:
        await self._readers.dispose()
        await self._writers.dispose()


async def open_store(url: str, *, pool_size: int = 10) -> Store:
    """The store at ``url``, its schema brought up to this code's.

    Raises ``BadUrl``, ``NotReachable``, ``UnsafeCommit``, ``SchemaTooNew``.
    """
    store = connect(url, pool_size=pool_size)
    try:
        await store.prepare()
    except BaseException:
        await store.close()
        raise
    return store


def connect(url: str, *, pool_size: int = 10) -> Store:
    """A store that has not been checked or migrated yet: for those who look before they touch. Raises ``BadUrl``."""
    address = parse_url(url)
    if address.get_backend_name() == "sqlite":
        return Store(_sqlite(address, begin="BEGIN IMMEDIATE"), _sqlite(address, begin="BEGIN", query_only=True))
    engine = create_async_engine(
        address,
        hide_parameters=True,  # an error that is logged must not carry names or values
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"server_settings": POSTGRES_SETTINGS, "timeout": 10, "command_timeout": ANSWER_S},
    )
    return Store(engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True))


def parse_url(url: str) -> URL:
    """The address as people write it (``sqlite:///path``, ``postgresql://…``), with the driver that we use."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise BadUrl("a database address looks like sqlite:///path or postgresql://user@host/name") from error
    if address.drivername not in DRIVERS:
        raise BadUrl(f"{address.drivername}: only sqlite and postgresql are known")
    address = address.set(drivername=DRIVERS[address.drivername])
    if address.get_backend_name() == "sqlite":
        return _sqlite_url(address)
    mode = address.query.get("sslmode")  # libpq's word; asyncpg's is ssl
    return address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode}) if mode else address


def sqlite_path(url: str) -> Path | None:
    """The file behind ``url``, or None for PostgreSQL."""
    address = parse_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def _sqlite_url(address: URL) -> URL:
    if not address.database or address.database == ":memory:":
        raise BadUrl("sqlite needs a file: sqlite:///path")
    return address


def _sqlite(address: URL, *, begin: str, query_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(address, hide_parameters=True, pool_size=1 if not query_only else 5)
    pragmas = {**SQLITE_PRAGMAS, **({"query_only": "ON"} if query_only else {})}

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def _create(dialect: Dialect, _record: object, args: list[Any], kwargs: dict[str, Any]) -> object:
        Path(address.database or "").touch(mode=0o600)  # the log beside it takes the same mode
        return dialect.connect(*args, **kwargs, async_creator_fn=Connection.to)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _prepare(dbapi: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
        dbapi.isolation_level = None  # the driver begins nothing by itself
        for name, value in pragmas.items():
            dbapi.execute(f"PRAGMA {name}={value}").close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def _start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@asynccontextmanager
async def _begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        async with AsyncExitStack() as stack:
            yield await _enter(engine, stack)
    except (DBAPIError, sqlite3.Error) as error:
        if _passes(error):
            raise Unavailable(f"the database cannot do it now: {_reason(error)}") from error
        raise


async def _enter(engine: AsyncEngine, stack: AsyncExitStack) -> AsyncConnection:
    try:
        connection = await stack.enter_async_context(engine.connect())
        await _begin(connection)
    except UNREACHED as error:
        raise NotReachable(f"the database does not answer: {_reason(error)}") from error
    return connection


async def _begin(connection: AsyncConnection) -> None:
    for left in reversed(range(BUSY_TRIES)):
        try:
            await connection.begin()
        except OperationalError as error:
            if _sqlite_code(error) != sqlite3.SQLITE_BUSY:
                raise
            if not left:
                raise Busy("another process keeps the database locked: a second server, or a long command?") from error
        else:
            return


def _sqlite_code(error: DBAPIError | sqlite3.Error) -> int | None:
    code = getattr(_of_driver(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF  # the rest of an extended code says only which file it was


def _of_driver(error: BaseException) -> BaseException | None:
    """As the driver raised it: ``turns`` on SQLite goes past SQLAlchemy."""
    return error.orig if isinstance(error, DBAPIError) else error


def _passes(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the same again may work later: the fault is not in what was asked."""
    if isinstance(_of_driver(error), sqlite3.Error):
        return _sqlite_code(error) in PASSING_CODES
    state = str(getattr(_of_driver(error), "sqlstate", None) or "")
    return getattr(error, "connection_invalidated", False) or state.startswith(PASSING_STATES)


async def _check_commit(engine: AsyncEngine) -> None:
    if engine.dialect.name != "postgresql":
        return
    async with engine.connect() as connection:
        if await connection.scalar(sa.text("SHOW synchronous_commit")) == "off":
            raise UnsafeCommit(
                "PostgreSQL has synchronous_commit = off: a commit may be lost after it was acknowledged. "
                "Set it to on in postgresql.conf, and check ALTER ROLE and ALTER DATABASE settings."
            )


def _reason(error: BaseException) -> str:
    return str(_of_driver(error)) or type(error).__name__
