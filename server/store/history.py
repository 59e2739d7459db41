"""Queries of the history: the sums that server.monitoring.rolling keeps, and what server.monitoring.history draws."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.conditions import Input
from devices.readings import Body
from server.monitoring.history import AlarmMark
from server.monitoring.ranges import Grid, Slot, Wish
from server.monitoring.rolling import Behind, Step
from server.monitoring.rollups import SPREAD, TWIN, Bucket, Level, Sums, day_end, merged, reckon, wider
from server.store.alarms import CareQueries
from server.store.evaluation import EvaluationQueries
from server.store.journal import partition_of
from server.store.tables import alarms, messages, partitions, reading_horizons, rollup_progress, rollups

MARKS: Final = 500  # alarms of a chart's time; of more, the newest
_KEY: Final = [column.name for column in rollups.primary_key]
_SUMS: Final = (
    rollups.c.count,
    rollups.c.low,
    rollups.c.high,
    rollups.c.total,
    rollups.c.last,
    rollups.c.last_ms,
)


class RollupLookQueries(EvaluationQueries):
    """server.monitoring.rolling.RollupLook."""

    async def behind(self) -> Sequence[Behind]:
        position = sa.func.coalesce(rollup_progress.c.position, 0).label("position")
        query = (
            sa.select(partitions.c.id, position)
            .outerjoin(rollup_progress, rollup_progress.c.partition == partitions.c.id)
            .where(partitions.c.issued > position)
            .order_by(partitions.c.id)
        )
        return [Behind(row.id, row.position) for row in await self._connection.execute(query)]

    async def horizons(self, patient_ids: Collection[str]) -> Mapping[str, datetime]:
        query = sa.select(reading_horizons).where(reading_horizons.c.patient_id.in_(patient_ids))
        return {row.patient_id: row.deleted_before for row in await self._connection.execute(query)}


class HistoryLookQueries(RollupLookQueries, CareQueries):
    """server.monitoring.history.HistoryLook."""

    async def reach(self, patient_id: str) -> Behind:
        partition = partition_of(patient_id)
        query = sa.select(rollup_progress.c.position).where(rollup_progress.c.partition == partition)
        return Behind(partition, await self._connection.scalar(query) or 0)

    async def slots(self, wish: Wish, over: Grid) -> Sequence[Slot]:
        """Summed by the database: of a chart's time there may be sixty times as many buckets as points."""
        own = [rollups.c.patient_id == wish.patient_id, rollups.c.metric == wish.metric, rollups.c.level == over.level]
        if wish.site is not None:
            own.append(rollups.c.site == wish.site)
        slot = ((rollups.c.start - over.origin) // over.width_s).label("slot")
        grouped = (
            sa.select(
                slot,
                sa.func.min(rollups.c.start).label("first"),
                sa.func.max(rollups.c.start).label("newest"),
                sa.cast(sa.func.sum(rollups.c.count), sa.BigInteger).label("readings"),
                sa.func.min(rollups.c.low).label("low"),
                sa.func.max(rollups.c.high).label("high"),
                sa.func.sum(rollups.c.total).label("total"),
            )
            .where(*own, rollups.c.start >= over.origin, rollups.c.start < over.until)
            .group_by(slot)
            .subquery()
        )
        query = sa.select(grouped, rollups.c.last, rollups.c.last_ms).join(
            rollups, sa.and_(*own, rollups.c.start == grouped.c.newest)
        )
        rows = await self._connection.execute(query.order_by(grouped.c.slot, rollups.c.last_ms))
        found = {row.slot: _slot(row) for row in rows}  # of several sites the one that was measured last
        return list(found.values())

    async def singles(self, wish: Wish) -> Sequence[Input]:
        """By position. A message of several readings stands where the newest of them was measured."""
        query = sa.select(messages).where(
            messages.c.patient_id == wish.patient_id,
            messages.c.measured_at >= wish.start,
            messages.c.measured_at < wish.until + SPREAD,
        )
        return [_input(row) for row in await self._connection.execute(query.order_by(messages.c.position))]

    async def alarm_marks(self, wish: Wish) -> Sequence[AlarmMark]:
        query = (
            sa.select(*(alarms.c[name] for name in AlarmMark.__struct_fields__))
            .where(
                alarms.c.patient_id == wish.patient_id,
                alarms.c.raised_at >= wish.start,
                alarms.c.raised_at < wish.until,
                sa.or_(alarms.c.metric == wish.metric, alarms.c.metric.is_(None)),
            )
            .order_by(alarms.c.raised_at.desc(), alarms.c.id)
            .limit(MARKS)
        )
        rows = (await self._connection.execute(query)).all()
        return [AlarmMark(*row) for row in reversed(rows)]


class RollupQueries:
    """server.monitoring.rolling.RollupTx. ``zone`` is the hospital's."""

    def __init__(self, connection: AsyncConnection, zone: tzinfo) -> None:
        self._connection = connection
        self._zone = zone

    async def advance(self, step: Step) -> bool:
        if step.before == 0:
            await self._connection.execute(
                self._insert(rollup_progress).on_conflict_do_nothing(), {"partition": step.partition, "position": 0}
            )
        here = (rollup_progress.c.partition == step.partition) & (rollup_progress.c.position == step.before)
        moved = sa.update(rollup_progress).where(here).values(position=step.after)
        return (await self._connection.execute(moved)).rowcount == 1

    async def add(self, sums: Sequence[tuple[Bucket, Sums]]) -> None:
        """In one order of buckets, so that two who add wait for each other and never deadlock."""
        if sums:
            await self._connection.execute(self._merging(), [_row(bucket, each) for bucket, each in sums])

    async def reckon_anew(self, minute: Bucket, step: Step) -> None:
        stored = await self._inputs(minute, step.after)
        await self._replace(minute, reckon(minute, stored))
        hour, day = wider(minute, self._zone)
        await self._replace(hour, await self._minutes(hour, hour.start + Level.HOUR))
        await self._replace(day, await self._minutes(day, day_end(day.start, self._zone)))

    async def _inputs(self, minute: Bucket, up_to: int) -> Sequence[Input]:
        """The patient's messages that may have a reading of this minute, as far as they are summed up."""
        start = datetime.fromtimestamp(minute.start, UTC)
        query = sa.select(messages).where(
            messages.c.patient_id == minute.patient_id,
            messages.c.measured_at >= start,
            messages.c.measured_at <= start + TWIN,
            messages.c.position <= up_to,
        )
        return [_input(row) for row in await self._connection.execute(query.order_by(messages.c.position))]

    async def _minutes(self, whole: Bucket, until: int) -> Sums | None:
        part = whole._replace(level=Level.MINUTE)
        query = sa.select(*_SUMS).where(
            *_same(part, but="start"), rollups.c.start >= whole.start, rollups.c.start < until
        )
        rows = await self._connection.execute(query.order_by(rollups.c.start))
        return merged([Sums(*row) for row in rows])

    async def _replace(self, bucket: Bucket, sums: Sums | None) -> None:
        await self._connection.execute(sa.delete(rollups).where(*_same(bucket)))
        if sums is not None:
            await self._connection.execute(sa.insert(rollups), [_row(bucket, sums)])

    def _merging(self) -> sa.Executable:
        """Adds to the bucket that is there."""
        insert = self._insert(rollups)
        new, old = insert.excluded, rollups.c
        newest = new.last_ms >= old.last_ms
        merging: sa.Executable = insert.on_conflict_do_update(
            index_elements=_KEY,
            set_={
                "count": old.count + new.count,
                "low": sa.case((new.low < old.low, new.low), else_=old.low),
                "high": sa.case((new.high > old.high, new.high), else_=old.high),
                "total": old.total + new.total,
                "last": sa.case((newest, new.last), else_=old.last),
                "last_ms": sa.case((newest, new.last_ms), else_=old.last_ms),
            },
        )
        return merging

    def _insert(self, table: sa.Table) -> Any:  # noqa: ANN401 – either dialect's own insert
        return (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(table)


def _slot(row: sa.Row[Any]) -> Slot:
    sums = Sums(row.readings, row.low, row.high, row.total, row.last, row.last_ms)
    return Slot(row.slot, row.first * 1000, sums)


def _same(bucket: Bucket, but: str = "") -> list[sa.ColumnElement[bool]]:
    return [rollups.c[name] == value for name, value in bucket._asdict().items() if name != but]


def _row(bucket: Bucket, sums: Sums) -> dict[str, Any]:
    return {**bucket._asdict(), **msgspec.structs.asdict(sums)}


def _input(row: sa.Row[Any]) -> Input:
    return Input(
        message_id=row.id,
        patient_id=row.patient_id,
        device_id=row.device_id,
        position=row.position,
        received_at=row.received_at,
        body=msgspec.json.decode(row.body, type=Body),
    )
