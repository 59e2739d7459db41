"""Queries of alarms whose doctor has left (server.monitoring.handover)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.roles import Role
from server.monitoring.handover import Doctor, Named, Unattended
from server.notifications.ladder import Person
from server.store.alarms import is_answered_for
from server.store.audit import AuditQueries
from server.store.notifications import DeliveryQueries
from server.store.tables import associations, departments, doctor_profiles, users


class DoctorQueries:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def doctor(self, doctor_id: str) -> Doctor | None:
        query = _doctors(users, doctor_profiles.c.department_id).where(users.c.id == doctor_id)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return Doctor(Person(row.id, row.name, row.phone, row.locale), row.department_id, row.disabled_at)


class HandoverLookQueries(DoctorQueries):
    """HandoverLook."""

    async def unattended(self) -> Sequence[Unattended]:
        patients = sa.func.count(associations.c.patient_id.distinct()).label("patients")
        who = (users.c.id, users.c.name, users.c.disabled_at)
        where = (departments.c.id.label("department_id"), departments.c.name.label("department"))
        query = (
            _doctors(*who, *where, patients)
            .outerjoin(departments, departments.c.id == doctor_profiles.c.department_id)
            .join(associations, associations.c.responsible_id == users.c.id)
            .where(users.c.disabled_at.is_not(None), is_answered_for())
            .group_by(*who, departments.c.id, departments.c.name)
            .order_by(users.c.disabled_at, users.c.id)
        )
        return [_unattended(row) for row in await self._connection.execute(query)]


class HandoverQueries(DoctorQueries, DeliveryQueries, AuditQueries):
    """HandoverTx."""

    async def hand_over(self, former_id: str, successor_id: str) -> Sequence[str]:
        left = associations.c.responsible_id == former_id
        taken = sa.update(associations).where(left, is_answered_for()).values(responsible_id=successor_id)
        rows = await self._connection.execute(taken.returning(associations.c.patient_id))
        return sorted(set(rows.scalars()))


def _doctors(*columns: Any) -> sa.Select[Any]:  # noqa: ANN401 – whatever a select takes
    joined = users.outerjoin(doctor_profiles, doctor_profiles.c.doctor_id == users.c.id)
    return sa.select(*columns).select_from(joined).where(users.c.role == Role.DOCTOR)


def _unattended(row: sa.Row[Any]) -> Unattended:
    department = Named(row.department_id, row.department) if row.department_id else None
    return Unattended(Named(row.id, row.name), department, row.disabled_at, row.patients)
