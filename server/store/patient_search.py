"""Queries of server.patients.search."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.patients.search import PatientFound, Sought
from server.store.alarms import seen_by
from server.store.tables import patients, sessions, tickets


class PatientSearchQueries:
    """SearchLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def patients_found(self, sought: Sought, limit: int) -> Sequence[PatientFound]:
        query = sa.select(patients.c.id, patients.c.name, patients.c.birth_date, patients.c.phone).where(_which(sought))
        if sought.seen_by is not None:
            query = query.where(patients.c.id.in_(seen_by(sought.seen_by)))
        rows = (await self._connection.execute(query.order_by(patients.c.name, patients.c.id).limit(limit))).all()
        serials = await self._serials([row.id for row in rows], sought.day)
        return [PatientFound(row.id, row.name, row.birth_date, row.phone[-4:], serials.get(row.id, [])) for row in rows]

    async def _serials(self, ids: Sequence[str], day: tuple[datetime, datetime]) -> Mapping[str, list[int]]:
        numbers = _of_day(day).where(tickets.c.patient_id.in_(ids)).order_by(tickets.c.serial)
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row in await self._connection.execute(numbers):
            found[row.patient_id].append(row.serial)
        return found


def _which(sought: Sought) -> sa.ColumnElement[bool]:
    found: list[sa.ColumnElement[bool]] = []
    if sought.name is not None:
        found.append(patients.c.name_key.contains(sought.name, autoescape=True))
    if sought.phone is not None:
        found.append(patients.c.phone.contains(sought.phone, autoescape=True))
    if sought.serial is not None:
        numbered = _of_day(sought.day).where(tickets.c.serial == sought.serial)
        found.append(patients.c.id.in_(numbered.with_only_columns(tickets.c.patient_id)))
    return sa.or_(*found)


def _of_day(day: tuple[datetime, datetime]) -> sa.Select[Any]:
    begins, ends = day
    held = sa.select(tickets.c.patient_id, tickets.c.serial).join(sessions, sessions.c.id == tickets.c.session_id)
    return held.where(sessions.c.opens_at < ends, sessions.c.closes_at > begins)
