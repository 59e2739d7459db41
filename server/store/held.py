"""What was held for want of a patient finds one, when its device is put on somebody: what was measured since then.

Of a message whose readings lie on both sides of that moment the older stay held, in a row of their own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from devices.readings import Body
from server.ids import new_id
from server.monitoring.rollups import TWIN
from server.store.journal import PositionQueries, partition_of
from server.store.tables import messages


class HeldQueries(PositionQueries):
    """Mixed into the queries that associate a device."""

    async def adopt(self, device_id: str, patient_id: str, from_at: datetime, until_at: datetime | None) -> int:
        """Give the patient the held messages measured from ``from_at`` to before ``until_at``; how many they were.

        To be called in the association's own transaction, after its row is written.
        """
        await self.lock_devices([device_id])
        held = sa.select(messages.c.id).where(
            messages.c.patient_id.is_(None), messages.c.device_id == device_id, messages.c.measured_at >= from_at
        )
        if until_at is not None:
            held = held.where(messages.c.measured_at < until_at)
        ids = (await self._connection.scalars(held.order_by(messages.c.received_at, messages.c.seq))).all()
        if ids:
            await self._divide(ids, from_at)
            await self._give(ids, patient_id)
        return len(ids)

    async def _divide(self, ids: Sequence[str], from_at: datetime) -> None:
        """By the newest reading of each; an older one is at most so much older."""
        near = sa.select(messages).where(messages.c.id.in_(ids), messages.c.measured_at < from_at + TWIN)
        for row in (await self._connection.execute(near)).all():
            readings = msgspec.json.decode(row.body, type=Body).readings
            if any(reading.at < from_at for reading in readings):
                await self._part(row, from_at)

    async def _part(self, row: sa.Row[Any], from_at: datetime) -> None:
        body = msgspec.json.decode(row.body, type=Body)
        before = tuple(reading for reading in body.readings if reading.at < from_at)
        since = tuple(reading for reading in body.readings if reading.at >= from_at)
        rest = msgspec.json.encode(msgspec.structs.replace(body, readings=since))
        await self._connection.execute(sa.update(messages).where(messages.c.id == row.id).values(body=rest))
        part = {
            "id": new_id(),
            "device_id": row.device_id,
            "identity": f"!{new_id()}",  # the message is known by the row that it is taken from
            "sent_at": row.sent_at,
            "received_at": row.received_at,
            "measured_at": max(reading.at for reading in before),
            "body": msgspec.json.encode(Body(readings=before)),
        }
        await self._connection.execute(sa.insert(messages).values(part))

    async def _give(self, ids: Sequence[str], patient_id: str) -> None:
        partition = partition_of(patient_id)
        positions = (await self.issue({partition: len(ids)}))[partition]
        place = sa.update(messages).where(messages.c.id == sa.bindparam("message"))
        place = place.values(patient_id=patient_id, partition=partition, position=sa.bindparam("place"))
        await self._connection.execute(place, [{"message": id_, "place": next(positions)} for id_ in ids])
