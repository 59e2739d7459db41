"""Calling at work: the next one, this one, one who missed it, and sending somebody on. What follows is ``service``'s.

Every step locks the session – a transfer both – and moves visit and line together in one transaction.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.links import NewLink, new_link
from server.access.principal import Principal
from server.clinic import letters
from server.clinic.errors import AlreadyInVisit, NotFound
from server.clinic.events import Event as LineEvent
from server.clinic.interventions import Intervention, Reason, Step
from server.clinic.letters import Contact, Life
from server.clinic.line import Line, Pick
from server.clinic.movement import By, Movement
from server.clinic.moving import keep
from server.clinic.relocation import Relocation, RelocationTx, lock_both, relocate
from server.clinic.rights import arranges, runs
from server.clinic.session import Session
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import Cause
from server.clinic.views import Online
from server.ids import new_id
from server.visits.keeping import VisitRowTx, keep_visit
from server.visits.rules import VisitRules
from server.visits.visit import OPEN, Outcome, Visit


class RingTx(Protocol):
    async def is_free(self, doctor_id: str) -> bool:
        """Nobody is called or in the room in any session of this doctor; the doctor is locked until the commit."""
        ...

    async def add_visit(self, visit: Visit) -> None: ...
    async def add_link(self, link: NewLink) -> None: ...

    async def keep_signed_in(self, ticket_id: str, now: datetime, until: datetime) -> None:
        """Who is in still, stays in for so long."""
        ...


class TicketTx(Protocol):
    async def session_of(self, ticket_id: str) -> str | None: ...
    async def lock_latest_visit(self, ticket_id: str) -> Visit | None: ...
    async def intervene(self, intervention: Intervention) -> None: ...


class CallTx(RingTx, TicketTx, VisitRowTx, RelocationTx, Protocol):
    """One transaction of a call."""


@dataclass(frozen=True, slots=True)
class OutOfTurn:
    """A call that is not the next one's. ``reason`` is kept for staff."""

    ticket_id: str
    pick: Pick
    reason: str


@dataclass(frozen=True, slots=True)
class SendingOn:
    """To a colleague's line, or another one; ``even_if_full`` knowing that every place of it is taken."""

    ticket_id: str
    session_id: str
    reason: str
    even_if_full: bool = False


@dataclass(frozen=True, slots=True)
class _Ring:
    """Whom the doctor rings is what ``pick`` of the line says."""

    session: Session
    doctor: Principal
    now: datetime
    pick: Callable[[Line], tuple[Line, tuple[LineEvent, ...]]]


