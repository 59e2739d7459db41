"""The ladder of one person in SQL: what is to be looked at, where a person is reached, and calls that a human makes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.notifications.climbing import Rung
from server.notifications.deliveries import LOST, Channel, Delivery, DeliveryState
from server.notifications.missing import Person
from server.notifications.templates import Template
from server.store.audit import AuditQueries
from server.store.notifications import newest_subscription
from server.store.receipts import delivery_of
from server.store.tables import alarms, deliveries, patients, transitions, users

_KNOWN = deliveries.c.template.in_(list(Template))  # what a newer version wrote, it looks after itself
LANE_KEY = 0x62656473_72656163  # "bedsreac": PostgreSQL's advisory lock of who climbs; the next number is the alarms'
CALLABLE = (DeliveryState.QUEUED, DeliveryState.FAILED)  # who did not answer can be called again


class ReachQueries(AuditQueries):
    """server.notifications.climbing.ReachTx and CallTx."""

    async def due(self, *, urgent: bool, now: datetime, limit: int) -> Sequence[Delivery]:
        if not await self._has_lane(urgent=urgent):
            return ()
        seen = (
            sa.select(deliveries.c.cause, deliveries.c.step, deliveries.c.recipient)
            .where(deliveries.c.reach_at <= now, deliveries.c.urgent.is_(urgent), _KNOWN, ~_answered())
            .order_by(deliveries.c.reach_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        keys = {tuple(row) for row in await self._connection.execute(seen)}
        return await _of_messages(self._connection, keys)

    async def _has_lane(self, *, urgent: bool) -> bool:
        """One server climbs a lane at a time: two would wait for each other's rows of one message in a circle."""
        if self._connection.dialect.name != "postgresql":
            return True
        lock = sa.func.pg_try_advisory_xact_lock(LANE_KEY + urgent)
        return bool(await self._connection.scalar(sa.select(lock)))

    async def addresses(self, recipient: str) -> Mapping[Channel, str]:
        kind, _, person_id = recipient.partition(":")
        table = users if kind == "user" else patients
        person = (await self._connection.execute(sa.select(table).where(table.c.id == person_id))).one_or_none()
        if person is None:
            return {}
        subscription = await self._connection.scalar(newest_subscription(recipient))
        found = {Channel.PUSH: subscription, Channel.SMS: person.phone, Channel.MAIL: person.email}
        return {channel: address for channel, address in {**found, Channel.VOICE: person.phone}.items() if address}

    async def add_rung(self, rung: Rung) -> None:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        await self._connection.execute(insert(deliveries).on_conflict_do_nothing(), _row(rung))

    async def look_again(self, delivery_ids: Collection[str], at: datetime | None) -> None:
        """Waits for nobody: what a dispatcher is recording keeps its own next look, and asking twice changes nothing.
        Both write many rows, and would else wait for each other in a circle."""
        free = sa.select(deliveries.c.id).where(deliveries.c.id.in_(delivery_ids), deliveries.c.reach_at.is_not(None))
        looked = sa.update(deliveries).where(deliveries.c.id.in_(free.with_for_update(skip_locked=True)))
        await self._connection.execute(looked.values(reach_at=at))

    async def record_call(self, delivery_id: str, state: DeliveryState, now: datetime) -> Delivery | None:
        called = (
            sa.update(deliveries)
            .where(
                deliveries.c.id == delivery_id,
                deliveries.c.channel == Channel.VOICE,
                deliveries.c.state.in_(CALLABLE),
            )
            .values(state=state, sent_at=now, attempts=deliveries.c.attempts + 1)
            .returning(deliveries)
        )
        row = (await self._connection.execute(called)).mappings().one_or_none()
        return delivery_of(row) if row else None


class MissingLookQueries:
    """server.notifications.missing.MissingLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lost_since(self, moment: datetime, limit: int) -> Sequence[Delivery]:
        lost = deliveries.c.state.in_(LOST) | (deliveries.c.channel == Channel.VOICE)
        query = (
            sa.select(deliveries.c.cause, deliveries.c.step, deliveries.c.recipient)
            .where(deliveries.c.created_at > moment, lost, _KNOWN, ~_answered())
            .order_by(deliveries.c.created_at.desc())
            .limit(limit)
        )
        return await _of_messages(self._connection, {tuple(row) for row in await self._connection.execute(query)})

    async def people(self, recipients: Collection[str]) -> Mapping[str, Person]:
        found: dict[str, Person] = {}
        for kind, table in (("user", users), ("patient", patients)):
            ids = [one.partition(":")[2] for one in recipients if one.startswith(f"{kind}:")]
            query = sa.select(table.c.id, table.c.name, table.c.phone).where(table.c.id.in_(ids))
            rows = await self._connection.execute(query) if ids else ()
            found |= {f"{kind}:{row.id}": Person(row.name, row.phone) for row in rows}
        return found


async def _of_messages(connection: AsyncConnection, keys: Collection[tuple[Any, ...]]) -> Sequence[Delivery]:
    """All deliveries of these messages, message by message, each in the order of writing."""
    if not keys:
        return ()
    message = sa.tuple_(deliveries.c.cause, deliveries.c.step, deliveries.c.recipient)
    query = sa.select(deliveries).where(message.in_(sorted(keys)))
    order = (deliveries.c.cause, deliveries.c.step, deliveries.c.recipient, deliveries.c.created_at, deliveries.c.id)
    return [delivery_of(row) for row in (await connection.execute(query.order_by(*order))).mappings()]


def _answered() -> sa.ColumnElement[bool]:
    """Of an alarm's delivery: somebody has acknowledged it, or it is over; nobody need be called any more."""
    of_alarm = (
        sa.select(alarms.c.id)
        .join(transitions, transitions.c.alarm_id == alarms.c.id)
        .where(sa.literal("transition:") + transitions.c.id == deliveries.c.cause)
        .where(alarms.c.acknowledged_at.is_not(None) | (alarms.c.state == "resolved"))
    )
    return deliveries.c.urgent.is_(True) & of_alarm.correlate(deliveries).exists()


def _row(rung: Rung) -> dict[str, Any]:
    """The same message to the same person by another channel. A call waits for a human: no dispatcher is to take it."""
    like, by_human = rung.like, rung.channel is Channel.VOICE
    return {
        "id": new_id(),
        "cause": like.cause,
        "step": like.step,
        "recipient": like.recipient,
        "channel": rung.channel,
        "address": rung.address,
        "template": like.template,
        "template_version": like.template_version,
        "locale": like.locale,
        "body": like.body,
        "link_id": like.link_id,
        "urgent": like.urgent,
        "origin": like.origin,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "next_try_at": like.expires_at if by_human else rung.now,
        "expires_at": like.expires_at,
        "created_at": rung.now,
        "reach_at": None if by_human else rung.look_at,
    }
