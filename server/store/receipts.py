"""Receipts in SQL: each is kept once, and applied whether it came before or after the sending was recorded."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.notifications.deliveries import LOST, Channel, Delivery, DeliveryState, Receipt, settled
from server.store.tables import deliveries, receipts


class ReceiptQueries:
    """server.notifications.receipts.ReceiptTx; mixed into what records a sending."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep_receipt(self, gateway: str, receipt: Receipt, now: datetime) -> Delivery | None:
        await self._lock_message(gateway, receipt.provider_id)
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        row = {"gateway": gateway, "provider_id": receipt.provider_id, "state": receipt.state, "at": receipt.at}
        kept = await self._connection.execute(
            insert(receipts).on_conflict_do_nothing(), {**row, "error": receipt.error, "received_at": now}
        )
        return await self.apply_receipts(gateway, receipt.provider_id) if kept.rowcount == 1 else None

    async def apply_receipts(self, gateway: str, provider_id: str) -> Delivery | None:
        """Every receipt on record for this message, in the order of their coming. The delivery if it changed."""
        await self._lock_message(gateway, provider_id)
        of_message = (deliveries.c.gateway == gateway) & (deliveries.c.provider_id == provider_id)
        found = await self._delivery(of_message)
        if found is None:
            return None
        before = found.state
        said = sa.select(receipts).where(receipts.c.gateway == gateway, receipts.c.provider_id == provider_id)
        for row in await self._connection.execute(said.order_by(receipts.c.received_at, receipts.c.at)):
            receipt = Receipt(provider_id, DeliveryState(row.state), row.at, row.error)
            found = await self._settle(found, receipt, row.received_at)
        return found if found.state is not before else None

    async def confirm_push(self, delivery_id: str, now: datetime) -> Delivery | None:
        found = await self._delivery((deliveries.c.id == delivery_id) & (deliveries.c.channel == Channel.PUSH))
        if found is None or found.state is DeliveryState.DELIVERED:
            return None
        return await self._settle(found, Receipt(delivery_id, DeliveryState.DELIVERED, now), now)

    async def _delivery(self, which: sa.ColumnElement[bool]) -> Delivery | None:
        rows = await self._connection.execute(sa.select(deliveries).where(which).with_for_update())
        row = rows.mappings().first()
        return delivery_of(row) if row else None

    async def _settle(self, delivery: Delivery, receipt: Receipt, now: datetime) -> Delivery:
        state = settled(delivery.state, receipt.state)
        if state is delivery.state:
            return delivery
        values = {
            "state": state,
            "receipt_at": receipt.at,
            "error": receipt.error,
            "reach_at": now if state in LOST else None,  # who was lost on this rung is looked at without delay
        }
        changed = sa.update(deliveries).where(deliveries.c.id == delivery.id).values(values).returning(deliveries)
        return delivery_of((await self._connection.execute(changed)).mappings().one())

    async def _lock_message(self, gateway: str, provider_id: str) -> None:
        """A receipt and the record of its sending wait for each other, so that neither misses the other's row."""
        if self._connection.dialect.name == "postgresql":
            key = sa.func.hashtextextended(f"{gateway}:{provider_id}", 0)
            await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def delivery_of(row: sa.RowMapping) -> Delivery:
    named: Any = {**row, "channel": Channel(row["channel"]), "state": DeliveryState(row["state"])}
    return Delivery(**named)
