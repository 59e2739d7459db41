"""One server a PostgreSQL database, wherever their data directories lie: a lock that lasts as long as a connection.

Two would take the alarms' partitions from each other, each with half of the pages. What holds where this fails are the
epochs that every write checks. Through a pooler that lends connections by transaction no such lock is kept.
"""

import asyncio
from contextlib import suppress
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from server.store.engine import UNREACHED, parse_url
from server.store.errors import Held, NotReachable

logger = structlog.get_logger(__name__)

LOCK: Final = 0x62656473  # of all advisory locks of a database, ours
TRIES: Final = 10
TRY_S: Final = 0.5  # a server that was killed lets go when PostgreSQL has noticed
LOOK_S: Final = 3.0
ANSWER_S: Final = 10.0
# A machine that lost its power says nothing: PostgreSQL asks, so that the next server need not wait for two hours.
KEEPALIVES: Final = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

_TAKE: Final = sa.text("SELECT pg_try_advisory_lock(:lock)")
_HOLDER: Final = sa.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :lock AND l.objsubid = 1 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Hold:
    """``who`` is what another server is told, in at most 63 bytes."""

    def __init__(self, url: str, who: str, *, try_s: float = TRY_S, look_s: float = LOOK_S) -> None:
        self._try_s, self._look_s = try_s, look_s
        settings = {"application_name": who.encode()[:63].decode(errors="ignore"), **KEEPALIVES}
        self._engine = create_async_engine(
            parse_url(url),
            hide_parameters=True,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"server_settings": settings, "timeout": ANSWER_S, "command_timeout": ANSWER_S},
        )
        self._connection: AsyncConnection | None = None

    async def take(self) -> None:
        """Raises ``Held``, ``NotReachable``."""
        for left in reversed(range(TRIES)):
            if await self._taken():
                return
            if left:
                await asyncio.sleep(self._try_s)
        holder = await self._holder()
        await self.release()
        raise Held(
            f"another server ({holder}) runs on this database: stop it, or give this one a database of its own "
            "with BEDSIDE_DATA__DATABASE"
        )

    async def keep(self) -> None:
        """Until another server has it, which it may when the connection was lost. Raises ``Held``."""
        while True:
            await asyncio.sleep(self._look_s)
            if not await self._is_alive():
                logger.warning("store.hold_lost")
                await self.release()
                with suppress(NotReachable):  # then the others say so too, and this asks again
                    await self.take()

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(*UNREACHED, SQLAlchemyError):
                await connection.close()

    async def _taken(self) -> bool:
        try:
            self._connection = self._connection or await self._engine.connect()
            return bool(await self._connection.scalar(_TAKE, {"lock": LOCK}))
        except (*UNREACHED, SQLAlchemyError) as error:
            await self.release()
            raise NotReachable(f"the database does not answer: {type(error).__name__}") from error

    async def _is_alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            await self._connection.scalar(sa.text("SELECT 1"))
        except (*UNREACHED, SQLAlchemyError):
            return False
        return True

    async def _holder(self) -> str:
        with suppress(*UNREACHED, SQLAlchemyError):
            if self._connection and (found := await self._connection.scalar(_HOLDER, {"lock": LOCK})):
                return str(found)
        return "unknown"
