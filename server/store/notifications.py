"""The outbox in SQL: a delivery is added by the use case that causes it; the dispatcher takes, and records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.notifications.deliveries import Channel, Delivery, DeliveryState, NewDelivery
from server.notifications.outbox import Failed
from server.store.tables import deliveries


class DeliveryQueries:
    """Mixed into every feature's queries that tell somebody something in their own transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_delivery(self, new: NewDelivery) -> bool:
        """True if it is new; False where this cause has told this person at this step before."""
        added = await self._connection.execute(self._insert_if_new(), _row(new))
        return added.rowcount == 1

    def _insert_if_new(self) -> sa.Insert:
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(deliveries).on_conflict_do_nothing()
        return sqlite.insert(deliveries).on_conflict_do_nothing()


class OutboxQueries:
    """What a dispatcher writes. ``take`` skips what another dispatcher is taking; SQLite has one writer anyway."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def expire(self, *, urgent: bool, now: datetime) -> Sequence[Delivery]:
        late = _due(urgent=urgent, now=now).where(deliveries.c.expires_at <= now)
        return await self._change(late, state=DeliveryState.EXPIRED)

    async def take(self, *, urgent: bool, now: datetime, limit: int, lease_until: datetime) -> Sequence[Delivery]:
        """The longest due, counted as attempted and hidden from other takers until ``lease_until``."""
        due = _due(urgent=urgent, now=now).order_by(deliveries.c.next_try_at, deliveries.c.created_at).limit(limit)
        return await self._change(due, attempts=deliveries.c.attempts + 1, next_try_at=lease_until)

    async def record_sent(self, delivery_id: str, at: datetime, provider_id: str | None) -> None:
        sent = {"state": DeliveryState.SENT, "sent_at": at, "provider_id": provider_id, "error": None}
        await self._connection.execute(sa.update(deliveries).where(deliveries.c.id == delivery_id).values(sent))

    async def record_failed(self, failed: Failed) -> None:
        """Only the newest attempt speaks for the delivery: an overtaken one changes nothing."""
        newest = (deliveries.c.state == DeliveryState.QUEUED) & (deliveries.c.attempts == failed.attempt)
        await self._connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == failed.delivery_id, newest)
            .values(state=failed.state, next_try_at=failed.next_try_at, error=failed.error)
        )

    async def _change(self, chosen: sa.Select[tuple[str]], **values: object) -> Sequence[Delivery]:
        ids = (await self._connection.scalars(chosen.with_for_update(skip_locked=True))).all()
        if not ids:
            return ()
        rows = await self._connection.execute(
            sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(values).returning(deliveries)
        )
        return [_delivery(row) for row in rows.mappings()]


class OutboxLookQueries:
    """What the outbox's page and an idle dispatcher read."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def next_try_at(self, *, urgent: bool) -> datetime | None:
        moment: datetime | None = await self._connection.scalar(
            sa.select(sa.func.min(deliveries.c.next_try_at, type_=deliveries.c.next_try_at.type)).where(
                deliveries.c.state == DeliveryState.QUEUED, deliveries.c.urgent.is_(urgent)
            )
        )
        return moment

    async def newest(self, limit: int) -> Sequence[Delivery]:
        rows = await self._connection.execute(
            sa.select(deliveries).order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(limit)
        )
        return [_delivery(row) for row in rows.mappings()]


def _due(*, urgent: bool, now: datetime) -> sa.Select[tuple[str]]:
    return sa.select(deliveries.c.id).where(
        deliveries.c.state == DeliveryState.QUEUED,
        deliveries.c.urgent.is_(urgent),
        deliveries.c.next_try_at <= now,
    )


def _delivery(row: sa.RowMapping) -> Delivery:
    named: Any = {**row, "channel": Channel(row["channel"]), "state": DeliveryState(row["state"])}
    return Delivery(**named)


def _row(new: NewDelivery) -> dict[str, Any]:
    return {
        "id": new_id(),
        "cause": new.cause,
        "step": new.step,
        "recipient": new.recipient,
        "channel": new.channel,
        "address": new.address,
        "template": new.text.template,
        "locale": new.text.locale,
        "body": new.text.body,
        "link_id": new.link_id,
        "urgent": new.urgent,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "next_try_at": new.created_at,
        "expires_at": new.expires_at,
        "created_at": new.created_at,
    }
