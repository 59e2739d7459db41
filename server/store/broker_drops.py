"""Queries of what brokers dropped (server.monitoring.broker_drops)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from server.access.roles import Role
from server.monitoring.broker_drops import Drops
from server.notifications.ladder import Person
from server.store.alarms import CareQueries
from server.store.audit import AuditQueries
from server.store.notifications import DeliveryQueries
from server.store.tables import broker_counts, broker_drops, users
from server.store.upsert import upsert


class BrokerDropsQueries(CareQueries, DeliveryQueries, AuditQueries):
    """DropsTx and DropsLook."""

    async def count(self, broker: str) -> int | None:
        query = sa.select(broker_counts.c.count).where(broker_counts.c.broker == broker).with_for_update()
        found: int | None = await self._connection.scalar(query)
        return found

    async def keep_count(self, broker: str, count: int, at: datetime) -> None:
        row = {"broker": broker, "count": count, "at": at}
        await self._connection.execute(upsert(self._connection.dialect.name, broker_counts), row)

    async def open_drops(self) -> Sequence[Drops]:
        return await self._drops(sa.select(broker_drops).where(broker_drops.c.ended_at.is_(None)))

    async def save_drops(self, drops: Drops) -> None:
        row = msgspec.structs.asdict(drops)
        await self._connection.execute(upsert(self._connection.dialect.name, broker_drops), row)

    async def newest_drops(self, limit: int) -> Sequence[Drops]:
        newest = broker_drops.c.raised_at.desc(), broker_drops.c.id
        return await self._drops(sa.select(broker_drops).order_by(*newest).limit(limit))

    async def operators(self) -> Sequence[Person]:
        return await self._people(users.c.role == Role.OPERATOR)

    async def _drops(self, query: sa.Select[tuple[object, ...]]) -> Sequence[Drops]:
        rows = (await self._connection.execute(query)).mappings()
        return [msgspec.convert({str(name): value for name, value in row.items()}, Drops) for row in rows]
