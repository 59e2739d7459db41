"""Numbers that devices have lost for good: written with the message that showed it, read newest first."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.readings import Gap, Message
from server.ids import new_id
from server.monitoring.gaps import GapView
from server.store.tables import device_gaps, devices


async def note_gaps(connection: AsyncConnection, lost: Sequence[tuple[Message, Sequence[Gap]]]) -> None:
    """In the transaction that passes them over."""
    if lost:
        await connection.execute(sa.insert(device_gaps), [_row(message, gaps) for message, gaps in lost])


class GapQueries:
    """server.monitoring.gaps.GapLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest_gaps(self, limit: int) -> Sequence[GapView]:
        shown = sa.select(device_gaps, devices.c.label).join(devices, devices.c.id == device_gaps.c.device_id)
        newest = shown.order_by(device_gaps.c.at.desc(), device_gaps.c.id).limit(limit)
        rows = await self._connection.execute(newest)
        return [GapView(row.device_id, row.label, row.first, row.last, row.number, row.at) for row in rows]


def _row(message: Message, gaps: Sequence[Gap]) -> dict[str, object]:
    return {
        "id": new_id(),
        "device_id": message.device_id,
        "epoch": message.epoch or "",
        "first": gaps[0].first,
        "last": gaps[-1].last,
        "number": sum(gap.last - gap.first + 1 for gap in gaps),
        "at": message.received_at,
    }
