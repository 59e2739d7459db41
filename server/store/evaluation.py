"""Evaluation's half of devices.evaluation_log.EvaluationLog in SQL: leases, what is pending, states, who is monitored.

server.monitoring adds episodes and deliveries to the same transaction. ``fence`` comes first in it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.conditions import Care, Input, PatientState, Worn
from devices.evaluation_log import Lease, LeaseLost
from devices.readings import Body
from devices.unjudged import Wearing
from server.store.tables import associations, messages, partitions, patient_states
from server.store.upsert import upsert


class EvaluationQueries:
    """Mixed into the queries that turn changes of conditions into episodes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lease(self) -> Mapping[int, Lease]:
        """Take every partition: whoever held one before is refused from now on."""
        taken = sa.update(partitions).values(epoch=partitions.c.epoch + 1).returning(*partitions.c)
        return {row.id: Lease(row.id, row.epoch, row.evaluated) for row in await self._connection.execute(taken)}

    async def fence(self, partition: int, epoch: int) -> None:
        """Hold the partition until the commit; raises ``LeaseLost`` where ``epoch`` is no longer the newest."""
        held = sa.select(partitions.c.epoch).where(partitions.c.id == partition).with_for_update()
        newest = await self._connection.scalar(held)
        if newest != epoch:
            raise LeaseLost(f"partition {partition} is evaluated under epoch {newest} now, no longer under {epoch}")

    async def set_evaluated(self, partition: int, position: int) -> None:
        """Everything up to ``position`` has its alarms. Never goes back."""
        behind = (partitions.c.id == partition) & (partitions.c.evaluated < position)
        await self._connection.execute(sa.update(partitions).where(behind).values(evaluated=position))

    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]:
        """At most ``limit`` messages with a position above ``after``, ascending."""
        wanted = sa.select(messages).where(messages.c.partition == partition, messages.c.position > after)
        rows = await self._connection.execute(wanted.order_by(messages.c.position).limit(limit))
        return [
            Input(
                message_id=row.id,
                patient_id=row.patient_id,
                device_id=row.device_id,
                position=row.position,
                received_at=row.received_at,
                body=msgspec.json.decode(row.body, type=Body),
            )
            for row in rows
        ]

    async def newest(self) -> Mapping[int, int]:
        """The position of each partition's newest message: sixteen look-ups in the index, in one statement."""
        of_one = sa.select(sa.func.max(messages.c.position)).where(messages.c.partition == partitions.c.id)
        wanted = sa.select(partitions.c.id, sa.func.coalesce(of_one.scalar_subquery(), 0).label("position"))
        return {row.id: row.position for row in await self._connection.execute(wanted)}

    async def states(self, partition: int) -> Mapping[str, PatientState]:
        """What evaluation remembers of the partition's patients."""
        rows = await self._connection.execute(sa.select(patient_states).where(patient_states.c.partition == partition))
        return {row.patient_id: msgspec.json.decode(row.state, type=PatientState) for row in rows}

    async def save_states(self, partition: int, states: Mapping[str, PatientState]) -> None:
        """Replace what is remembered of these patients; the others stay."""
        if not states:
            return
        rows = [
            {"patient_id": patient, "partition": partition, "state": msgspec.json.encode(state)}
            for patient, state in sorted(states.items())
        ]
        await self._connection.execute(upsert(self._connection.dialect.name, patient_states), rows)

    async def cares(self, strange: Collection[tuple[str, str]] = ()) -> Mapping[str, Care]:
        """Every patient who wears a device now, with all of them; and of ``strange`` what they wore under limits."""
        open_now = sa.select(associations).where(associations.c.until_at.is_(None))
        worn: defaultdict[str, list[Worn]] = defaultdict(list)
        for row in await self._connection.execute(open_now.order_by(associations.c.from_at, associations.c.id)):
            worn[row.patient_id].append(Worn(row.device_id, row.profile, row.from_at))
        past = await self._past(strange) if strange else {}
        known = {**dict.fromkeys(past), **worn}
        return {patient: Care(patient, tuple(worn[patient]), tuple(past.get(patient, ()))) for patient in known}

    async def _past(self, strange: Collection[tuple[str, str]]) -> Mapping[str, Sequence[Wearing]]:
        """A page of messages names some hundreds at most."""
        pair = sa.tuple_(associations.c.patient_id, associations.c.device_id)
        ended = sa.select(associations).where(pair.in_(sorted(strange)), associations.c.until_at.is_not(None))
        past: defaultdict[str, list[Wearing]] = defaultdict(list)
        for row in await self._connection.execute(ended.where(associations.c.profile.is_not(None))):
            past[row.patient_id].append(Wearing(row.device_id, row.profile, row.from_at, row.until_at))
        return past
