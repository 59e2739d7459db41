"""Deleting the blocks of waveforms that are older than single readings are kept; the seconds that they came to stay.

Whose a block is, the associations say: their times are compared here, block by block a device.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.waves import TILE_S, microseconds
from server.store.tables import associations, patients, wave_tiles, waves

SECOND_US: Final = 1_000_000


def with_blocks(before: datetime) -> sa.ColumnElement[bool]:
    """The patient of the query around it wore a device of which there is an older block."""
    older = sa.select(waves.c.device_id).where(
        waves.c.device_id == associations.c.device_id, waves.c.until_us < microseconds(before)
    )
    worn = sa.select(associations.c.id).where(associations.c.patient_id == patients.c.id)
    return worn.where(older.correlate(associations).exists()).correlate(patients).exists()


async def count_blocks(connection: AsyncConnection, patient_id: str, before: datetime) -> int:
    counted = sa.select(sa.func.count()).select_from(waves)
    return sum(
        [await connection.scalar(counted.where(each)) or 0 for each in await _old(connection, patient_id, before)]
    )


async def delete_blocks(connection: AsyncConnection, patient_id: str, before: datetime, limit: int) -> int:
    """At most ``limit`` of one device; how many. 0: there are none."""
    key = sa.tuple_(waves.c.device_id, waves.c.identity, waves.c.number)
    for each in await _old(connection, patient_id, before):
        chosen = sa.select(waves.c.device_id, waves.c.identity, waves.c.number).where(each).limit(limit)
        gone = (await connection.execute(sa.delete(waves).where(key.in_(chosen)))).rowcount
        if gone:
            return gone
    return 0


async def delete_of_patients(connection: AsyncConnection, patient_ids: Sequence[str]) -> None:
    """Blocks and seconds of these patients, before it is forgotten what they wore. At the edges a minute may go that
    was somebody else's: nothing of who is to be forgotten may stay."""
    for row in await _worn(connection, patient_ids):
        start, until = microseconds(row.from_at), None if row.until_at is None else microseconds(row.until_at)
        block, tile = waves.c.until_us > start, wave_tiles.c.start > start // SECOND_US - TILE_S
        if until is not None:
            block, tile = block & (waves.c.start_us < until), tile & (wave_tiles.c.start <= until // SECOND_US)
        await connection.execute(sa.delete(waves).where(waves.c.device_id == row.device_id, block))
        await connection.execute(sa.delete(wave_tiles).where(wave_tiles.c.device_id == row.device_id, tile))


async def _old(connection: AsyncConnection, patient_id: str, before: datetime) -> list[sa.ColumnElement[bool]]:
    """For each time in which the patient wore a device, which blocks of it are old."""
    return [
        (waves.c.device_id == row.device_id)
        & (waves.c.start_us >= microseconds(row.from_at))
        & (waves.c.until_us < microseconds(before if row.until_at is None else min(before, row.until_at)))
        for row in await _worn(connection, [patient_id])
    ]


async def _worn(connection: AsyncConnection, patient_ids: Sequence[str]) -> Sequence[sa.Row[Any, Any, Any]]:
    columns = (associations.c.device_id, associations.c.from_at, associations.c.until_at)
    return (await connection.execute(sa.select(*columns).where(associations.c.patient_id.in_(patient_ids)))).all()
