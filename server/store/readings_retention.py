"""Queries of server.visits.readings_retention."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.store.audit import AuditQueries
from server.store.journal import partition_of
from server.store.retention import ticket_ended
from server.store.tables import (
    alarms,
    messages,
    partitions,
    patients,
    reading_horizons,
    rollup_progress,
    tickets,
    transitions,
)
from server.store.upsert import upsert
from server.store.wave_retention import count_blocks, delete_blocks, with_blocks


class ReadingsRetentionQueries(AuditQueries):
    """ReadingsLook and ReadingsTx."""

    async def with_readings(self, before: datetime, after_id: str, limit: int) -> Sequence[str]:
        old = sa.select(messages.c.id).where(messages.c.patient_id == patients.c.id, messages.c.measured_at < before)
        query = sa.select(patients.c.id).where(
            patients.c.id > after_id, old.correlate(patients).exists() | with_blocks(before)
        )
        return (await self._connection.scalars(query.order_by(patients.c.id).limit(limit))).all()

    async def ticket_ends(self, patient_id: str) -> Sequence[datetime | None]:
        query = sa.select(ticket_ended().label("ended")).where(tickets.c.patient_id == patient_id)
        return (await self._connection.scalars(query)).all()

    async def count_old(self, patient_id: str, before: datetime) -> int:
        old = _old(patient_id, before).subquery()
        found = await self._connection.scalar(sa.select(sa.func.count()).select_from(old)) or 0
        return found + await count_blocks(self._connection, patient_id, before)

    async def delete_old(self, patient_id: str, before: datetime, limit: int) -> int:
        if await self._connection.scalar(_underived(patient_id, before)):
            return 0
        ids = (await self._connection.scalars(_old(patient_id, before).limit(limit))).all()
        if ids:
            await self._connection.execute(sa.delete(messages).where(messages.c.id.in_(ids)))
            horizon = {"patient_id": patient_id, "deleted_before": before}
            await self._connection.execute(upsert(self._connection.dialect.name, reading_horizons), horizon)
            return len(ids)
        return await delete_blocks(self._connection, patient_id, before, limit)


def _old(patient_id: str, before: datetime) -> sa.Select[Any]:
    """Messages whose newest reading was measured before then; not those on which an alarm stands."""
    raised = sa.select(alarms.c.message_id).where(alarms.c.patient_id == patient_id, alarms.c.message_id.is_not(None))
    went_on = (
        sa.select(transitions.c.message_id)
        .join(alarms, alarms.c.id == transitions.c.alarm_id)
        .where(alarms.c.patient_id == patient_id, transitions.c.message_id.is_not(None))
    )
    return (
        sa.select(messages.c.id)
        .where(messages.c.patient_id == patient_id, messages.c.measured_at < before)
        .where(messages.c.id.not_in(raised), messages.c.id.not_in(went_on))
        .order_by(messages.c.measured_at)
    )


def _underived(patient_id: str, before: datetime) -> sa.Select[Any]:
    """One that is not summed up or not evaluated yet."""
    summed = sa.select(rollup_progress.c.position).where(rollup_progress.c.partition == partition_of(patient_id))
    evaluated = sa.select(partitions.c.evaluated).where(partitions.c.id == partition_of(patient_id))
    return (
        sa.select(messages.c.id)
        .where(messages.c.patient_id == patient_id, messages.c.measured_at < before)
        .where(
            sa.or_(
                messages.c.position > sa.func.coalesce(summed.scalar_subquery(), 0),
                messages.c.position > evaluated.scalar_subquery(),
            )
        )
        .limit(1)
    )
