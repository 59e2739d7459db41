"""What the waiting list tells a patient, and the token that an offer is taken by. Pure: nothing is sent here."""

from dataclasses import dataclass
from datetime import datetime

from server.access.links import link_token, token_hash
from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender, locale_of
from server.patients.patient import Patient

OFFER_PREFIX = "offer-"  # no join link's id begins so: the page that an id leads to follows from it


def offer_link(entry_id: str) -> str:
    """The link id of an entry's one offer, as long as any id. 104 random bits remain; the token is derived by key."""
    return f"{OFFER_PREFIX}{entry_id[len(OFFER_PREFIX) :]}"


def offer_hash(key: bytes, entry_id: str) -> bytes:
    """What the store keeps of the offer's token."""
    return token_hash(link_token(key, offer_link(entry_id)))


@dataclass(frozen=True, slots=True)
class Offer:
    """A place that is held for somebody. The text means nothing after ``until``."""

    entry_id: str
    opens_at: datetime
    now: datetime
    until: datetime


def offered(sender: Sender, to: Patient, offer: Offer) -> NewDelivery:
    text = messages.offer(sender, locale_of(to.locale), opens_at=offer.opens_at, until=offer.until)
    return NewDelivery(
        cause=f"offer:{offer.entry_id}",
        recipient=f"patient:{to.id}",
        address=to.phone,
        text=text,
        created_at=offer.now,
        expires_at=offer.until,
        link_id=offer_link(offer.entry_id),
    )
