"""The outbox in SQL: a delivery is added by the use case that causes it; the dispatcher takes, pays, and records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.notifications.budgets import Charge, Count, Limits, Purse, Scope, spend
from server.notifications.deliveries import LOST, Channel, Delivery, DeliveryState, NewDelivery
from server.notifications.outbox import Failed, Sent
from server.notifications.reach import asks_push, first
from server.store.receipts import ReceiptQueries, delivery_of
from server.store.tables import deliveries, message_counts, push_subscriptions

FIRST_LOOK = timedelta(seconds=5)  # most are sent by then: the person's ladder looks once and is done
COUNTS_KEPT = timedelta(days=2)
_SENT = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("of"))
    .values(state=DeliveryState.SENT, error=None, sent_at=sa.bindparam("at"))
    .values(gateway=sa.bindparam("by"), provider_id=sa.bindparam("provider"))
)


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

    async def add_fresh(self, new: Sequence[NewDelivery]) -> None:
        """Many, each of a cause that is as new as the delivery and of a template that asks for no push."""
        await self._connection.execute(sa.insert(deliveries), [_row(each) for each in new])

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

    async def charge(self, wanted: Sequence[Charge], limits: Limits) -> Mapping[str, Scope]:
        """Purse by purse: two dispatchers lock them in the same order."""
        refused: dict[str, Scope] = {}
        for (purse, day), of_purse in groupby(sorted(wanted, key=_purse), key=_purse):
            refused |= await self._spend((purse, day), list(of_purse), limits)
        return refused

    async def _spend(self, purse: tuple[Purse, str], charges: Sequence[Charge], limits: Limits) -> Mapping[str, Scope]:
        """The purse's own count goes first: its row is the lock, so that two dispatchers cannot wait in a circle."""
        whole = (Scope.DAY, charges[0].keys[Scope.DAY])
        await self._count(purse, {whole: 0})
        used = await self._used(purse, {key for wanted in charges for key in wanted.keys.values()})
        spent = spend(charges, used, limits)
        await self._count(purse, spent.counts)
        if not used[whole]:
            await self._drop_counts_before(date.fromisoformat(purse[1]) - COUNTS_KEPT)
        return spent.refused

    async def record(self, outcomes: Sequence[Sent | Failed]) -> None:
        await self._record_sent([outcome for outcome in outcomes if isinstance(outcome, Sent)])
        for failed in (outcome for outcome in outcomes if isinstance(outcome, Failed)):
            await self._record_failed(failed)

    async def _record_sent(self, sent: Sequence[Sent]) -> None:
        """Where no receipt can follow, the person's ladder has nothing to wait for."""
        for confirms, change in ((True, _SENT), (False, _SENT.values(reach_at=None))):
            rows = [_sent_row(one) for one in sorted(sent, key=_delivery_id) if one.confirms is confirms]
            if rows:
                await self._connection.execute(change, rows)
        # In the order in which receipts lock them too: see ReceiptQueries.
        for gateway, provider_id in sorted((one.gateway, one.provider_id) for one in sent if one.provider_id):
            await self.apply_receipts(gateway, provider_id)

    async def _record_failed(self, failed: Failed) -> None:
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

    async def _count(self, purse: tuple[Purse, str], more: Mapping[Count, int]) -> None:
        """Row by row in one order, whoever counts."""
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(message_counts)
        key = list(message_counts.primary_key.columns)
        grown = {"used": message_counts.c.used + new.excluded.used}
        of = {"purse": purse[0], "day": purse[1]}
        rows = [{**of, "scope": scope, "key": key, "used": used} for (scope, key), used in sorted(more.items())]
        if rows:
            await self._connection.execute(new.on_conflict_do_update(index_elements=key, set_=grown), rows)

    async def _used(self, purse: tuple[Purse, str], keys: Collection[str]) -> Mapping[Count, int]:
        of_purse = (message_counts.c.purse == purse[0]) & (message_counts.c.day == purse[1])
        query = sa.select(message_counts.c.scope, message_counts.c.key, message_counts.c.used)
        rows = await self._connection.execute(query.where(of_purse, message_counts.c.key.in_(sorted(keys))))
        return {(Scope(row.scope), row.key): row.used for row in rows}

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


def _purse(wanted: Charge) -> tuple[Purse, str]:
    return wanted.purse, wanted.day


def _delivery_id(sent: Sent) -> str:
    return sent.delivery_id


def _sent_row(sent: Sent) -> dict[str, object]:
    return {"of": sent.delivery_id, "at": sent.at, "by": sent.gateway, "provider": sent.provider_id}


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
