"""Queries of monitoring: who wears a device, what was heard of it, and the transactions of its services."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from devices.evaluation_log import Outcome
from devices.readings import Body
from server.monitoring.associations import Association, Wearer
from server.monitoring.pages import Audience
from server.monitoring.reader import PatientRow
from server.monitoring.registry import DeviceRow
from server.monitoring.rollups import SPREAD
from server.monitoring.series import Heard
from server.monitoring.views import WornView
from server.store.alarms import CareQueries, EpisodeQueries, RecordQueries, consultations
from server.store.audit import AuditQueries
from server.store.device_rows import DeviceRowQueries
from server.store.evaluation import EvaluationQueries
from server.store.held import HeldQueries
from server.store.notifications import DeliveryQueries
from server.store.tables import (
    alarms,
    associations,
    devices,
    messages,
    partitions,
    patient_states,
    patients,
    session_doctors,
    sessions,
    tickets,
    transitions,
)

NEWEST_MESSAGES = 300
NEWEST_OF_A_DEVICE = 20


class EvaluationStoreQueries(EvaluationQueries, EpisodeQueries, CareQueries, DeliveryQueries, AuditQueries):
    """server.monitoring.evaluation.EvaluationTx and EvaluationLook."""

    async def is_on_record(self, outcome: Outcome) -> bool:
        """Whether this very outcome was committed. One with messages moves the position, one of time alone a state."""
        evaluated = await self._connection.scalar(
            sa.select(partitions.c.evaluated).where(partitions.c.id == outcome.partition)
        )
        if evaluated is None or evaluated < outcome.position:
            return False
        stored = sa.select(patient_states.c.patient_id, patient_states.c.state).where(
            patient_states.c.patient_id.in_(outcome.states)
        )
        found = {row.patient_id: bytes(row.state) for row in await self._connection.execute(stored)}
        return all(found.get(patient) == msgspec.json.encode(state) for patient, state in outcome.states.items())


class AlarmQueries(EpisodeQueries, RecordQueries, DeliveryQueries, AuditQueries):
    """server.monitoring.service.AlarmTx."""


class AssociationQueries(HeldQueries, EpisodeQueries, DeviceRowQueries, AuditQueries):
    """server.monitoring.associations.AssociationTx."""

    async def wearer(self, patient_id: str, doctor_id: str) -> Wearer | None:
        born = await self._connection.scalar(sa.select(patients.c.birth_date).where(patients.c.id == patient_id))
        if born is None:
            return None
        last = (
            sa.select(sessions.c.doctor_id)
            .join(tickets, tickets.c.session_id == sessions.c.id)
            .where(tickets.c.patient_id == patient_id)
            .order_by(tickets.c.booked_at.desc())
            .limit(1)
        )
        doctor = await self._connection.scalar(last)
        return Wearer(patient_id, born, doctor, await self.sees(doctor_id, patient_id))

    async def lock_device(self, device_id: str) -> DeviceRow | None:
        await self.lock_devices([device_id])
        return await self.device(device_id)

    async def associate(self, association: Association) -> bool:
        """False where somebody wears the device."""
        insert = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(associations)
        added = await self._connection.execute(insert.on_conflict_do_nothing(), asdict(association))
        return added.rowcount == 1

    async def dissociate(self, patient_id: str, device_id: str, at: datetime) -> bool:
        worn = (associations.c.patient_id == patient_id) & (associations.c.device_id == device_id)
        worn &= associations.c.until_at.is_(None)
        return (await self._connection.execute(sa.update(associations).where(worn).values(until_at=at))).rowcount == 1


class MonitoringLookQueries(RecordQueries):
    """server.monitoring.reader.MonitoringLook, service.AlarmLook and pages.PagesLook."""

    async def patient(self, patient_id: str) -> PatientRow | None:
        columns = (patients.c.id, patients.c.name, patients.c.sex, patients.c.birth_date)
        row = (await self._connection.execute(sa.select(*columns).where(patients.c.id == patient_id))).one_or_none()
        return PatientRow(*row) if row else None

    async def worn(self, patient_id: str) -> Sequence[WornView]:
        rows = await self._connection.execute(
            sa.select(devices.c.id, devices.c.label, devices.c.last_received_at, associations.c.profile)
            .join(associations, associations.c.device_id == devices.c.id)
            .where(associations.c.patient_id == patient_id, associations.c.until_at.is_(None))
            .order_by(associations.c.from_at, associations.c.id)
        )
        return [WornView(row.id, row.label, row.last_received_at, row.profile) for row in rows]

    async def heard(self, patient_id: str, start: datetime, until: datetime) -> Sequence[Heard]:
        """The messages that may have a reading of the span."""
        query = (
            _heard(patient_id, start).where(messages.c.measured_at <= until + SPREAD).order_by(messages.c.measured_at)
        )
        return [_heard_of(row) for row in await self._connection.execute(query)]

    async def last_heard(self, patient_id: str, since: datetime) -> Sequence[Heard]:
        """The newest messages of all, and some of each device worn: a loud device does not hide a quiet one."""
        newest = _heard(patient_id, since).order_by(messages.c.measured_at.desc())
        rows = list(await self._connection.execute(newest.limit(NEWEST_MESSAGES)))
        for worn in await self.worn(patient_id):
            if worn.id not in {row.device_id for row in rows}:
                own = newest.where(messages.c.device_id == worn.id).limit(NEWEST_OF_A_DEVICE)
                rows += await self._connection.execute(own)
        return [_heard_of(row) for row in rows]

    async def audience(self, patient_id: str, now: datetime) -> Audience:
        """Those who were in charge before, too: what a list no longer holds must leave it."""
        in_charge = sa.select(associations.c.responsible_id).where(associations.c.patient_id == patient_id)
        consulted = await self._connection.execute(consultations(now).where(tickets.c.patient_id == patient_id))
        visited = consulted.all()
        lines = {row.session_id for row in visited}
        joined = sa.select(session_doctors.c.user_id).where(session_doctors.c.session_id.in_(lines))
        doctors = {*await self._connection.scalars(in_charge), *(row.doctor_id for row in visited)}
        return Audience(sorted({*doctors, *await self._connection.scalars(joined)}), sorted(lines))

    async def patient_of(self, transition_id: str) -> str | None:
        query = sa.select(alarms.c.patient_id).join(transitions, transitions.c.alarm_id == alarms.c.id)
        patient_id: str | None = await self._connection.scalar(query.where(transitions.c.id == transition_id))
        return patient_id


def _heard(patient_id: str, since: datetime) -> sa.Select[Any]:
    return sa.select(messages.c.device_id, messages.c.received_at, messages.c.body).where(
        messages.c.patient_id == patient_id, messages.c.measured_at >= since
    )


def _heard_of(row: sa.Row[Any]) -> Heard:
    return Heard(row.device_id, row.received_at, msgspec.json.decode(row.body, type=Body))
