"""Visits at work: call the next one, answer, picture, identity, end, and what time brings. Not notes or consents.

Every step locks the session, moves visit and line together in one transaction, then tells who watches.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.clinic import letters, news
from server.clinic.errors import AlreadyInVisit, NotCalled, NotFound
from server.clinic.letters import Contact, Life, session_life
from server.clinic.line import OVER, Line, TicketPutBack, changes
from server.clinic.line import Event as LineEvent
from server.clinic.rights import runs
from server.clinic.service import LineTx, Tell
from server.clinic.session import Session
from server.clinic.views import Online
from server.ids import new_id
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.visits import visit as events
from server.visits.errors import ConsentMissing
from server.visits.visit import OPEN, Event, Outcome, Side, Visit, VisitTimes

SIGN_IN_OUTLIVES_VISIT = timedelta(minutes=10)  # the page must still be able to say that the visit has ended

ACTIONS: dict[type[Event], str] = {
    events.PatientAnswered: "visit.answered",
    events.MediaEstablished: "visit.media_established",
    events.MediaMissing: "visit.media_missing",
    events.IdentityConfirmed: "visit.identity_confirmed",
    events.VisitEnded: "visit.ended",
    events.VisitMissed: "visit.missed",
}


class TextTx(LineTx, Protocol):
    async def contact(self, ticket_id: str) -> Contact | None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...


class CallTx(TextTx, Protocol):
    async def is_free(self, doctor_id: str) -> bool:
        """Nobody is called or in the room in any session of this doctor; the doctor is locked until the commit."""
        ...

    async def add_visit(self, visit: Visit) -> None: ...


class VisitTx(TextTx, Protocol):
    async def lock_visit(self, visit_id: str) -> Visit | None:
        """With the row of its session locked first."""
        ...

    async def lock_latest_visit(self, ticket_id: str) -> Visit | None: ...
    async def save_visit(self, visit: Visit) -> None: ...
    async def is_consented(self, ticket_id: str) -> bool: ...

    async def end_link(self, ticket_id: str, now: datetime, sign_in_until: datetime) -> None:
        """The join link is dead from ``now`` on, and whoever came in by it is out at ``sign_in_until``."""
        ...


class VisitsTx(CallTx, VisitTx, Protocol):
    """One transaction of the visits."""


class DueLook(Protocol):
    async def due(self, now: datetime, times: VisitTimes) -> Sequence[str]:
        """Ids of the visits that ``tick`` would change."""
        ...


@dataclass(frozen=True, slots=True)
class VisitRules:
    """How long is waited, and in whose name a text speaks."""

    times: VisitTimes
    sender: Sender


@dataclass(frozen=True, slots=True)
class _By:
    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class _Moved:
    """What a visit's step did to the line."""

    session: Session
    before: Line
    after: Line
    happened: tuple[LineEvent, ...] = ()


_Find = Callable[[VisitsTx], Awaitable[Visit]]
_Act = Callable[[Visit], tuple[Visit, tuple[Event, ...]]]


