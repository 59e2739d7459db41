"""A patient goes on in another session: the old ticket is over, a new one under a number of that session goes on.

The link, the sign-in and what was agreed to go along, so that no page and no text in the patient's hand becomes wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic import letters
from server.clinic.booking import Booking, Wish
from server.clinic.errors import NotFound, NotWaiting
from server.clinic.events import Event, TicketArrived
from server.clinic.letters import link_expires_at
from server.clinic.line import Line
from server.clinic.movement import By, Movement
from server.clinic.moving import MovingTx, keep
from server.clinic.session import Session
from server.clinic.ticket import Cause, Ticket, TicketState, new_ticket
from server.ids import new_id
from server.notifications.messages import Sender


class TicketsTx(Protocol):
    async def lock_session(self, session_id: str) -> Session | None: ...
    async def line(self, session: Session) -> Line: ...
    async def issue_serial(self, session_id: str) -> Session | None: ...
    async def add_ticket(self, booking: Booking) -> None: ...


class CarryTx(Protocol):
    async def wish(self, ticket_id: str) -> Wish:
        """What the ticket was booked for."""
        ...

    async def carry_over(self, old_id: str, new_id: str, link_until: datetime) -> None:
        """Living link, sign-in and consents are the new ticket's from now on."""
        ...


class RelocationTx(TicketsTx, CarryTx, MovingTx, Protocol):
    """Both lines under their locks."""


@dataclass(frozen=True, slots=True)
class Relocation:
    """``leave`` is how the ticket leaves its line; ``by_id`` a user's id, or the ticket's for a patient."""

    ticket_id: str
    cause: Cause
    leave: Callable[[Line], tuple[Line, tuple[Event, ...]]]
    by: By
    by_id: str


@dataclass(frozen=True, slots=True)
class Relocated:
    """The new ticket, and the live topics to tell."""

    ticket: Ticket
    topics: list[str]


async def lock_both(tx: TicketsTx, source_id: str, target_id: str) -> tuple[Session, Session]:
    """In the order of their ids, so that two who move against each other wait and do not block. Raises ``NotFound``."""
    found = {session_id: await tx.lock_session(session_id) for session_id in sorted({source_id, target_id})}
    source, target = found[source_id], found[target_id]
    if source is None or target is None:
        raise NotFound("no such ticket or session")
    return source, target


async def relocate(
    tx: RelocationTx, sessions: tuple[Session, Session], wanted: Relocation, sender: Sender
) -> Relocated:
    """``sessions`` are from and to, locked. Raises ``SessionClosed``, ``NotWaiting`` and what ``leave`` raises."""
    source, target = sessions
    if source.id == target.id:
        raise NotWaiting("the ticket stands in this line already")
    target.check_takes_bookings(wanted.by.now)
    before, there = await tx.line(source), await tx.line(target)
    after, left = wanted.leave(before)
    new, arrived = await _new_ticket(tx, before.ticket(wanted.ticket_id), target, wanted)
    moves = Movement(source, before, after, left), Movement(target, there, there.with_ticket(new), arrived)
    topics = [topic for moved in moves for topic in await keep(tx, moved, wanted.by, sender)]
    await _tell_patient(tx, before.ticket(wanted.ticket_id), new, (target, wanted.by, sender))
    return Relocated(new, [*topics, "outbox"])


def continued(old: Ticket, new: Ticket, cause: Cause, now: datetime) -> tuple[Ticket, tuple[Event, ...]]:
    """``new`` with what the patient brings along. Who is sent on while being here is here in the new line too."""
    kept = replace(new, urgency=old.urgency, came_from=old.id)
    if cause is not Cause.TRANSFERRED or old.state is TicketState.BOOKED:
        return kept, ()
    here = replace(kept, state=TicketState.ARRIVED, arrived_at=now, cause=cause)
    return here, (TicketArrived(here.id),)


async def _new_ticket(
    tx: RelocationTx, old: Ticket, target: Session, wanted: Relocation
) -> tuple[Ticket, tuple[Event, ...]]:
    turn_at = target.turn_at((await tx.places(target)).minutes)
    issued = await tx.issue_serial(target.id)
    contact = await tx.contact(old.id)
    if issued is None or contact is None:
        raise NotFound("no such ticket")
    now = wanted.by.now
    blank = new_ticket(new_id(), issued.last_serial, planned_at=max(turn_at, now))
    new, arrived = continued(old, blank, wanted.cause, now)
    wish = _fitting(await tx.wish(old.id), target)
    await tx.add_ticket(Booking(target.id, contact.patient_id, new, wish, now, wanted.by_id))
    await tx.carry_over(old.id, new.id, link_expires_at(target, now))
    detail: dict[str, str | int | bool | None] = {
        "serial": new.serial,
        "patient": contact.patient_id,
        "came_from": old.id,
    }
    await tx.audit(AuditEntry(now, wanted.by.actor, "ticket.booked", f"ticket:{new.id}", detail))
    return new, arrived


def _fitting(wish: Wish, target: Session) -> Wish:
    """Of what the target offers, the same kind or its first one."""
    offered = [planned.kind for planned in target.kinds]
    if wish.kind in offered:
        return wish
    return replace(wish, kind=offered[0] if offered else None)


async def _tell_patient(tx: RelocationTx, old: Ticket, new: Ticket, said: tuple[Session, By, Sender]) -> None:
    target, by, sender = said
    to = await tx.contact(new.id)
    if to and to.link_id:
        await tx.add_delivery(letters.moved(sender, to, target, by.now, old_serial=old.serial))
