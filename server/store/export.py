"""Queries of server.monitoring.export."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from devices.readings import Body
from server.monitoring.export import Extract, Place, Stretch
from server.monitoring.fhir import Instrument, Person, Told
from server.monitoring.rollups import TWIN
from server.store.audit import AuditQueries
from server.store.tables import associations, devices, messages, patients
from server.store.waves import WaveQueries


class ExportQueries(WaveQueries, AuditQueries):
    """ExportTx and ExportLook."""

    async def person(self, patient_id: str) -> Person | None:
        columns = (patients.c.id, patients.c.sex, patients.c.birth_date)
        row = (await self._connection.execute(sa.select(*columns).where(patients.c.id == patient_id))).one_or_none()
        return Person(*row) if row else None

    async def instruments(self, patient_id: str) -> Sequence[Instrument]:
        worn = sa.select(associations.c.device_id).where(associations.c.patient_id == patient_id)
        query = sa.select(devices.c.id, devices.c.label).where(devices.c.id.in_(worn)).order_by(devices.c.id)
        return [Instrument(*row) for row in await self._connection.execute(query)]

    async def stretch(self, extract: Extract, after: Place, limit: int) -> Stretch:
        """By the newest reading of each message; one of a day before it may lie in the span too."""
        at, key = messages.c.measured_at, messages.c.id
        query = sa.select(key, messages.c.device_id, messages.c.received_at, at, messages.c.body).where(
            messages.c.patient_id == extract.patient_id,
            at < extract.until + TWIN,
            sa.or_(at > after.measured_at, (at == after.measured_at) & (key > after.message_id)),
        )
        rows = (await self._connection.execute(query.order_by(at, key).limit(limit))).all()
        place = Place(rows[-1].measured_at, rows[-1].id) if len(rows) == limit else None
        return Stretch([told for row in rows if (told := _told(row, extract)).readings], place)


def _told(row: sa.Row[*tuple[Any, ...]], extract: Extract) -> Told:
    readings = enumerate(msgspec.json.decode(row.body, type=Body).readings)
    kept = [(index, reading) for index, reading in readings if extract.start <= reading.at < extract.until]
    return Told(row.id, row.device_id, row.received_at, kept)