class VisitService:
    """Methods that take a principal raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[VisitsTx]],
        look: Callable[[], AbstractAsyncContextManager[DueLook]],
        *,
        tell: Tell,
        online: Online,
        rules: VisitRules,
    ) -> None:
        self._begin = begin
        self._look = look
        self._tell = tell
        self._online = online
        self._rules = rules

    async def call_next(self, principal: Principal, session_id: str, now: datetime) -> str:
        """The id of the visit that rings now. Who has closed the page gets an SMS.

        Raises ``SessionNotOpen``, ``AlreadyInVisit``, ``NobodyWaiting``.
        """
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not runs(principal, session):
                raise NotFound("no such session")
            before = await tx.line(session)
            after, called = before.call_next()
            if not await tx.is_free(principal.id):
                raise AlreadyInVisit("somebody is called or in the room of another session")
            visit = await self._new_visit(tx, session, called[0].ticket_id, now)
            moved = _Moved(session, before, after, called)
            await _store_line(tx, moved, _By(principal.actor, now))
        await self._tell_all(_topics(visit, moved))
        return visit.id

    async def answer(self, ticket_id: str, now: datetime) -> str:
        """The patient takes the call; again is harmless. The visit's id. Raises ``NotCalled``, ``ConsentMissing``."""

        async def find(tx: VisitsTx) -> Visit:
            visit = await tx.lock_latest_visit(ticket_id)
            if visit is None or visit.state not in OPEN:
                raise NotCalled("the doctor is not calling this ticket")
            if not await tx.is_consented(ticket_id):
                raise ConsentMissing("read and agree to the notice first")
            return visit

        visit = await self._step(find, lambda visit: visit.answer(now), _By(f"ticket:{ticket_id}", now))
        return visit.id

    async def patient_media(self, ticket_id: str, now: datetime) -> None:
        """The first frame on the patient's side. Raises ``NotFound``, ``VisitOver``, ``NotInVisit``."""

        async def find(tx: VisitsTx) -> Visit:
            return _found(await tx.lock_latest_visit(ticket_id))

        await self._step(find, lambda visit: visit.media(Side.PATIENT, now), _By(f"ticket:{ticket_id}", now))

    async def doctor_media(self, principal: Principal, visit_id: str, now: datetime) -> None:
        """The first frame on the doctor's side. Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.media(Side.DOCTOR, now))
        await self._step(_by_id(visit_id), act, _By(principal.actor, now))

    async def confirm_identity(self, principal: Principal, visit_id: str, now: datetime) -> None:
        """Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.confirm_identity(principal.id, now))
        await self._step(_by_id(visit_id), act, _By(principal.actor, now))

    async def end(self, principal: Principal, visit_id: str, outcome: Outcome, now: datetime) -> None:
        """The outcome decides about the ticket: over, or back into the line. Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.end(outcome, now))
        await self._step(_by_id(visit_id), act, _By(principal.actor, now))

    async def tick(self, now: datetime) -> None:
        """Call about once a second. A visit that fails does not keep the others; its error is raised at the end."""
        async with self._look() as look:
            due = await look.due(now, self._rules.times)
        results = await asyncio.gather(*(self._tick_one(visit_id, now) for visit_id in due), return_exceptions=True)
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:
            raise ExceptionGroup("visits whose time could not be applied", failed)

    async def _tick_one(self, visit_id: str, now: datetime) -> None:
        await self._step(_by_id(visit_id), lambda visit: visit.tick(now, self._rules.times), _By("system", now))

    async def _step(self, find: _Find, act: _Act, by: _By) -> Visit:
        async with self._begin() as tx:
            before = await find(tx)
            after, happened = act(before)
            if after == before:
                return after
            await tx.save_visit(after)
            for event in happened:
                await tx.audit(_audit(event, by))
            moved = await self._move_line(tx, after, happened, by)
        await self._tell_all(_topics(after, moved))
        return after

    async def _move_line(self, tx: VisitsTx, visit: Visit, happened: Sequence[Event], by: _By) -> _Moved | None:
        moves = [move for event in happened if (move := _line_move(event, visit.ticket_id))]
        session = await tx.lock_session(visit.session_id) if moves else None
        if session is None:
            return None
        before = await tx.line(session)
        after, line_events = moves[0](before)
        moved = _Moved(session, before, after, line_events)
        await _store_line(tx, moved, by)
        await self._follow_up(tx, visit, moved, by.now)
        return moved

    async def _follow_up(self, tx: VisitsTx, visit: Visit, moved: _Moved, now: datetime) -> None:
        """Who is over loses the way in; who missed the call learns that the place is kept."""
        ticket = moved.after.ticket(visit.ticket_id)
        if ticket.state in OVER:
            await tx.end_link(ticket.id, now, now + SIGN_IN_OUTLIVES_VISIT)
        put_back = [event for event in moved.happened if isinstance(event, TicketPutBack)]
        contact = await tx.contact(ticket.id) if put_back and ticket.missed else None
        if contact and contact.link_id:
            await tx.add_delivery(
                letters.missed(self._rules.sender, contact, visit.id, session_life(moved.session, now))
            )

    async def _new_visit(self, tx: CallTx, session: Session, ticket_id: str, now: datetime) -> Visit:
        contact = await tx.contact(ticket_id)
        if contact is None:
            raise NotFound("no such ticket")
        visit = Visit(
            id=new_id(),
            ticket_id=ticket_id,
            session_id=session.id,
            patient_id=contact.patient_id,
            doctor_id=session.doctor_id,
            called_at=now,
            ring_until=now + self._rules.times.ring,
        )
        await tx.add_visit(visit)
        if contact.link_id and not self._online(ticket_id):
            await tx.add_delivery(letters.called(self._rules.sender, contact, visit.id, Life(now, visit.ring_until)))
        return visit

    async def _tell_all(self, topics: Sequence[str]) -> None:
        for topic in topics:
            await self._tell(topic)


def _by_id(visit_id: str) -> _Find:
    async def find(tx: VisitsTx) -> Visit:
        return _found(await tx.lock_visit(visit_id))

    return find


def _own(principal: Principal, act: _Act) -> _Act:
    """``act``, for the visit's own doctor."""

    def acting(visit: Visit) -> tuple[Visit, tuple[Event, ...]]:
        return act(_found(visit if visit.doctor_id == principal.id else None))

    return acting


def _found(visit: Visit | None) -> Visit:
    if visit is None:
        raise NotFound("no such visit")
    return visit


def _line_move(event: Event, ticket_id: str) -> Callable[[Line], tuple[Line, tuple[LineEvent, ...]]] | None:
    """What the line does when this happens to a visit."""
    match event:
        case events.PatientAnswered():
            return lambda line: line.answer(ticket_id)
        case events.VisitEnded(outcome=outcome):
            return lambda line: line.end(ticket_id, outcome.cause)
        case events.VisitMissed():
            return lambda line: line.miss(ticket_id)
        case _:
            return None


async def _store_line(tx: LineTx, moved: _Moved, by: _By) -> None:
    await tx.save_tickets(changes(moved.before, moved.after))
    for entry in news.audit_entries(moved.happened, by.actor, by.now):
        await tx.audit(entry)


def _audit(event: Event, by: _By) -> AuditEntry:
    detail = {"outcome": event.outcome.value} if isinstance(event, events.VisitEnded) else {}
    return AuditEntry(by.now, by.actor, ACTIONS[type(event)], f"visit:{event.visit_id}", detail)


def _topics(visit: Visit, moved: _Moved | None) -> list[str]:
    line = [*news.topics(visit.session_id, moved.before, moved.after), "outbox"] if moved else []
    return [f"visit:{visit.id}", *line]
