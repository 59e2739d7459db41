"""Visits at work: answer, picture, identity, end, and what time brings. Not the call itself, not notes or consents.

Every step locks the session, moves visit and line together in one transaction, then tells who watches.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.clinic import news
from server.clinic.errors import NotCalled, NotFound
from server.clinic.events import Event as LineEvent
from server.clinic.line import Line
from server.clinic.movement import By, Movement
from server.clinic.moving import MovingTx, keep
from server.clinic.service import LineTx
from server.clinic.tell import Tell, tell_all
from server.visits import visit as events
from server.visits.errors import ConsentMissing
from server.visits.keeping import VisitRowTx, keep_visit
from server.visits.rules import VisitRules
from server.visits.visit import OPEN, Event, Outcome, Side, Visit, VisitTimes


class FindVisitTx(Protocol):
    async def lock_visit(self, visit_id: str) -> Visit | None:
        """With the row of its session locked first."""
        ...

    async def lock_latest_visit(self, ticket_id: str) -> Visit | None: ...
    async def is_consented(self, ticket_id: str) -> bool: ...


class WithdrawalTx(Protocol):
    async def session_of(self, ticket_id: str) -> str | None: ...

    async def withdraw_consent(self, ticket_id: str, at: datetime) -> bool:
        """False where none is in force."""
        ...


class VisitsTx(FindVisitTx, WithdrawalTx, VisitRowTx, LineTx, MovingTx, Protocol):
    """One transaction of the visits."""


class DueLook(Protocol):
    async def due(self, now: datetime, times: VisitTimes) -> Sequence[str]:
        """Ids of the visits that ``tick`` would change."""
        ...


_Find = Callable[[VisitsTx], Awaitable[Visit]]
_Act = Callable[[Visit], tuple[Visit, tuple[Event, ...]]]
_Move = Callable[[Line], tuple[Line, tuple[LineEvent, ...]]]


class VisitService:
    """Methods that take a principal raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[VisitsTx]],
        look: Callable[[], AbstractAsyncContextManager[DueLook]],
        *,
        tell: Tell,
        rules: VisitRules,
    ) -> None:
        self._begin = begin
        self._look = look
        self._tell = tell
        self._rules = rules

    async def answer(self, ticket_id: str, now: datetime) -> str:
        """The patient takes the call; again is harmless. The visit's id. Raises ``NotCalled``, ``ConsentMissing``."""

        async def find(tx: VisitsTx) -> Visit:
            visit = await tx.lock_latest_visit(ticket_id)
            if visit is None or visit.state not in OPEN:
                raise NotCalled("the doctor is not calling this ticket")
            if not await tx.is_consented(ticket_id):
                raise ConsentMissing("read and agree to the notice first")
            return visit

        visit = await self._step(find, lambda visit: visit.answer(now), By(f"ticket:{ticket_id}", now))
        return visit.id

    async def withdraw_consent(self, ticket_id: str, now: datetime) -> None:
        """A call or visit that runs ends at once. Who still waits keeps the place, and may agree anew."""
        by = By(f"ticket:{ticket_id}", now)
        async with self._begin() as tx:
            visit = await tx.lock_latest_visit(ticket_id)
            session_id = await tx.session_of(ticket_id)
            if session_id is None:
                raise NotFound("no such ticket")
            if not await tx.withdraw_consent(ticket_id, now):
                return
            await tx.audit(AuditEntry(now, by.actor, "consent.withdrawn", by.actor))
            topics = [*news.line_topics(session_id), by.actor]
            if visit is not None and visit.state in OPEN:
                topics += (await self._take(tx, visit, lambda running: running.end(Outcome.NO_CONSENT, now), by))[1]
        await tell_all(self._tell, topics)

    async def patient_media(self, ticket_id: str, now: datetime) -> None:
        """The first frame on the patient's side. Raises ``NotFound``, ``VisitOver``, ``NotInVisit``."""

        async def find(tx: VisitsTx) -> Visit:
            return _found(await tx.lock_latest_visit(ticket_id))

        await self._step(find, lambda visit: visit.media(Side.PATIENT, now), By(f"ticket:{ticket_id}", now))

    async def doctor_media(self, principal: Principal, visit_id: str, now: datetime) -> None:
        """The first frame on the doctor's side. Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.media(Side.DOCTOR, now))
        await self._step(_by_id(visit_id), act, By(principal.actor, now))

    async def confirm_identity(self, principal: Principal, visit_id: str, now: datetime) -> None:
        """Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.confirm_identity(principal.id, now))
        await self._step(_by_id(visit_id), act, By(principal.actor, now))

    async def end(self, principal: Principal, visit_id: str, outcome: Outcome, now: datetime) -> None:
        """The outcome decides about the ticket: over, or back into the line. Raises ``VisitOver``, ``NotInVisit``."""
        act = _own(principal, lambda visit: visit.end(outcome, now))
        await self._step(_by_id(visit_id), act, By(principal.actor, now))

    async def tick(self, now: datetime) -> None:
        """Call about once a second. A visit that fails does not keep the others; its error is raised at the end."""
        async with self._look() as look:
            due = await look.due(now, self._rules.times)
        results = await asyncio.gather(*(self._tick_one(visit_id, now) for visit_id in due), return_exceptions=True)
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:
            raise ExceptionGroup("visits whose time could not be applied", failed)

    async def _tick_one(self, visit_id: str, now: datetime) -> None:
        await self._step(_by_id(visit_id), lambda visit: visit.tick(now, self._rules.times), By("system", now))

    async def _step(self, find: _Find, act: _Act, by: By) -> Visit:
        async with self._begin() as tx:
            after, topics = await self._take(tx, await find(tx), act, by)
        await tell_all(self._tell, topics)
        return after

    async def _take(self, tx: VisitsTx, before: Visit, act: _Act, by: By) -> tuple[Visit, list[str]]:
        """The visit after ``act``, and the live topics to tell: none where nothing has changed."""
        after, happened = act(before)
        if after == before:
            return after, []
        await keep_visit(tx, after, happened, by)
        return after, [f"visit:{after.id}", *await self._move_line(tx, after, happened, by)]

    async def _move_line(self, tx: VisitsTx, visit: Visit, happened: Sequence[Event], by: By) -> list[str]:
        """The live topics to tell."""
        moves = [move for event in happened if (move := _line_move(event, visit.ticket_id))]
        session = await tx.lock_session(visit.session_id) if moves else None
        if session is None:
            return []
        before = await tx.line(session)
        after, line_events = moves[0](before)
        return await keep(tx, Movement(session, before, after, line_events), by, self._rules.sender)


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


def _line_move(event: Event, ticket_id: str) -> _Move | None:
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
