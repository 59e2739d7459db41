"""What the clinic tells a patient by SMS, and for how long that is worth sending. Pure: nothing is sent here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server.clinic.session import LINK_OUTLIVES_SESSION, Session
from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender, locale_of
from server.notifications.templates import Text

SHORTEST_LIFE = timedelta(hours=1)  # of a text that is written after the session should have closed
SOON = timedelta(minutes=15)  # "three ahead of you" is no news any more after that


@dataclass(frozen=True, slots=True)
class Contact:
    """How the patient of a ticket is reached. ``link_id`` is the ticket's living join link, if it has one."""

    ticket_id: str
    serial: int
    patient_id: str
    phone: str
    locale: str
    link_id: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """From when to when a text means something."""

    created_at: datetime
    expires_at: datetime


def booked(sender: Sender, to: Contact, session: Session, now: datetime) -> NewDelivery:
    text = messages.booked(sender, locale_of(to.locale), serial=to.serial, opens_at=session.opens_at)
    return _letter(to, text, f"ticket:{to.ticket_id}:booked", session_life(session, now))


def link_reset(sender: Sender, to: Contact, session: Session, now: datetime) -> NewDelivery:
    """Every new link is a cause of its own, so that a second reset is told again."""
    text = messages.link_reset(sender, locale_of(to.locale), serial=to.serial)
    return _letter(to, text, f"link:{to.link_id}:reset", session_life(session, now))


def called(sender: Sender, to: Contact, visit_id: str, life: Life) -> NewDelivery:
    """For a patient whose page is closed while the doctor rings; ``life`` is that of the ring."""
    text = messages.called(sender, locale_of(to.locale), serial=to.serial)
    return _letter(to, text, f"visit:{visit_id}:called", life)


def missed(sender: Sender, to: Contact, times: int, life: Life) -> NewDelivery:
    """For one who waits again after ``times`` missed calls; ``life`` is that of the session."""
    text = messages.missed(sender, locale_of(to.locale), serial=to.serial)
    return _letter(to, text, f"ticket:{to.ticket_id}:missed:{times}", life)


def three_ahead(sender: Sender, to: Contact, ahead: int, now: datetime) -> NewDelivery:
    """Once a ticket, so that nobody has to stare at the page."""
    text = messages.three_ahead(sender, locale_of(to.locale), serial=to.serial, ahead=ahead)
    return _letter(to, text, f"ticket:{to.ticket_id}:three_ahead", Life(now, now + SOON))


def cancelled(sender: Sender, to: Contact, session: Session, now: datetime) -> NewDelivery:
    """The number is given back or given up; the link is dead and stands in no text."""
    text = messages.cancelled(sender, locale_of(to.locale), serial=to.serial, opens_at=session.opens_at)
    return _letter(replace(to, link_id=None), text, f"ticket:{to.ticket_id}:cancelled", session_life(session, now))


def moved(sender: Sender, to: Contact, session: Session, now: datetime, *, old_serial: int) -> NewDelivery:
    """``to`` is the patient under the new number, ``session`` the one that it is of; the link is the old one."""
    text = messages.moved(
        sender, locale_of(to.locale), serial=to.serial, old_serial=old_serial, opens_at=session.opens_at
    )
    return _letter(to, text, f"ticket:{to.ticket_id}:moved", session_life(session, now))


def link_expires_at(session: Session, now: datetime) -> datetime:
    return max(session.closes_at, now) + LINK_OUTLIVES_SESSION


def session_life(session: Session, now: datetime) -> Life:
    return Life(now, max(session.closes_at, now + SHORTEST_LIFE))


def _letter(to: Contact, text: Text, cause: str, life: Life) -> NewDelivery:
    return NewDelivery(
        cause=cause,
        recipient=f"patient:{to.patient_id}",
        address=to.phone,
        text=text,
        created_at=life.created_at,
        expires_at=life.expires_at,
        link_id=to.link_id,
    )
