"""aiosqlite's connection as we need it: lets go when it closes, may be ended twice, wakes its thread once a statement.

Everything else – when a transaction begins, what is asked – is decided in ``engine``.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self

import aiosqlite

FIRST_ROWS = 256  # come with the statement itself; a longer answer is fetched as it is asked for


class Connection(aiosqlite.Connection):
    """It may be ended twice, as by a transaction that is cancelled again while its cancelled connection is closing.

    aiosqlite would wait for ever for the thread that the first ending has stopped, and the server would not stop.
    """

    _ending: asyncio.Future[Any] | None = None

    @classmethod
    def to(cls, database: str, **options: Any) -> Self:  # noqa: ANN401 – sqlite3.connect's own
        shared = {**options, "check_same_thread": False}  # cursors are made and closed without waking the thread
        connection = cls(partial(sqlite3.connect, database, factory=_Released, **shared), iter_chunk_size=64)
        connection._thread.daemon = True  # as SQLAlchemy sets it where it makes the connection
        return connection

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters it, nobody awaits it
        return Cursor(self, self._conn.cursor())

    async def turn(self, statements: Sequence[Any]) -> list[list[Any]]:
        """What each ``turns.Statement`` answered, all of them in one waking of the thread."""
        return await self._execute(self._take_turn, statements)  # type: ignore[no-any-return,no-untyped-call]

    def _take_turn(self, statements: Sequence[Any]) -> list[list[Any]]:
        return [
            self._conn.execute(sql, rows[0]).fetchall() if answers else self._conn.executemany(sql, rows).fetchall()
            for sql, rows, answers in statements
        ]

    def stop(self) -> asyncio.Future[Any] | None:
        self._ending = self._ending or super().stop()
        return self._ending


class Cursor(aiosqlite.Cursor):
    """One turn of the thread a statement, where aiosqlite takes four: cursor, execute, fetchall, close. Each turn costs
    more than a small statement itself, and the one writer is held meanwhile."""

    _rows: Sequence[Any] = ()
    _busy = False  # a statement that was cancelled may still be running in the thread

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> Self:  # noqa: ANN401 – sqlite3's own
        self._busy = True
        self._rows = await self._execute(self._begin, sql, parameters)  # type: ignore[no-untyped-call]
        self._busy = False
        return self

    def _begin(self, sql: str, parameters: Any) -> Sequence[Any]:  # noqa: ANN401 – sqlite3's own
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(FIRST_ROWS)

    async def executemany(self, sql: str, parameters: Any) -> Self:  # noqa: ANN401 – sqlite3's own
        self._busy = True
        await super().executemany(sql, parameters)
        self._busy = False
        return self

    async def fetchall(self) -> Sequence[Any]:
        first, self._rows = self._rows, ()
        return first if len(first) < FIRST_ROWS else [*first, *await super().fetchall()]

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        if not self._rows:
            return list(await super().fetchmany(size))
        size = size or self.arraysize
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    async def close(self) -> None:
        if self._busy:
            await super().close()
        else:
            self._cursor.close()


class _Released(sqlite3.Connection):
    """One that lets go of the database when it closes: SQLite alone waits for a statement that was cancelled half read,
    and holds the write lock until the garbage collector finds it. Ten seconds without a commit were measured."""

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # closed already
            self.rollback()
        super().close()
