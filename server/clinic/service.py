"""The clinic at work: sessions, bookings, new links, check-ins. A use case is one transaction; then it is told."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.links import NewLink, new_link
from server.access.principal import Principal
from server.access.roles import Role
from server.clinic import letters, news
from server.clinic.booking import ANY, Bookings, BookingTx, ClinicRules, Issued, Newcomer, Wanted, Wish
from server.clinic.errors import NotFound, TicketOver, TooEarly
from server.clinic.letters import Contact
from server.clinic.line import Line
from server.clinic.movement import By, Movement
from server.clinic.moving import MovingTx, keep
from server.clinic.recognition import SOMEBODY_NEW, Claim
from server.clinic.rights import arranges, runs
from server.clinic.roster.places import offer_places
from server.clinic.session import Hours, Session, SessionState
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import OVER, TicketState
from server.ids import new_id
from server.notifications.deliveries import NewDelivery
from server.patients.patient import PatientDetails, new_patient


@dataclass(frozen=True, slots=True)
class Holder:
    """A ticket, whose it is and in which session it stands; the session's row is locked."""

    session: Session
    state: TicketState
    contact: Contact


class LineTx(Protocol):
    """The line of a session under its lock. Visits move it too."""

    async def lock_session(self, session_id: str) -> Session | None: ...
    async def line(self, session: Session) -> Line: ...


class SessionTx(LineTx, MovingTx, Protocol):
    async def add_session(self, session_id: str, hours: Hours) -> None: ...

    async def save_session(self, session: Session) -> None:
        """Its state and message."""
        ...

    async def department_of(self, doctor_id: str) -> str | None: ...
    async def add_doctor(self, session_id: str, doctor_id: str, at: datetime) -> None: ...
    async def drop_doctor(self, session_id: str, doctor_id: str) -> None: ...


_Concerns = Callable[[SessionTx, Principal, Session], Awaitable[bool]]


