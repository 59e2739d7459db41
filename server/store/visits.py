"""Queries of visits, notes and consents. A visit is changed under its session's lock (server.store.clinic)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.line import Line
from server.clinic.session import Session
from server.clinic.ticket import IN_ROOM, TicketState
from server.ids import new_id
from server.patients.patient import Patient, Sex
from server.store.among import among
from server.store.clinic import RelocationQueries
from server.store.policy import AttestationQueries, attested_in, standing_of
from server.store.preparation import preparation_of, preparations_of
from server.store.session_rows import find_session
from server.store.tables import consent_withdrawals, consents, notes, patients, tickets, users, visits
from server.store.ticket_rows import in_force, latest_first, ticket_of
from server.visits.note import Note
from server.visits.views import Consent, OwnTicketFacts, VisitFacts
from server.visits.visit import Outcome, Visit, VisitState, VisitTimes

# The very words of the partial index uq_visits_open_ticket, so that both planners find the few open visits by it.
_OPEN = sa.text("visits.state IN ('called','in_visit')")


class VisitQueries(RelocationQueries, AttestationQueries):
    """server.visits.service.VisitsTx, server.visits.records.RecordsTx and server.visits.attestation.AttestationTx."""

    async def is_free(self, doctor_id: str) -> bool:
        lock = sa.select(users.c.id).where(users.c.id == doctor_id).with_for_update(key_share=True)
        await self._connection.execute(lock)
        busy = sa.select(visits.c.id).where(_OPEN, visits.c.doctor_id == doctor_id).limit(1)
        return await self._connection.scalar(busy) is None

    async def add_visit(self, visit: Visit) -> None:
        await self._connection.execute(sa.insert(visits).values(asdict(visit)))

    async def lock_visit(self, visit_id: str) -> Visit | None:
        seen = await find_visit(self._connection, visits.c.id == visit_id)
        if seen is None:
            return None
        await self.lock_session(seen.session_id)
        return await find_visit(self._connection, visits.c.id == visit_id)

    async def lock_latest_visit(self, ticket_id: str) -> Visit | None:
        session_id = await self.session_of(ticket_id)
        if session_id is None:
            return None
        await self.lock_session(session_id)
        return await find_visit(self._connection, visits.c.ticket_id == ticket_id)

    async def save_visit(self, visit: Visit) -> None:
        fields = {key: value for key, value in asdict(visit).items() if key != "id"}
        await self._connection.execute(sa.update(visits).where(visits.c.id == visit.id).values(fields))

    async def is_consented(self, ticket_id: str) -> bool:
        return await _is_consented(self._connection, ticket_id)

    async def last_note(self, visit_id: str) -> Note | None:
        return await _last_note(self._connection, visit_id)

    async def add_note(self, visit_id: str, note: Note) -> None:
        await self._connection.execute(sa.insert(notes).values({**asdict(note), "id": new_id(), "visit_id": visit_id}))

    async def add_consent(self, consent: Consent) -> bool:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        row = {**asdict(consent), "id": new_id(), "round": await self._rounds(consent.ticket_id)}
        added = await self._connection.execute(insert(consents).values(row).on_conflict_do_nothing())
        return added.rowcount == 1

    async def withdraw_consent(self, ticket_id: str, at: datetime) -> bool:
        if not await self.is_consented(ticket_id):
            return False
        ended = await self._rounds(ticket_id)
        row = {"id": new_id(), "ticket_id": ticket_id, "round": ended, "withdrawn_at": at}
        await self._connection.execute(sa.insert(consent_withdrawals).values(row))
        return True

    async def _rounds(self, ticket_id: str) -> int:
        """How often the consents of this ticket were withdrawn so far."""
        withdrawn = sa.select(sa.func.count()).select_from(consent_withdrawals)
        return await self._connection.scalar(withdrawn.where(consent_withdrawals.c.ticket_id == ticket_id)) or 0


class VisitLookQueries:
    """server.visits.reader.VisitLook and server.visits.service.DueLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def due(self, now: datetime, times: VisitTimes) -> Sequence[str]:
        return (await self._connection.scalars(due_visits(now, times))).all()

    async def visit(self, visit_id: str) -> Visit | None:
        return await find_visit(self._connection, visits.c.id == visit_id)

    async def visit_facts(self, visit_id: str) -> VisitFacts | None:
        query = (
            sa.select(patients, tickets.c.serial, tickets.c.guardian, users.c.name.label("confirmed_by"))
            .select_from(visits)
            .join(patients, patients.c.id == visits.c.patient_id)
            .join(tickets, tickets.c.id == visits.c.ticket_id)
            .outerjoin(users, users.c.id == visits.c.identity_confirmed_by)
            .where(visits.c.id == visit_id)
        )
        row = (await self._connection.execute(query)).one_or_none()
        visit = await self.visit(visit_id)
        if row is None or visit is None:
            return None
        note = await _last_note(self._connection, visit_id)
        patient = Patient(row.id, row.name, Sex(row.sex), row.birth_date, phone=row.phone, locale=row.locale)
        return VisitFacts(
            visit,
            row.serial,
            patient,
            row.confirmed_by,
            note=note,
            consents=await self._consents(visit.ticket_id),
            preparation=await preparation_of(self._connection, visit.ticket_id),
            guardian_named=row.guardian,
            attested=await attested_in(self._connection, visit_id),
            standing=await standing_of(self._connection, visit.doctor_id),
        )

    async def sessions_of(self, ticket_ids: Sequence[str]) -> Collection[str]:
        """In whose lines these are; of no more tickets than there may be pages (a statement takes 32,000)."""
        query = sa.select(tickets.c.session_id).where(self._among(tickets.c.id, ticket_ids)).distinct()
        return set(await self._connection.scalars(query))

    async def own_tickets(self, ids: Sequence[str]) -> Mapping[str, OwnTicketFacts]:
        """A handful of queries, however many wait: after each step of a line all its pages ask at once."""
        own = self._among(tickets.c.id, ids)
        rows = (await self._connection.execute(sa.select(tickets).where(own))).all()
        lines = {session_id: await self._session_with_line(session_id) for session_id in {r.session_id for r in rows}}
        given = sa.select(tickets.c.id).where(own, sa.exists().where(in_force(tickets.c.id)))
        consented = set(await self._connection.scalars(given))
        seen = await self._latest_visits(ids)
        handed_in = await preparations_of(self._connection, ids)
        return {
            row.id: OwnTicketFacts(
                session=lines[row.session_id][0],
                ahead=lines[row.session_id][1].get(row.id),
                ticket=ticket_of(row),
                consented=row.id in consented,
                visit=seen.get(row.id),
                preparation=handed_in[row.id],
            )
            for row in rows
        }

    def _among(self, column: sa.Column[str], ids: Sequence[str]) -> sa.ColumnElement[bool]:
        return among(self._connection.dialect.name, column, ids)

    async def _session_with_line(self, session_id: str) -> tuple[Session, Mapping[str, int]]:
        """And ``Line.ahead`` of all who wait in it."""
        session = await find_session(self._connection, session_id)
        if session is None:
            raise LookupError("a ticket without its session: the foreign key forbids it")
        here = tickets.c.state.in_([TicketState.ARRIVED, *IN_ROOM])
        rows = await self._connection.execute(sa.select(tickets).where(tickets.c.session_id == session_id, here))
        return session, Line(session.state, tuple(ticket_of(row) for row in rows)).standing()

    async def _latest_visits(self, ticket_ids: Sequence[str]) -> Mapping[str, Visit]:
        query = sa.select(visits).where(self._among(visits.c.ticket_id, ticket_ids)).order_by(*latest_first())
        rows = (await self._connection.execute(query)).all()
        return {row.ticket_id: _visit_of(row) for row in reversed(rows)}

    async def _consents(self, ticket_id: str) -> tuple[Consent, ...]:
        query = sa.select(consents).where(consents.c.ticket_id == ticket_id).order_by(consents.c.agreed_at)
        return tuple(_consent_of(row) for row in await self._connection.execute(query))