class CallService:
    """All methods raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[CallTx]],
        *,
        tell: Tell,
        online: Online,
        rules: VisitRules,
    ) -> None:
        self._begin = begin
        self._tell = tell
        self._online = online
        self._rules = rules

    async def call_next(self, principal: Principal, session_id: str, now: datetime) -> str:
        """The id of the visit that rings now. Who has closed the page gets an SMS.

        Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NobodyWaiting``, and what ``VisitRules.receive`` refuses.
        """
        await self._check_papers(principal, now, lambda tx: _own(tx, principal, session_id))
        async with self._begin() as tx:
            session = await _own(tx, principal, session_id)
            ring = _Ring(session, principal, now, lambda line: line.call_next(principal.id, now))
            visit, topics = await self._ring(tx, ring)
        await tell_all(self._tell, topics)
        return visit.id

    async def call(self, principal: Principal, wanted: OutOfTurn, now: datetime) -> str:
        """This one; the id of the visit that rings now.

        Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NotWaiting``, ``InvalidWords``, and what
        ``VisitRules.receive`` refuses.
        """
        ticket_id, pick = wanted.ticket_id, wanted.pick
        reason = Reason(Step.RECALL if pick is Pick.RECALLED else Step.CALL, wanted.reason)
        await self._check_papers(principal, now, lambda tx: _own_of(tx, principal, ticket_id))
        async with self._begin() as tx:
            session = await _own_of(tx, principal, ticket_id)
            ring = _Ring(session, principal, now, lambda line: line.call(ticket_id, pick, principal.id, now))
            visit, topics = await self._ring(tx, ring)
            await tx.intervene(reason.given(ticket_id, principal.id, now))
        await tell_all(self._tell, topics)
        return visit.id

    async def transfer(self, principal: Principal, wanted: SendingOn, now: datetime) -> str:
        """From where the patient waits, or out of the room: that visit ends then. The new ticket's id.

        Raises ``TicketOver``, ``SessionClosed``, ``SessionFull``, ``NotWaiting``, ``InvalidWords``; ``AlreadyInVisit``
        where somebody else has the patient in the room.
        """
        ticket_id, by = wanted.ticket_id, By(principal.actor, now)
        reason = Reason(Step.TRANSFER, wanted.reason)
        async with self._begin() as tx:
            sessions = await lock_both(tx, await tx.session_of(ticket_id) or "", wanted.session_id)
            if not arranges(principal, sessions[0]):
                raise NotFound("no such ticket or session")
            await _check_place(tx, sessions[1], wanted, by)
            visit = await _end_for_transfer(tx, ticket_id, principal, by)
            leaving = Relocation(ticket_id, Cause.TRANSFERRED, _leaving(ticket_id, visit), by=by, by_id=principal.id)
            done = await relocate(tx, sessions, leaving, self._rules.sender)
            await tx.intervene(reason.given(ticket_id, principal.id, now))
        await tell_all(self._tell, [*([f"visit:{visit.id}"] if visit else []), *done.topics])
        return done.ticket.id

    async def _check_papers(
        self, principal: Principal, now: datetime, find: Callable[[CallTx], Awaitable[Session]]
    ) -> None:
        """Before the call's own transaction, since a refusal is put on record; and only of a line of one's own does
        anybody learn what the rules ask."""
        async with self._begin() as tx:
            await find(tx)
        await self._rules.receive(principal, now)

    async def _ring(self, tx: CallTx, ring: _Ring) -> tuple[Visit, list[str]]:
        """The visit, and the live topics to tell."""
        before = await tx.line(ring.session)
        after, happened = ring.pick(before)
        if not await tx.is_free(ring.doctor.id):
            raise AlreadyInVisit("somebody is called or in the room of another session")
        visit = await self._new_visit(tx, ring, happened[0].ticket_id)
        moved = Movement(ring.session, before, after, happened)
        topics = await keep(tx, moved, By(ring.doctor.actor, ring.now), self._rules.sender)
        return visit, [f"visit:{visit.id}", *topics, "outbox"]

    async def _new_visit(self, tx: CallTx, ring: _Ring, ticket_id: str) -> Visit:
        contact = await self._reachable(tx, ring, ticket_id)
        visit = Visit(
            id=new_id(),
            ticket_id=ticket_id,
            session_id=ring.session.id,
            patient_id=contact.patient_id,
            doctor_id=ring.doctor.id,
            called_at=ring.now,
            ring_until=ring.now + self._rules.times.ring,
        )
        await tx.add_visit(visit)
        if not self._online(ticket_id):
            life = Life(ring.now, visit.ring_until)
            await tx.add_delivery(letters.called(self._rules.sender, contact, visit.id, life))
        return visit

    async def _reachable(self, tx: CallTx, ring: _Ring, ticket_id: str) -> Contact:
        """With a living link: who was given up as a no-show has lost it, and is called with a new one.

        A page that is open still was to go out minutes after the ticket's end; now it must last for the visit.
        """
        contact = await tx.contact(ticket_id)
        if contact is None:
            raise NotFound("no such ticket")
        if contact.link_id is not None:
            return contact
        expires_at = letters.link_expires_at(ring.session, ring.now)
        link = new_link(self._rules.link_key, ticket_id, ring.now, expires_at)
        await tx.add_link(link)
        await tx.keep_signed_in(ticket_id, ring.now, expires_at)
        return replace(contact, link_id=link.id)


async def _own(tx: CallTx, principal: Principal, session_id: str | None) -> Session:
    session = await tx.lock_session(session_id) if session_id else None
    if session is None or not runs(principal, session):
        raise NotFound("no such session")
    return session


async def _own_of(tx: CallTx, principal: Principal, ticket_id: str) -> Session:
    return await _own(tx, principal, await tx.session_of(ticket_id))


async def _check_place(tx: CallTx, target: Session, wanted: SendingOn, by: By) -> None:
    """Raises ``SessionFull``; who sends on all the same is on record with it."""
    places = await tx.places(target)
    if not wanted.even_if_full:
        places.check_free()
    elif places.free == 0:
        detail: dict[str, str | int | bool | None] = {"came_from": wanted.ticket_id}
        await tx.audit(AuditEntry(by.now, by.actor, "session.overbooked", f"session:{target.id}", detail))


async def _end_for_transfer(tx: CallTx, ticket_id: str, principal: Principal, by: By) -> Visit | None:
    """The visit that runs, ended; None where there is none."""
    visit = await tx.lock_latest_visit(ticket_id)
    if visit is None or visit.state not in OPEN:
        return None
    if visit.doctor_id != principal.id:
        raise AlreadyInVisit("a colleague has this patient in the room")
    ended, happened = visit.end(Outcome.TRANSFERRED, by.now)
    await keep_visit(tx, ended, happened, by)
    return ended


def _leaving(ticket_id: str, visit: Visit | None) -> Callable[[Line], tuple[Line, tuple[LineEvent, ...]]]:
    """Out of the room that ``visit`` was, or from where the ticket waits."""
    if visit:
        return lambda line: line.end(ticket_id, Cause.TRANSFERRED)
    return lambda line: line.leave(ticket_id, Cause.TRANSFERRED)
