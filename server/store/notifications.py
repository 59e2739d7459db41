"""The outbox in SQL: a delivery is added by the use case that causes it; the dispatcher takes, pays, and records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.notifications.budgets import Charge, Limits, Scope
from server.notifications.deliveries import LOST, Channel, Delivery, DeliveryState, NewDelivery
from server.notifications.outbox import Failed, Sent
from server.notifications.reach import asks_push, first
from server.store.receipts import ReceiptQueries, delivery_of
from server.store.tables import deliveries, message_counts, push_subscriptions

FIRST_LOOK = timedelta(seconds=5)  # most are sent by then: the person's ladder looks once and is done
COUNTS_KEPT = timedelta(days=2)


class DeliveryQueries:
    """Mixed into every feature's queries that tell somebody something in their own transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_delivery(self, new: NewDelivery) -> bool:
        """Lay the first rung of the person's ladder (server.notifications.reach).

        True if it is new; False where this cause has told this person at this step before.
        """
        subscription = await self._subscription(new.recipient) if asks_push(new.text.template) else None
        if subscription is None:
            return await self._add(new)
        if await self._is_told(new):
            return False
        rung = first(new.text.template, (Channel.PUSH, new.channel))
        pushed = replace(new, channel=Channel.PUSH, address=subscription)
        wanted = [one for one in (new, pushed) if one.channel in rung]
        return any([await self._add(one) for one in wanted])

    async def _add(self, new: NewDelivery) -> bool:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        added = await self._connection.execute(insert(deliveries).on_conflict_do_nothing(), _row(new))
        return added.rowcount == 1

    async def _is_told(self, new: NewDelivery) -> bool:
        """Over whatever channel: a browser that subscribed meanwhile is no reason to say it again."""
        same = (deliveries.c.cause == new.cause) & (deliveries.c.step == new.step)
        told = sa.select(deliveries.c.id).where(same, deliveries.c.recipient == new.recipient).limit(1)
        return await self._connection.scalar(told) is not None

    async def _subscription(self, recipient: str) -> str | None:
        subscription: str | None = await self._connection.scalar(newest_subscription(recipient))
        return subscription


