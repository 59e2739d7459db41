"""What every transaction that gives a place back does: the next on the waiting list is offered it in that commit."""

from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic.roster.letters import Offer, offered
from server.clinic.roster.waiting_list import Entry, Event, PlaceOffered, Places, changes, offer_ends
from server.clinic.session import Session, SessionState
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.patients.patient import Patient


class PlacesTx(Protocol):
    async def places(self, session: Session) -> Places: ...
    async def save_entry(self, entry: Entry) -> None: ...

    async def listed(self, entry_id: str) -> Patient:
        """Who waits."""
        ...

    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


async def offer_places(tx: PlacesTx, sender: Sender, session: Session, now: datetime) -> bool:
    """Hold every free place for the next who waits, and tell them. True where anything happened.

    ``session`` is locked, what has changed in its tickets is saved.
    """
    before = await tx.places(session)
    until = now if session.state is SessionState.CLOSED else offer_ends(now, session.opens_at, session.closes_at)
    after, happened = before.refill(now, until)
    for entry in changes(before, after):
        await tx.save_entry(entry)
    for event in happened:
        await _tell(tx, sender, event, session, now=now)
    return bool(happened)


async def _tell(tx: PlacesTx, sender: Sender, event: Event, session: Session, *, now: datetime) -> None:
    action = "place.offer_lapsed"
    if isinstance(event, PlaceOffered):
        action, offer = "place.offered", Offer(event.entry_id, session.opens_at, now, event.until)
        await tx.add_delivery(offered(sender, await tx.listed(event.entry_id), offer))
    await tx.audit(AuditEntry(now, "system", action, f"session:{session.id}", {"entry": event.entry_id}))