class ResetTx(Protocol):
    async def holder(self, ticket_id: str) -> Holder | None: ...
    async def end_ticket_access(self, ticket_id: str, at: datetime) -> None: ...
    async def add_link(self, link: NewLink) -> None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


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
        self._bookings = Bookings(begin, tell, rules)

    async def create_session(self, hours: Hours, actor: str, now: datetime) -> str:
        """The new session's id. ``actor`` as in the audit. Raises ``InvalidSession``."""
        hours.check()
        session_id = new_id()
        async with self._begin() as tx:
            await tx.add_session(session_id, hours)
            await tx.audit(AuditEntry(now, actor, "session.created", f"session:{session_id}"))
        return session_id

    async def open_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """A closed session may open again. Raises what ``ClinicRules.admit`` refuses."""
        await self._admit(principal, session_id, now, _may_open)
        await self._change(principal, session_id, Session.opened, now)

    async def close_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """Those who wait keep their places; a visit that runs goes on to its end."""
        await self._change(principal, session_id, Session.closed, now)

    async def suspend_session(self, principal: Principal, session_id: str, message: str, now: datetime) -> None:
        """Nobody is called; those who wait stay and read ``message``. Raises ``SessionNotOpen``, ``InvalidWords``."""
        await self._change(principal, session_id, lambda session: session.suspended(message), now)

    async def resume_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """Raises ``SessionNotOpen`` where it is not suspended."""
        await self._change(principal, session_id, Session.resumed, now)

    async def join_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """Call from it too; again changes nothing. For doctors of its department.

        Raises what ``ClinicRules.admit`` refuses.
        """
        await self._admit(principal, session_id, now, _may_join)
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not await _may_join(tx, principal, session):
                raise NotFound("no such session")
            line = await tx.line(session)
            if not session.calls(principal.id):
                await tx.add_doctor(session_id, principal.id, now)
                await tx.audit(AuditEntry(now, principal.actor, "session.joined", f"session:{session_id}"))
        await tell_all(self._tell, news.topics(session_id, line, line))

    async def leave_session(self, principal: Principal, session_id: str, now: datetime) -> None:
        """The owner stays. Who has somebody in the room still ends that visit."""
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not runs(principal, session) or session.doctor_id == principal.id:
                raise NotFound("no such session")
            line = await tx.line(session)
            await tx.drop_doctor(session_id, principal.id)
            await tx.audit(AuditEntry(now, principal.actor, "session.left", f"session:{session_id}"))
        await tell_all(self._tell, news.topics(session_id, line, line))

    async def book(
        self, principal: Principal, session_id: str, details: PatientDetails, now: datetime, *, wish: Wish = ANY
    ) -> str:
        """The new ticket's id. Raises as ``issue``."""
        return (await self.issue(principal, session_id, details, now, wish=wish)).ticket.id

    async def issue(
        self,
        principal: Principal,
        session_id: str,
        details: PatientDetails,
        now: datetime,
        *,
        wish: Wish = ANY,
        claim: Claim = SOMEBODY_NEW,
    ) -> Issued:
        """All of the booking. Raises ``InvalidPatient``, ``SessionClosed``, ``SessionFull``, ``KindNotOffered``, and
        ``KnownPatient`` where the claim leaves open who it is."""
        today = now.astimezone(self._rules.sender.zone).date()
        patient = new_patient(new_id(), details, today, self._rules.region)
        newcomer = Newcomer(patient, principal.id, principal.actor, wish, claim=claim)
        return await self._bookings.book(Wanted(session_id, newcomer, now, partial(_arranged, principal)))

    async def reset_link(self, principal: Principal, ticket_id: str, now: datetime) -> None:
        """The old link and who came in by it are out at once; a new link goes by SMS. Raises ``TicketOver``."""
        async with self._begin() as tx:
            holder = await tx.holder(ticket_id)
            if holder is None or not arranges(principal, holder.session):
                raise NotFound("no such ticket")
            if holder.state in OVER:
                raise TicketOver("this ticket's visit is over; book a new one")
            await tx.end_ticket_access(ticket_id, now)
            link = new_link(self._rules.link_key, ticket_id, now, letters.link_expires_at(holder.session, now))
            await tx.add_link(link)
            contact = replace(holder.contact, link_id=link.id)
            await tx.add_delivery(letters.link_reset(self._rules.sender, contact, holder.session, now))
            await tx.audit(AuditEntry(now, principal.actor, "link.reset", f"ticket:{ticket_id}", {"link": link.id}))
        await tell_all(self._tell, ["outbox"])

    async def come_in(self, ticket_id: str, now: datetime) -> None:
        """By the link, at any time: checks in where it is time to. Raises ``TicketOver``."""
        with suppress(TooEarly):
            await self.arrive(ticket_id, now)

    async def arrive(self, ticket_id: str, now: datetime) -> None:
        """Check in; again changes nothing. Raises ``TicketOver``, ``TooEarly``."""
        async with self._begin() as tx:
            holder = await tx.holder(ticket_id)
            if holder is None:
                raise NotFound("no such ticket")
            holder.session.check_takes_check_ins(now)
            before = await tx.line(holder.session)
            after, happened = before.arrive(ticket_id, now, self._rules.late_grace)
            moved = Movement(holder.session, before, after, happened)
            topics = await keep(tx, moved, By(f"ticket:{ticket_id}", now), self._rules.sender)
        if happened:
            await tell_all(self._tell, topics)

    async def _admit(self, principal: Principal, session_id: str, now: datetime, concerns: _Concerns) -> None:
        """Only of a session of one's own concern does anybody learn what the rules ask."""
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not await concerns(tx, principal, session):
                raise NotFound("no such session")
        await self._rules.admit(principal, now)

    async def _change(
        self, principal: Principal, session_id: str, change: Callable[[Session], Session], now: datetime
    ) -> None:
        by = By(principal.actor, now)
        async with self._begin() as tx:
            before = await tx.lock_session(session_id)
            if before is None or not runs(principal, before):
                raise NotFound("no such session")
            after, line = change(before), await tx.line(before)
            if after != before:
                await tx.save_session(after)
                await tx.audit(AuditEntry(now, by.actor, f"session.{after.state}", f"session:{session_id}"))
            moved = Movement(after, line, Line(after.state, line.tickets))
            topics = await keep(tx, moved, by, self._rules.sender)
            if before.state is SessionState.CLOSED and await offer_places(tx, self._rules.sender, after, now):
                topics.append("outbox")  # what was given back meanwhile was kept from those who wait for a place
        await tell_all(self._tell, topics)


def _arranged(principal: Principal, session: Session | None) -> Session:
    if session is None or not arranges(principal, session):
        raise NotFound("no such session")
    return session


async def _may_open(_tx: SessionTx, principal: Principal, session: Session) -> bool:
    return runs(principal, session)


async def _may_join(tx: SessionTx, principal: Principal, session: Session) -> bool:
    if principal.role is not Role.DOCTOR or session.department is None:
        return runs(principal, session)
    return runs(principal, session) or await tx.department_of(principal.id) == session.department.id
