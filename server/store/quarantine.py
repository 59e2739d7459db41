"""Queries of server.monitoring.quarantine: pages of it by keyset, and its settling, which happens once."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server.monitoring.quarantine import Filter, Held, NewCopy, Settlement, State
from server.monitoring.quarantine_views import QuarantineCopy, QuarantineView
from server.store.audit import AuditQueries
from server.store.tables import quarantine, quarantine_copies, users

_SHOWN = [column for column in quarantine.c if column.name not in {"payload", "payload_sha256"}]


class QuarantineQueries(AuditQueries):
    """QuarantineTx and QuarantineLook."""

    async def page(self, wish: Filter, limit: int) -> Sequence[QuarantineView]:
        query = _views().order_by(quarantine.c.received_at.desc(), quarantine.c.id.desc()).limit(limit)
        for condition in await self._conditions(wish):
            query = query.where(condition)
        return [_view(row) for row in await self._connection.execute(query)]

    async def lock_held(self, quarantine_id: str) -> Held | None:
        locked = sa.select(quarantine.c.id).where(quarantine.c.id == quarantine_id).with_for_update()
        await self._connection.execute(locked)
        return await self._held(quarantine_id)

    async def held(self, quarantine_id: str) -> tuple[Held, Sequence[QuarantineCopy]] | None:
        held = await self._held(quarantine_id)
        return (held, await self._copies(quarantine_id)) if held else None

    async def add_copy(self, copy: NewCopy, limit: int) -> bool:
        """False where there are as many as there may be. To be called with the message's row locked."""
        number = await self._connection.scalar(
            sa.select(sa.func.count()).where(quarantine_copies.c.quarantine_id == copy.quarantine_id)
        )
        if (number or 0) >= limit:
            return False
        row = {
            "quarantine_id": copy.quarantine_id,
            "number": (number or 0) + 1,
            "format": copy.format,
            "payload": copy.payload,
            "written_at": copy.written_at,
            "written_by": copy.written_by,
        }
        await self._connection.execute(sa.insert(quarantine_copies), row)
        return True

    async def settle(self, quarantine_id: str, settlement: Settlement) -> bool:
        """False where it is settled already."""
        still = (quarantine.c.id == quarantine_id) & (quarantine.c.state == State.OPEN)
        done = (
            sa.update(quarantine)
            .where(still)
            .values(state=settlement.state, settled_at=settlement.at, settled_by=settlement.by, why=settlement.why)
        )
        return (await self._connection.execute(done)).rowcount == 1

    async def _conditions(self, wish: Filter) -> list[sa.ColumnElement[bool]]:
        own = quarantine.c
        found = [
            (own.state, wish.state),
            (own.device_id, wish.device_id),
            (own.reason, wish.reason),
        ]
        conditions = [column == value for column, value in found if value is not None]
        conditions += [own.received_at >= wish.since] if wish.since else []
        conditions += [own.received_at < wish.until] if wish.until else []
        return conditions + ([await self._below(wish.after_id)] if wish.after_id else [])

    async def _below(self, after_id: str) -> sa.ColumnElement[bool]:
        """Nothing, where there is no such row."""
        at = await self._connection.scalar(sa.select(quarantine.c.received_at).where(quarantine.c.id == after_id))
        if at is None:
            return sa.false()
        same = sa.and_(quarantine.c.received_at == at, quarantine.c.id < after_id)
        return sa.or_(quarantine.c.received_at < at, same)

    async def _held(self, quarantine_id: str) -> Held | None:
        query = _views().add_columns(quarantine.c.payload).where(quarantine.c.id == quarantine_id)
        row = (await self._connection.execute(query)).one_or_none()
        return Held(_view(row), bytes(row.payload), row.identity) if row else None

    async def _copies(self, quarantine_id: str) -> list[QuarantineCopy]:
        copies = quarantine_copies.c
        query = (
            sa.select(quarantine_copies, users.c.name)
            .outerjoin(users, users.c.id == copies.written_by)
            .where(copies.quarantine_id == quarantine_id)
            .order_by(copies.number)
        )
        return [
            QuarantineCopy(row.number, row.format, bytes(row.payload), row.written_at, row.name or row.written_by)
            for row in await self._connection.execute(query)
        ]


def _views() -> sa.Select[Any]:
    return sa.select(*_SHOWN, users.c.name).outerjoin(users, users.c.id == quarantine.c.settled_by)


def _view(row: sa.Row[Any]) -> QuarantineView:
    return QuarantineView(
        id=row.id,
        received_at=row.received_at,
        topic=row.topic,
        device_id=row.device_id,
        reason=row.reason,
        detail=row.detail,
        size=row.payload_size,
        taken=row.taken,
        state=row.state,
        settled_at=row.settled_at,
        settled_by=row.name or row.settled_by,
        why=row.why,
    )