def due_visits(now: datetime, times: VisitTimes) -> sa.Select[Any]:
    """Ids of the visits that ``Visit.tick`` would change."""
    unanswered = sa.and_(visits.c.state == VisitState.CALLED, visits.c.ring_until <= now)
    without_media = sa.and_(
        visits.c.answered_at <= now - times.media, visits.c.media_at.is_(None), visits.c.media_missing_at.is_(None)
    )
    return sa.select(visits.c.id).where(_OPEN, sa.or_(unanswered, without_media))


async def find_visit(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> Visit | None:
    """The latest visit of those."""
    query = sa.select(visits).where(which).order_by(*latest_first()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return _visit_of(row) if row else None


async def _last_note(connection: AsyncConnection, visit_id: str) -> Note | None:
    query = sa.select(notes).where(notes.c.visit_id == visit_id).order_by(notes.c.version.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return Note(row.version, row.body, row.author_id, row.written_at) if row else None


async def _is_consented(connection: AsyncConnection, ticket_id: str) -> bool:
    given = sa.select(consents.c.id).where(in_force(sa.literal(ticket_id))).limit(1)
    return await connection.scalar(given) is not None


def _visit_of(row: sa.Row[Any]) -> Visit:
    fields = row._asdict()
    outcome = Outcome(row.outcome) if row.outcome else None
    return Visit(**{**fields, "state": VisitState(row.state), "outcome": outcome})


def _consent_of(row: sa.Row[Any]) -> Consent:
    fields = {key: value for key, value in row._asdict().items() if key not in {"id", "round"}}
    return Consent(**fields)
