"""A ticket goes to another session before its visit, by either side; and how many places a session has at all."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.limits import Allowance, Limiter
from server.access.principal import Principal
from server.access.roles import Role
from server.clinic import news
from server.clinic.booking import ClinicRules
from server.clinic.errors import NotFound, NotWaiting
from server.clinic.events import Event
from server.clinic.line import Line
from server.clinic.movement import By
from server.clinic.relocation import Relocation, RelocationTx, lock_both, relocate
from server.clinic.rights import arranges
from server.clinic.roster.places import PlacesTx, offer_places
from server.clinic.roster.public import shown
from server.clinic.roster.templates import check_capacity
from server.clinic.session import Session
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import MOVED_BY_PATIENT, Cause, Ticket

# Each move costs a number and a message: nobody needs many. By patient, since the ticket is another after each.
MOVES_A_PATIENT: Final = Allowance(3, timedelta(hours=1))


class MovesTx(RelocationTx, Protocol):
    async def session_of(self, ticket_id: str) -> str | None: ...


class CapacityTx(PlacesTx, Protocol):
    async def lock_session(self, session_id: str) -> Session | None: ...
    async def save_capacity(self, session_id: str, capacity: int | None) -> None: ...


class ArrangingTx(MovesTx, CapacityTx, Protocol):
    """One transaction of those who arrange."""


class Moves:
    """All methods raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ArrangingTx]],
        tell: Tell,
        rules: ClinicRules,
    ) -> None:
        self._begin = begin
        self._tell = tell
        self._rules = rules
        self._own_moves = Limiter(MOVES_A_PATIENT)

    async def move(self, principal: Principal, ticket_id: str, session_id: str, now: datetime) -> Ticket:
        """The new ticket; the old number is void and nobody's again, as the message says.

        A patient moves the own ticket while it waits for its turn, to a session that the public page shows, and checks
        in there anew. Raises ``SessionFull``, ``SessionClosed``, ``TicketOver``, ``NotWaiting``, ``AlreadyInVisit``,
        ``TooManyTries``.
        """
        wanted = Relocation(ticket_id, Cause.MOVED, _leaving(ticket_id), By(principal.actor, now), principal.id)
        async with self._begin() as tx:
            sessions = await lock_both(tx, await tx.session_of(ticket_id) or "", session_id)
            await _check_may(tx, principal, ticket_id, sessions, now=now)
            (await tx.places(sessions[1])).check_free()
            await self._count_own(tx, principal, now)
            moved = await relocate(tx, sessions, wanted, self._rules.sender)
        await tell_all(self._tell, moved.topics)
        return moved.ticket

    async def _count_own(self, tx: MovesTx, principal: Principal, now: datetime) -> None:
        contact = await tx.contact(principal.id) if principal.role is Role.PATIENT else None
        if contact is not None:
            self._own_moves.take(contact.patient_id, now)

    async def set_capacity(self, principal: Principal, session_id: str, capacity: int | None, now: datetime) -> None:
        """A place more goes to the waiting list at once; a place less takes nobody's away. Raises ``InvalidRoster``."""
        check_capacity(capacity)
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            if session is None or not arranges(principal, session):
                raise NotFound("no such session")
            await tx.save_capacity(session_id, capacity)
            await tx.audit(AuditEntry(now, principal.actor, "session.resized", f"session:{session_id}"))
            await offer_places(tx, self._rules.sender, replace(session, capacity=capacity), now)
        await tell_all(self._tell, [*news.line_topics(session_id), "outbox"])


def _leaving(ticket_id: str) -> Callable[[Line], tuple[Line, tuple[Event, ...]]]:
    return lambda line: line.leave(ticket_id, Cause.MOVED)


async def _check_may(
    tx: MovesTx, principal: Principal, ticket_id: str, sessions: tuple[Session, Session], *, now: datetime
) -> None:
    """Raises ``NotFound``, and for a patient ``NotWaiting``, ``SessionClosed``."""
    if principal.role is not Role.PATIENT:
        if not all(arranges(principal, session) for session in sessions):
            raise NotFound("no such ticket or session")
        return
    source, target = sessions
    shown(target, now)
    if (await tx.line(source)).ticket(ticket_id).state not in MOVED_BY_PATIENT:
        raise NotWaiting("only who waits for the turn moves; call the hospital")
