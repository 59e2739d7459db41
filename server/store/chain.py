"""The audit's chain in SQL: what is not sealed yet, the seals, and both side by side for who inspects them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.audit import AuditEntry
from server.access.chain import AuditRow, Seal
from server.access.horizon import Outlook
from server.access.inspection import Link
from server.store.tables import audit, audit_seals

# INSERT takes this lock before it draws the row's number, and keeps it to the end of its transaction.
WRITING = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'audit'::regclass "
    "AND mode = 'RowExclusiveLock' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
STANDS = sa.select(1).where(audit_seals.c.audit_id == audit.c.id).exists()


class SealLookQueries:
    """What the sealer asks (server.access.sealing.SealLook)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def outlook(self) -> Outlook:
        """Two statements, and in this order: who is not seen writing any more has committed before a later snapshot.

        SQLite has one writer and gives numbers inside its turn: what can be seen is complete.
        """
        highest = await self._connection.scalar(sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0))) or 0
        if self._connection.dialect.name != "postgresql":
            return Outlook(highest, frozenset())
        return Outlook(highest, frozenset((await self._connection.scalars(WRITING)).all()))

    async def seal(self, number: int) -> Seal | None:
        return await self._one(sa.select(audit_seals).where(audit_seals.c.number == number))

    async def tip(self) -> Seal | None:
        return await self._one(sa.select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1))

    async def unsealed(self, after: int, limit: int) -> Sequence[AuditRow]:
        query = sa.select(audit).where(audit.c.id > after, ~STANDS).order_by(audit.c.id).limit(limit)
        return [_row(row) for row in (await self._connection.execute(query)).all()]

    async def _one(self, query: sa.Select[Any]) -> Seal | None:
        row = (await self._connection.execute(query)).one_or_none()
        return _seal(row) if row else None


class SealQueries:
    """What the sealer writes (server.access.sealing.SealTx)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_seals(self, seals: Sequence[Seal]) -> bool:
        """The first decides: PostgreSQL waits there for another server that gives the same number."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        rows = [_values(seal) for seal in seals]
        first = await self._connection.execute(dialect.insert(audit_seals).on_conflict_do_nothing(), rows[0])
        if first.rowcount != 1:
            return False
        if rest := rows[1:]:
            await self._connection.execute(sa.insert(audit_seals), rest)
        return True


class ChainLookQueries:
    """What an inspection asks (server.access.inspection.ChainLook)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def links(self, after: int, limit: int) -> Sequence[Link]:
        query = (
            sa.select(audit_seals, audit)
            .outerjoin(audit, audit.c.id == audit_seals.c.audit_id)
            .where(audit_seals.c.number > after)
            .order_by(audit_seals.c.number)
            .limit(limit)
        )
        found = (await self._connection.execute(query)).all()
        return [(_seal(row), _row(row) if row.id is not None else None) for row in found]

    async def inserted(self, settled: int, limit: int) -> Sequence[int]:
        query = sa.select(audit.c.id).where(audit.c.id <= settled, ~STANDS).order_by(audit.c.id).limit(limit)
        return (await self._connection.scalars(query)).all()

    async def waiting(self, settled: int) -> int:
        query = sa.select(sa.func.count()).select_from(audit).where(audit.c.id > settled, ~STANDS)
        return await self._connection.scalar(query) or 0

    async def macs(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        query = sa.select(audit_seals.c.number, audit_seals.c.mac).where(audit_seals.c.number.in_(numbers))
        return {row.number: row.mac for row in (await self._connection.execute(query)).all()}


def _row(row: sa.Row[Any]) -> AuditRow:
    return AuditRow(row.id, AuditEntry(row.at, row.actor, row.action, row.subject, row.detail))


def _seal(row: sa.Row[Any]) -> Seal:
    return Seal(row.number, row.audit_id, row.settled, row.sealed_at, row.mac)


def _values(seal: Seal) -> dict[str, object]:
    return {
        "number": seal.number,
        "audit_id": seal.row_id,
        "settled": seal.settled,
        "sealed_at": seal.sealed_at,
        "mac": seal.mac,
    }
