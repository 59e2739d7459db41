"""Queries of recorded waveforms: of a device, for the times in which a patient wore it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from devices.waves import EPOCH, LONGEST_S, TILE_S, Block, microseconds
from server.monitoring.wave_export import BlockPlace, ToldBlock
from server.monitoring.waves import Recorded, Worn
from server.store.alarms import CareQueries
from server.store.tables import associations, wave_tiles, waves

LONGEST_US: Final = int(LONGEST_S * 1_000_000)


class WaveQueries(CareQueries):
    """server.monitoring.waves.WavesLook."""

    async def worn_between(self, patient_id: str, start: datetime, until: datetime) -> Sequence[Worn]:
        columns = (associations.c[name] for name in ("device_id", "from_at", "until_at", "subject"))
        open_or_later = associations.c.until_at.is_(None) | (associations.c.until_at > start)
        query = sa.select(*columns).where(
            associations.c.patient_id == patient_id, associations.c.from_at < until, open_or_later
        )
        return [
            Worn(
                row.device_id,
                patient_id,
                max(row.from_at, start),
                until if row.until_at is None else min(row.until_at, until),
                row.subject,
            )
            for row in await self._connection.execute(query.order_by(associations.c.from_at))
        ]

    async def blocks(self, worn: Worn, channels: Iterable[str], limit: int) -> Sequence[Recorded]:
        start, until = microseconds(worn.start), microseconds(worn.until)
        query = sa.select(waves).where(
            waves.c.device_id == worn.device_id,
            waves.c.channel.in_(list(channels)),
            waves.c.start_us > start - LONGEST_US,
            waves.c.start_us < until,
            waves.c.until_us > start,
            own(waves, worn),
        )
        rows = (await self._connection.execute(query.order_by(waves.c.start_us.desc()).limit(limit))).all()
        return [Recorded(row.device_id, _block(row)) for row in reversed(rows)]

    async def blocks_after(self, worn: Worn, channel: str, after: BlockPlace | None, limit: int) -> Sequence[ToldBlock]:
        start, until = microseconds(worn.start), microseconds(worn.until)
        place = after or BlockPlace(start - LONGEST_US)
        columns = (waves.c.start_us, waves.c.identity, waves.c.number)
        query = sa.select(waves).where(
            waves.c.device_id == worn.device_id,
            waves.c.channel == channel,
            waves.c.start_us >= place.start_us,
            waves.c.start_us < until,
            waves.c.until_us > start,
            sa.tuple_(*columns) > sa.tuple_(place.start_us, place.identity, place.number),
            own(waves, worn),
        )
        rows = await self._connection.execute(query.order_by(*columns).limit(limit))
        return [ToldBlock(row.device_id, row.identity, row.number, row.received_at, _block(row)) for row in rows]

    async def tiles(self, worn: Worn, channel: str) -> Sequence[tuple[int, bytes]]:
        start, until = (microseconds(moment) // 1_000_000 for moment in (worn.start, worn.until))
        query = sa.select(wave_tiles.c.start, wave_tiles.c.seconds).where(
            wave_tiles.c.device_id == worn.device_id,
            wave_tiles.c.channel == channel,
            wave_tiles.c.start > start - TILE_S,
            wave_tiles.c.start <= until,
            own(wave_tiles, worn),
        )
        return [(row.start, row.seconds) for row in await self._connection.execute(query)]

    async def channels(self, worn: Worn) -> Sequence[str]:
        query = sa.select(wave_tiles.c.channel).where(wave_tiles.c.device_id == worn.device_id, own(wave_tiles, worn))
        spanned = query.where(
            wave_tiles.c.start > microseconds(worn.start) // 1_000_000 - TILE_S,
            wave_tiles.c.start <= microseconds(worn.until) // 1_000_000,
        )
        return (await self._connection.scalars(spanned.distinct())).all()


def own(table: sa.Table, worn: Worn) -> sa.ColumnElement[bool]:
    """Not what names somebody else than the wearer (server.store.subjects)."""
    return sa.true() if worn.subject is None else table.c.subject.in_(["", worn.subject, worn.patient_id])


def _block(row: sa.Row[Any]) -> Block:
    return Block(
        channel=row.channel,
        start=EPOCH + timedelta(microseconds=row.start_us),
        rate=row.rate,
        gain=row.gain,
        offset=row.zero,
        samples=row.samples,
        subject=row.subject or None,
    )