class OutboxQueries(ReceiptQueries):
    """What a dispatcher writes. ``take`` skips what another dispatcher is taking; SQLite has one writer anyway."""

    async def expire(self, *, urgent: bool, now: datetime) -> Sequence[Delivery]:
        late = _due(urgent=urgent, now=now).where(deliveries.c.expires_at <= now)
        return await self._change(late, state=DeliveryState.EXPIRED, reach_at=None)

    async def take(self, *, urgent: bool, now: datetime, limit: int, lease_until: datetime) -> Sequence[Delivery]:
        """The longest due, counted as attempted and hidden from other takers until ``lease_until``."""
        due = _due(urgent=urgent, now=now).order_by(deliveries.c.next_try_at, deliveries.c.created_at).limit(limit)
        taken = await self._change(due, attempts=deliveries.c.attempts + 1, next_try_at=lease_until)
        return [await self._addressed(delivery) for delivery in taken]

    async def charge(self, wanted: Charge, limits: Limits) -> Scope | None:
        """The purse's own count goes first: its row is the lock, so that two dispatchers cannot wait in a circle."""
        used = {Scope.DAY: await self._count(wanted, [Scope.DAY]) - 1, **await self._used(wanted)}
        scope = limits.exceeded(wanted.purse, used)
        if scope is not None:
            await self._uncount(wanted)
            return scope
        await self._count(wanted, [other for other in wanted.keys if other is not Scope.DAY])
        if used[Scope.DAY] == 0:
            await self._drop_counts_before(date.fromisoformat(wanted.day) - COUNTS_KEPT)
        return None

    async def record_sent(self, sent: Sent) -> None:
        """Where no receipt can follow, the person's ladder has nothing to wait for."""
        values = {"state": DeliveryState.SENT, "sent_at": sent.at, "error": None, "gateway": sent.gateway}
        again = {} if sent.confirms else {"reach_at": None}
        await self._connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == sent.delivery_id)
            .values({**values, **again, "provider_id": sent.provider_id})
        )
        if sent.provider_id:
            await self.apply_receipts(sent.gateway, sent.provider_id)

    async def record_failed(self, failed: Failed) -> None:
        """Only the newest attempt speaks for the delivery: an overtaken one changes nothing."""
        newest = (deliveries.c.state == DeliveryState.QUEUED) & (deliveries.c.attempts == failed.attempt)
        await self._connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == failed.delivery_id, newest)
            .values(state=failed.state, next_try_at=failed.next_try_at, error=failed.error, **_look(failed))
        )
        if failed.gone:
            await self._end_subscription_of(failed)

    async def _change(self, chosen: sa.Select[tuple[str]], **values: object) -> Sequence[Delivery]:
        ids = (await self._connection.scalars(chosen.with_for_update(skip_locked=True))).all()
        if not ids:
            return ()
        rows = await self._connection.execute(
            sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(values).returning(deliveries)
        )
        return [delivery_of(row) for row in rows.mappings()]

    async def _addressed(self, delivery: Delivery) -> Delivery:
        """A push goes to a subscription, which the row only names."""
        if delivery.channel is not Channel.PUSH:
            return delivery
        query = sa.select(push_subscriptions).where(push_subscriptions.c.id == delivery.address)
        row = (await self._connection.execute(query)).one()
        keys = {"p256dh": row.p256dh, "auth": row.auth}
        return replace(delivery, address=msgspec.json.encode({"endpoint": row.endpoint, "keys": keys}).decode())

    async def _end_subscription_of(self, failed: Failed) -> None:
        of_delivery = sa.select(deliveries.c.address).where(deliveries.c.id == failed.delivery_id).scalar_subquery()
        ended = sa.update(push_subscriptions).where(push_subscriptions.c.id == of_delivery)
        await self._connection.execute(ended.values(ended_at=failed.next_try_at))

    async def _count(self, wanted: Charge, scopes: Sequence[Scope]) -> int:
        """One more in each; what the last of them has then."""
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(message_counts)
        key = list(message_counts.primary_key.columns)
        more = new.on_conflict_do_update(index_elements=key, set_={"used": message_counts.c.used + 1})
        used = 0
        for scope in scopes:
            row = {"purse": wanted.purse, "day": wanted.day, "scope": scope, "key": wanted.keys[scope], "used": 1}
            used = await self._connection.scalar(more.values(row).returning(message_counts.c.used)) or 0
        return used

    async def _used(self, wanted: Charge) -> Mapping[Scope, int]:
        keys = [(scope, key) for scope, key in wanted.keys.items() if scope is not Scope.DAY]
        query = sa.select(message_counts.c.scope, message_counts.c.used).where(
            message_counts.c.purse == wanted.purse,
            message_counts.c.day == wanted.day,
            sa.or_(*(_count_is(scope, key) for scope, key in keys)),
        )
        return {Scope(row.scope): row.used for row in await self._connection.execute(query)}

    async def _uncount(self, wanted: Charge) -> None:
        of_day = (message_counts.c.purse == wanted.purse) & (message_counts.c.day == wanted.day)
        undone = sa.update(message_counts).where(of_day, _count_is(Scope.DAY, wanted.keys[Scope.DAY]))
        await self._connection.execute(undone.values(used=message_counts.c.used - 1))

    async def _drop_counts_before(self, day: date) -> None:
        await self._connection.execute(sa.delete(message_counts).where(message_counts.c.day < day.isoformat()))


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
        return [delivery_of(row) for row in rows.mappings()]


def _due(*, urgent: bool, now: datetime) -> sa.Select[tuple[str]]:
    return sa.select(deliveries.c.id).where(
        deliveries.c.state == DeliveryState.QUEUED,
        deliveries.c.urgent.is_(urgent),
        deliveries.c.next_try_at <= now,
    )


def newest_subscription(recipient: str) -> sa.Select[tuple[str]]:
    """The browser that asked last: most people look at one."""
    living = (push_subscriptions.c.recipient == recipient) & push_subscriptions.c.ended_at.is_(None)
    return sa.select(push_subscriptions.c.id).where(living).order_by(push_subscriptions.c.created_at.desc()).limit(1)


def _look(failed: Failed) -> dict[str, object]:
    """A person who was lost on this rung is looked at without delay."""
    return {"reach_at": failed.at} if failed.state in LOST else {}


def _count_is(scope: Scope, key: str) -> sa.ColumnElement[bool]:
    return (message_counts.c.scope == scope) & (message_counts.c.key == key)


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
        "template_version": new.text.version,
        "origin": new.origin,
        "reach_at": new.created_at + FIRST_LOOK,
    }
