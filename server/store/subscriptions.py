"""Web-push subscriptions in SQL (server.notifications.subscriptions)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.notifications.gateways.push import Subscription
from server.store.tables import push_subscriptions, tickets


class SubscriptionQueries:
    """server.notifications.subscriptions.SubscriptionTx."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def patient_of(self, ticket_id: str) -> str | None:
        return await self._connection.scalar(sa.select(tickets.c.patient_id).where(tickets.c.id == ticket_id))

    async def put_subscription(self, recipient: str, given: Subscription, now: datetime) -> None:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        owned = {
            "recipient": recipient,
            "p256dh": given.p256dh,
            "auth": given.auth,
            "created_at": now,
            "ended_at": None,
        }
        new = insert(push_subscriptions).values({**owned, "id": new_id(), "endpoint": given.endpoint})
        put = new.on_conflict_do_update(index_elements=[push_subscriptions.c.endpoint], set_=owned)
        await self._connection.execute(put)
