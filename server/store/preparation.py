"""Queries of what a patient hands in before a visit: complaint, device test, documents. Each under the ticket's row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.ticket import TicketState
from server.clinic.views import DeviceTestView
from server.store.among import among
from server.store.audit import AuditQueries
from server.store.tables import complaints, device_tests, document_contents, documents, tickets, visits
from server.store.ticket_rows import device_test_columns, device_test_of, latest_visit_id
from server.store.upsert import upsert
from server.visits.documents.service import Document, Standing
from server.visits.preparation import HeldTicket
from server.visits.views import DocumentView, Preparation


class PreparationQueries(AuditQueries):
    """server.visits.preparation.PreparationTx and server.visits.documents.service.DocumentTx."""

    async def hold_ticket(self, ticket_id: str) -> HeldTicket | None:
        # A visit begins by changing its ticket's row: whoever holds the row decides before or after, never between.
        lock = sa.select(tickets.c.id).where(tickets.c.id == ticket_id).with_for_update(key_share=True)
        await self._connection.execute(lock)
        query = sa.select(tickets, latest_visit_id().label("visit_id"), _begun().label("begun"))
        row = (await self._connection.execute(query.where(tickets.c.id == ticket_id))).one_or_none()
        if row is None:
            return None
        state = TicketState(row.state)
        return HeldTicket(row.id, row.session_id, row.patient_id, state, visit_id=row.visit_id, begun=row.begun)

    async def save_complaint(self, ticket_id: str, text: str, at: datetime) -> None:
        await self._put(complaints, {"ticket_id": ticket_id, "text": text, "told_at": at})

    async def save_device_test(self, ticket_id: str, test: DeviceTestView) -> None:
        await self._put(device_tests, {"ticket_id": ticket_id, **msgspec.structs.asdict(test)})

    async def documents_of(self, ticket_id: str) -> int:
        there = sa.select(sa.func.count()).select_from(documents).where(document_there(ticket_id))
        return await self._connection.scalar(there) or 0

    async def add_document(self, ticket_id: str, document: Document) -> None:
        row = {**msgspec.structs.asdict(document.view), "ticket_id": ticket_id, "sha256": document.sha256}
        await self._connection.execute(sa.insert(documents).values(row))
        content = {"document_id": document.id, "content": document.content}
        await self._connection.execute(sa.insert(document_contents).values(content))

    async def own_document(self, ticket_id: str, document_id: str) -> Standing | None:
        which = sa.and_(document_there(ticket_id), documents.c.id == document_id)
        row = (await self._connection.execute(sa.select(documents).where(which))).one_or_none()
        if row is None:
            return None
        seen = (await self._connection.execute(_visits_since(ticket_id, row.uploaded_at))).first()
        return Standing(row.id, seen is not None, seen.ended_at if seen else None)

    async def remove_document(self, document_id: str, at: datetime) -> None:
        content = sa.delete(document_contents).where(document_contents.c.document_id == document_id)
        await self._connection.execute(content)
        removed = sa.update(documents).where(documents.c.id == document_id)
        await self._connection.execute(removed.values(removed_at=at))

    async def document_for(self, doctor_id: str, document_id: str) -> Document | None:
        seen_by = sa.select(visits.c.id).where(
            visits.c.ticket_id == documents.c.ticket_id, visits.c.doctor_id == doctor_id
        )
        query = (
            sa.select(documents, document_contents.c.content)
            .join(document_contents, document_contents.c.document_id == documents.c.id)
            .where(documents.c.id == document_id, documents.c.removed_at.is_(None), seen_by.exists())
        )
        row = (await self._connection.execute(query)).one_or_none()
        return Document(row.id, row.media_type, row.sha256, row.uploaded_at, content=row.content) if row else None

    async def _put(self, table: sa.Table, row: dict[str, Any]) -> None:
        await self._connection.execute(upsert(self._connection.dialect.name, table).values(row))


async def preparation_of(connection: AsyncConnection, ticket_id: str) -> Preparation:
    return (await preparations_of(connection, [ticket_id])).get(ticket_id, Preparation())


async def preparations_of(connection: AsyncConnection, ticket_ids: Sequence[str]) -> Mapping[str, Preparation]:
    """In one query, a row a document: every page that waits asks after every step of its line."""
    handed_in = sa.and_(documents.c.ticket_id == tickets.c.id, documents.c.removed_at.is_(None))
    query: sa.Select[Any] = (
        sa.select(tickets.c.id.label("own_id"), complaints.c.text, *device_test_columns(), documents)
        .select_from(tickets)
        .outerjoin(complaints, complaints.c.ticket_id == tickets.c.id)
        .outerjoin(device_tests, device_tests.c.ticket_id == tickets.c.id)
        .outerjoin(documents, handed_in)
        .where(among(connection.dialect.name, tickets.c.id, ticket_ids))
        .order_by(tickets.c.id, documents.c.uploaded_at, documents.c.id)
    )
    rows = groupby(await connection.execute(query), key=lambda row: row.own_id)
    return {ticket_id: _preparation(tuple(of_ticket)) for ticket_id, of_ticket in rows}


def _preparation(rows: Sequence[sa.Row[Any]]) -> Preparation:
    there = tuple(DocumentView(row.id, row.media_type, row.size, row.uploaded_at) for row in rows if row.id)
    return Preparation(rows[0].text, device_test_of(rows[0]), there)


def document_there(ticket_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(documents.c.ticket_id == ticket_id, documents.c.removed_at.is_(None))


def _begun() -> sa.ColumnElement[bool]:
    """Of the ticket of the query around it: somebody has answered a call of it."""
    answered = sa.select(visits.c.id).where(visits.c.ticket_id == tickets.c.id, visits.c.answered_at.is_not(None))
    return answered.correlate(tickets).exists()


def _visits_since(ticket_id: str, uploaded_at: datetime) -> sa.Select[Any]:
    """Answered visits of the ticket's patient that ran after ``uploaded_at``, of any ticket; the last first."""
    patient_id = sa.select(tickets.c.patient_id).where(tickets.c.id == ticket_id).scalar_subquery()
    runs_on = visits.c.ended_at.is_(None)
    ran = sa.and_(visits.c.patient_id == patient_id, visits.c.answered_at.is_not(None))
    after = sa.or_(runs_on, visits.c.ended_at > uploaded_at)
    return sa.select(visits.c.ended_at).where(ran, after).order_by(runs_on.desc(), visits.c.ended_at.desc())
