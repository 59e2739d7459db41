"""One ticket of a line in people's hands: hold, release, class, cancel. Calling it is the visits' business.

A use case is one transaction under the session's lock; then it is told.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.events import Event
from server.clinic.interventions import Intervention, Reason, Step
from server.clinic.line import Line
from server.clinic.movement import By, Movement
from server.clinic.moving import MovingTx, keep
from server.clinic.rights import arranges
from server.clinic.session import Session
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import Cause, Urgency
from server.notifications.messages import Sender


class FindTx(Protocol):
    async def session_of(self, ticket_id: str) -> str | None: ...
    async def lock_session(self, session_id: str) -> Session | None: ...
    async def line(self, session: Session) -> Line: ...
    async def intervene(self, intervention: Intervention) -> None: ...


class LinesTx(FindTx, MovingTx, Protocol):
    """One transaction at a line."""


@dataclass(frozen=True, slots=True)
class NewUrgency:
    urgency: Urgency
    reason: str


_Allowed = Callable[[Session], bool]
_Move = Callable[[Line], tuple[Line, tuple[Event, ...]]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for a step of which ticket, and the reason where one is needed."""

    ticket_id: str
    allowed: _Allowed
    by: By
    reason: Intervention | None = None


class LineService:
    """All methods give the id of the ticket's session; ``NotFound`` for what is missing or somebody else's."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[LinesTx]], tell: Tell, sender: Sender) -> None:
        self._begin = begin
        self._tell = tell
        self._sender = sender

    async def hold(self, principal: Principal, ticket_id: str, now: datetime) -> str:
        """Raises ``NotWaiting``."""
        return await self._step(_asked(principal, ticket_id, now), lambda line: line.hold(ticket_id))

    async def release(self, principal: Principal, ticket_id: str, now: datetime) -> str:
        """Raises ``NotWaiting``."""
        return await self._step(_asked(principal, ticket_id, now), lambda line: line.release(ticket_id))

    async def reclassify(self, principal: Principal, ticket_id: str, wanted: NewUrgency, now: datetime) -> str:
        """Raises ``TicketOver``, ``InvalidWords``."""
        given = Reason(Step.URGENCY, wanted.reason).given(ticket_id, principal.id, now)
        asked = _asked(principal, ticket_id, now, given)
        return await self._step(asked, lambda line: line.reclassify(ticket_id, wanted.urgency))

    async def cancel(self, principal: Principal, ticket_id: str, cause: Cause, now: datetime) -> str:
        """By staff; the patient is told. Raises ``TicketOver``, ``AlreadyInVisit``."""
        return await self._step(_asked(principal, ticket_id, now), lambda line: line.cancel(ticket_id, cause))

    async def cancel_own(self, ticket_id: str, cause: Cause, now: datetime) -> str:
        """By the patient: ``BY_PATIENT``, or ``NO_CONSENT``. Raises ``TicketOver``, ``AlreadyInVisit``."""
        asked = _Asked(ticket_id, lambda _session: True, By(f"ticket:{ticket_id}", now))
        return await self._step(asked, lambda line: line.cancel(ticket_id, cause))

    async def _step(self, asked: _Asked, move: _Move) -> str:
        async with self._begin() as tx:
            session_id = await tx.session_of(asked.ticket_id)
            session = await tx.lock_session(session_id) if session_id else None
            if session is None or not asked.allowed(session):
                raise NotFound("no such ticket")
            before = await tx.line(session)
            after, happened = move(before)
            topics = await keep(tx, Movement(session, before, after, happened), asked.by, self._sender)
            if asked.reason and happened:
                await tx.intervene(asked.reason)
        await tell_all(self._tell, topics)
        return session.id


def _asked(principal: Principal, ticket_id: str, now: datetime, reason: Intervention | None = None) -> _Asked:
    return _Asked(ticket_id, lambda session: arranges(principal, session), By(principal.actor, now), reason)
