"""The clinic at work: sessions, bookings, new links, check-ins. A use case is one transaction; then it is told."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.links import NewLink, new_link
from server.access.principal import Principal
from server.clinic import letters, news
from server.clinic.errors import NotFound, TicketOver
from server.clinic.letters import Contact
from server.clinic.line import OVER, Line, Ticket, TicketState, changes, new_ticket
from server.clinic.rights import arranges, runs
from server.clinic.session import Hours, Session, SessionState
from server.ids import new_id
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.patients.patient import Patient, PatientDetails, new_patient

Tell = Callable[[str], Awaitable[None]]  # after the commit: this live topic has changed


@dataclass(frozen=True, slots=True)
class Booking:
    """The rows of one booking."""

    session_id: str
    patient: Patient
    ticket: Ticket
    booked_at: datetime
    booked_by: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A ticket, whose it is and in which session it stands; the session's row is locked."""

    session: Session
    state: TicketState
    contact: Contact


@dataclass(frozen=True, slots=True)
class ClinicRules:
    """What differs from hospital to hospital. ``region`` is that of telephone numbers, ISO 3166-1 alpha-2."""

    sender: Sender
    region: str
    link_key: bytes


class LineTx(Protocol):
    """The line of a session under its lock. Visits move it too."""

    async def lock_session(self, session_id: str) -> Session | None: ...
    async def line(self, session: Session) -> Line: ...
    async def save_tickets(self, tickets: Sequence[Ticket]) -> None: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class SessionTx(LineTx, Protocol):
    async def add_session(self, session_id: str, hours: Hours) -> None: ...
    async def save_session_state(self, session_id: str, state: SessionState) -> None: ...


class LetterTx(Protocol):
    async def add_link(self, link: NewLink) -> None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...


class BookingTx(LetterTx, Protocol):
    async def issue_serial(self, session_id: str) -> Session | None:
        """The session with its ``last_serial`` raised by one, its row locked until the commit."""
        ...

    async def add_booking(self, booking: Booking) -> None: ...


class ResetTx(LetterTx, Protocol):
    async def holder(self, ticket_id: str) -> Holder | None: ...
    async def end_ticket_access(self, ticket_id: str, at: datetime) -> None: ...


class ClinicTx(SessionTx, BookingTx, ResetTx, Protocol):
    """One transaction of the clinic."""


class ClinicService:
    """All methods raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[ClinicTx]], tell: Tell, rules: ClinicRules
    ) -> None:
        self._begin = begin
        self._tell = tell
        self._rules = rules

    async def create_session(self, hours: Hours, actor: str, now: datetime) -> str:
        """The new session's id. ``actor`` as in the audit. Raises ``InvalidSession``."""
        hours.check()
        session_id = new_id()
        async with self._begin() as tx:
            await tx.add_session(session_id, hours)
            await tx.audit(AuditEntry(now, actor, "session.created", f"session:{session_id}"))
        return session_id

    async def open_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        await self._set_state(principal, session_id, SessionState.OPEN, now)

    async def close_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """Those who wait keep their places; a visit that runs goes on to its end."""
        await self._set_state(principal, session_id, SessionState.CLOSED, now)

    async def book(self, principal: Principal, session_id: str, details: PatientDetails, now: datetime) -> str:
        """The new ticket's id. Patient, serial number, ticket, link, SMS and audit stand or fall together.

        Raises ``InvalidPatient``, ``SessionClosed``.
        """
        today = now.astimezone(self._rules.sender.zone).date()
        patient = new_patient(new_id(), details, today, self._rules.region)
        async with self._begin() as tx:
            session = await tx.issue_serial(session_id)
            if session is None or not arranges(principal, session):
                raise NotFound("no such session")
            session.check_takes_bookings()
            ticket = new_ticket(new_id(), session.last_serial)
            await tx.add_booking(Booking(session_id, patient, ticket, now, principal.id))
            link = await self._add_link(tx, ticket.id, session, now)
            await tx.add_delivery(letters.booked(self._rules.sender, _contact(ticket, patient, link), session, now))
            await tx.audit(_booked(principal, ticket, patient, now))
        await self._tell_all([*news.line_topics(session_id), "outbox"])
        return ticket.id

    async def reset_link(self, principal: Principal, ticket_id: str, now: datetime) -> None:
        """The old link and who came in by it are out at once; a new link goes by SMS. Raises ``TicketOver``."""
        async with self._begin() as tx:
            holder = await tx.holder(ticket_id)
            if holder is None or not arranges(principal, holder.session):
                raise NotFound("no such ticket")
            if holder.state in OVER:
                raise TicketOver("this ticket's visit is over; book a new one")
            await tx.end_ticket_access(ticket_id, now)
            link = await self._add_link(tx, ticket_id, holder.session, now)
            contact = replace(holder.contact, link_id=link.id)
            await tx.add_delivery(letters.link_reset(self._rules.sender, contact, holder.session, now))
            await tx.audit(AuditEntry(now, principal.actor, "link.reset", f"ticket:{ticket_id}", {"link": link.id}))
        await self._tell_all(["outbox"])

    async def arrive(self, ticket_id: str, now: datetime) -> None:
        """Check in; again changes nothing. Raises ``TicketOver``."""
        async with self._begin() as tx:
            holder = await tx.holder(ticket_id)
            if holder is None:
                raise NotFound("no such ticket")
            before = await tx.line(holder.session)
            after, happened = before.arrive(ticket_id, now)
            await tx.save_tickets(changes(before, after))
            for entry in news.audit_entries(happened, f"ticket:{ticket_id}", now):
                await tx.audit(entry)
        if happened:
            await self._tell_all(news.topics(holder.session.id, before, after))

    async def _set_state(self, principal: Principal, session_id: str, state: SessionState, now: datetime) -> None:
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not runs(principal, session):
                raise NotFound("no such session")
            line = await tx.line(session)
            if session.state is not state:
                await tx.save_session_state(session_id, state)
                await tx.audit(AuditEntry(now, principal.actor, f"session.{state}", f"session:{session_id}"))
        await self._tell_all(news.topics(session_id, line, line))

    async def _add_link(self, tx: LetterTx, ticket_id: str, session: Session, now: datetime) -> NewLink:
        link = new_link(self._rules.link_key, ticket_id, now, letters.link_expires_at(session, now))
        await tx.add_link(link)
        return link

    async def _tell_all(self, topics: Iterable[str]) -> None:
        for topic in topics:
            await self._tell(topic)


def _booked(principal: Principal, ticket: Ticket, patient: Patient, now: datetime) -> AuditEntry:
    detail: dict[str, str | int | bool | None] = {"serial": ticket.serial, "patient": patient.id}
    return AuditEntry(now, principal.actor, "ticket.booked", f"ticket:{ticket.id}", detail)


def _contact(ticket: Ticket, patient: Patient, link: NewLink) -> Contact:
    return Contact(ticket.id, ticket.serial, patient.id, patient.phone, patient.locale, link.id)
