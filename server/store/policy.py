"""Queries of what the rules pack asks: a doctor's standing, the second factor, and what was attested in a visit."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.ids import new_id
from server.store.audit import AuditQueries
from server.store.preparation import document_there
from server.store.tables import departments, doctor_profiles, documents, guardians, prior_diagnoses, sign_ins
from server.visits.attestation import Attested, Guardian, PriorDiagnosis
from server.visits.policy.facts import UNKNOWN, DoctorStanding


class AttestationQueries(AuditQueries):
    """What the visits' own transaction mixes in for server.visits.attestation."""

    async def document_hash(self, ticket_id: str, document_id: str) -> str | None:
        query = sa.select(documents.c.sha256).where(document_there(ticket_id), documents.c.id == document_id)
        found: str | None = await self._connection.scalar(query)
        return found

    async def add_prior_diagnosis(self, attested: PriorDiagnosis) -> None:
        await self._connection.execute(sa.insert(prior_diagnoses).values({**asdict(attested), "id": new_id()}))

    async def add_guardian(self, guardian: Guardian) -> None:
        await self._connection.execute(sa.insert(guardians).values({**asdict(guardian), "id": new_id()}))


class OpeningLookQueries:
    """server.visits.opening.OpeningLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def standing(self, doctor_id: str) -> DoctorStanding:
        return await standing_of(self._connection, doctor_id)

    async def stepped_up_at(self, sign_in_id: str) -> datetime | None:
        shown = sa.select(sign_ins.c.stepped_up_at).where(sign_ins.c.id == sign_in_id)
        moment: datetime | None = await self._connection.scalar(shown)
        return moment


async def standing_of(connection: AsyncConnection, doctor_id: str) -> DoctorStanding:
    """What the roster keeps of a doctor; nothing is known of one without a profile."""
    query = sa.select(doctor_profiles, departments.c.childrens)
    query = query.outerjoin(departments, departments.c.id == doctor_profiles.c.department_id)
    row = (await connection.execute(query.where(doctor_profiles.c.doctor_id == doctor_id))).one_or_none()
    if row is None:
        return UNKNOWN
    return DoctorStanding(
        licence_no=row.licence_no,
        licence_until=row.licence_until,
        practice_since=row.practice_since,
        institution_consents=row.consented_at is not None,
        childrens=bool(row.childrens),
    )


async def attested_in(connection: AsyncConnection, visit_id: str) -> Attested:
    """The last of each."""
    prior = await _last(connection, prior_diagnoses, visit_id, prior_diagnoses.c.attested_at)
    guardian = await _last(connection, guardians, visit_id, guardians.c.recorded_at)
    return Attested(PriorDiagnosis(**prior) if prior else None, Guardian(**guardian) if guardian else None)


async def _last(
    connection: AsyncConnection, table: sa.Table, visit_id: str, at: sa.Column[Any]
) -> dict[str, Any] | None:
    query = sa.select(table).where(table.c.visit_id == visit_id).order_by(at.desc()).limit(1)
    row = (await connection.execute(query)).mappings().one_or_none()
    return {key: value for key, value in row.items() if key != "id"} if row else None
