"""Queries that change sessions and their lines. The session's row is the lock of its line and of its visits."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from server.clinic.booking import Booking, Wish
from server.clinic.interventions import Intervention
from server.clinic.kinds import VisitKind
from server.clinic.letters import Contact
from server.clinic.line import Line
from server.clinic.service import Holder
from server.clinic.session import Hours, Session, SessionState
from server.clinic.ticket import Ticket
from server.ids import new_id
from server.store.access import TicketAccessQueries
from server.store.audit import AuditQueries
from server.store.issuing import IssuingQueries, ticket_row
from server.store.notifications import DeliveryQueries
from server.store.places import PlaceQueries
from server.store.session_rows import find_session, session_of, whole_sessions
from server.store.tables import (
    complaints,
    consents,
    device_tests,
    doctor_profiles,
    documents,
    interventions,
    join_links,
    patients,
    session_doctors,
    sessions,
    sign_ins,
    tickets,
)
from server.store.ticket_rows import in_force, ticket_of


class LineQueries(AuditQueries, DeliveryQueries, PlaceQueries):
    """The line of a session under its lock (server.clinic.moving.MovingTx), and how its patients are reached."""

    async def lock_session(self, session_id: str) -> Session | None:
        # FOR NO KEY UPDATE: rows that refer to the session can still be added beside. SQLite has one writer anyway.
        lock = sa.select(sessions.c.id).where(sessions.c.id == session_id).with_for_update(key_share=True)
        if (await self._connection.execute(lock)).one_or_none() is None:
            return None
        return await find_session(self._connection, session_id)

    async def line(self, session: Session) -> Line:
        query = sa.select(tickets).where(tickets.c.session_id == session.id).order_by(tickets.c.serial)
        rows = await self._connection.execute(query)
        return Line(session.state, tuple(ticket_of(row) for row in rows))

    async def save_tickets(self, changed: Sequence[Ticket]) -> None:
        for ticket in changed:
            fields = {key: value for key, value in asdict(ticket).items() if key not in {"id", "serial"}}
            await self._connection.execute(sa.update(tickets).where(tickets.c.id == ticket.id).values(fields))

    async def contact(self, ticket_id: str) -> Contact | None:
        living_link = sa.and_(join_links.c.ticket_id == tickets.c.id, join_links.c.ended_at.is_(None))
        query = (
            sa.select(tickets.c.serial, patients, join_links.c.id.label("link_id"))
            .join(patients, patients.c.id == tickets.c.patient_id)
            .outerjoin(join_links, living_link)
            .where(tickets.c.id == ticket_id)
            .order_by(join_links.c.created_at.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return Contact(ticket_id, row.serial, row.id, row.phone, row.locale, row.link_id) if row else None

    async def session_of(self, ticket_id: str) -> str | None:
        return await self._connection.scalar(sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id))

    async def end_link(self, ticket_id: str, now: datetime, sign_in_until: datetime) -> None:
        links = sa.update(join_links).where(join_links.c.ticket_id == ticket_id, join_links.c.ended_at.is_(None))
        await self._connection.execute(links.values(ended_at=now))
        later = sa.and_(sign_ins.c.ticket_id == ticket_id, sign_ins.c.expires_at > sign_in_until)
        await self._connection.execute(sa.update(sign_ins).where(later).values(expires_at=sign_in_until))

    async def keep_signed_in(self, ticket_id: str, now: datetime, until: datetime) -> None:
        living = sa.and_(sign_ins.c.ticket_id == ticket_id, sign_ins.c.ended_at.is_(None), sign_ins.c.expires_at > now)
        await self._connection.execute(sa.update(sign_ins).where(living).values(expires_at=until))

    async def intervene(self, intervention: Intervention) -> None:
        await self._connection.execute(sa.insert(interventions).values({**asdict(intervention), "id": new_id()}))


class RelocationQueries(LineQueries, TicketAccessQueries):
    """From one line into another (server.clinic.relocation.RelocationTx), and a new number at all."""

    async def issue_serial(self, session_id: str) -> Session | None:
        raised = sa.update(sessions).where(sessions.c.id == session_id).values(last_serial=sessions.c.last_serial + 1)
        if (await self._connection.execute(raised)).rowcount == 0:
            return None
        return await find_session(self._connection, session_id)

    async def add_ticket(self, booking: Booking) -> None:
        await self._connection.execute(sa.insert(tickets), ticket_row(booking))

    async def wish(self, ticket_id: str) -> Wish:
        query = sa.select(tickets.c.kind, tickets.c.guardian).where(tickets.c.id == ticket_id)
        row = (await self._connection.execute(query)).one()
        return Wish(VisitKind(row.kind) if row.kind else None, row.guardian)

    async def carry_over(self, old_id: str, next_id: str, link_until: datetime) -> None:
        for table in (join_links, sign_ins):
            living = sa.update(table).where(table.c.ticket_id == old_id, table.c.ended_at.is_(None))
            await self._connection.execute(living.values(ticket_id=next_id, expires_at=link_until))
        for table in (complaints, device_tests, documents):
            handed_in = sa.update(table).where(table.c.ticket_id == old_id)
            await self._connection.execute(handed_in.values(ticket_id=next_id))
        given = await self._connection.execute(sa.select(consents).where(in_force(sa.literal(old_id))))
        for row in given.mappings().all():
            again = {**row, "id": new_id(), "ticket_id": next_id, "round": 0}
            await self._connection.execute(sa.insert(consents).values(again))


class ClinicQueries(RelocationQueries, IssuingQueries):
    """server.clinic.service.ClinicTx and server.clinic.lines.LinesTx."""

    async def add_session(self, session_id: str, hours: Hours) -> None:
        row = {**asdict(hours), "id": session_id, "state": SessionState.PLANNED, "last_serial": 0}
        await self._connection.execute(sa.insert(sessions).values(row))

    async def save_session(self, session: Session) -> None:
        now = {"state": session.state, "message": session.message}
        await self._connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(now))

    async def add_doctor(self, session_id: str, doctor_id: str, at: datetime) -> None:
        row = {"session_id": session_id, "user_id": doctor_id, "joined_at": at}
        await self._connection.execute(sa.insert(session_doctors).values(row))

    async def drop_doctor(self, session_id: str, doctor_id: str) -> None:
        of = sa.and_(session_doctors.c.session_id == session_id, session_doctors.c.user_id == doctor_id)
        await self._connection.execute(sa.delete(session_doctors).where(of))

    async def department_of(self, doctor_id: str) -> str | None:
        of = sa.select(doctor_profiles.c.department_id).where(doctor_profiles.c.doctor_id == doctor_id)
        return await self._connection.scalar(of)

    async def lock_sessions(self, session_ids: Sequence[str]) -> Sequence[Session]:
        """As ``lock_session``; read after all are locked, so that no number is older than its lock."""
        lock = sa.select(sessions.c.id).where(sessions.c.id.in_(session_ids)).order_by(sessions.c.id)
        await self._connection.execute(lock.with_for_update(key_share=True))
        found = whole_sessions().where(sessions.c.id.in_(session_ids)).order_by(sessions.c.id)
        return [session_of(row) for row in await self._connection.execute(found)]

    async def holder(self, ticket_id: str) -> Holder | None:
        of_ticket = sa.select(tickets.c.session_id).where(tickets.c.id == ticket_id)
        session_id = await self._connection.scalar(of_ticket)
        session = await self.lock_session(session_id) if session_id else None
        contact = await self.contact(ticket_id)
        if session is None or contact is None:
            return None
        line = await self.line(session)
        return Holder(session, line.ticket(ticket_id).state, contact)
