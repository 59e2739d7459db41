"""A step of a line in its transaction: rows, audit, letters, dead links, and the places that it gives back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic import news
from server.clinic.letters import Contact
from server.clinic.line import changes
from server.clinic.movement import By, Movement, due_letters, ended, written
from server.clinic.roster.places import PlacesTx, offer_places
from server.clinic.roster.waiting_list import GIVEN_BACK
from server.clinic.ticket import Ticket
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender

SIGN_IN_OUTLIVES_TICKET = timedelta(minutes=10)  # the page must still be able to say that the ticket is over


class RowsTx(Protocol):
    async def save_tickets(self, tickets: Sequence[Ticket]) -> None: ...
    async def audit(self, entry: AuditEntry) -> None: ...
    async def contact(self, ticket_id: str) -> Contact | None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...

    async def end_link(self, ticket_id: str, now: datetime, sign_in_until: datetime) -> None:
        """The join link is dead from ``now`` on, and whoever came in by it is out at ``sign_in_until``."""
        ...


class MovingTx(RowsTx, PlacesTx, Protocol):
    """What a step of a line writes."""


async def keep(tx: MovingTx, moved: Movement, by: By, sender: Sender) -> list[str]:
    """Everything that the step means, in the caller's transaction and under the session's lock.

    The live topics to tell once it has committed.
    """
    await tx.save_tickets(changes(moved.before, moved.after))
    for entry in news.audit_entries(moved.happened, by.actor, by.now):
        await tx.audit(entry)
    letters = await _write(tx, moved, by.now, sender)
    for ticket in ended(moved):
        await tx.end_link(ticket.id, by.now, by.now + SIGN_IN_OUTLIVES_TICKET)
    if any(ticket.state in GIVEN_BACK for ticket in changes(moved.before, moved.after)):
        letters += await offer_places(tx, sender, moved.session, by.now)
    return [*news.topics(moved.session.id, moved.before, moved.after), *(["outbox"] if letters else [])]


async def _write(tx: MovingTx, moved: Movement, now: datetime, sender: Sender) -> int:
    """How many letters. Before any link dies, since a letter may name it."""
    count = 0
    for due in due_letters(moved):
        to = await tx.contact(due.ticket_id)
        letter = written(sender, due, moved, to, now=now) if to else None
        if letter and await tx.add_delivery(letter):
            count += 1
    return count
