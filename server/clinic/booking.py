"""A BOOKING: serial number, ticket, link, SMS and audit stand or fall together. Whoever books comes through here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.links import NewLink, new_link
from server.access.principal import Principal
from server.clinic import letters
from server.clinic.kinds import VisitKind
from server.clinic.letters import Contact
from server.clinic.line import LATE_GRACE
from server.clinic.roster.errors import KindNotOffered
from server.clinic.roster.waiting_list import Places
from server.clinic.session import Session
from server.clinic.ticket import Ticket, new_ticket
from server.ids import new_id
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.patients.patient import Patient

Admit = Callable[[Principal, datetime], Awaitable[None]]


async def everybody(_doctor: Principal, _now: datetime) -> None:
    """Where no rules pack is asked."""


@dataclass(frozen=True, slots=True)
class ClinicRules:
    """What differs from hospital to hospital. ``region`` is that of telephone numbers, ISO 3166-1 alpha-2.

    ``admit`` is asked before a doctor opens or joins a session, and raises what the law of the place refuses.
    """

    sender: Sender
    region: str
    link_key: bytes
    late_grace: timedelta = LATE_GRACE
    admit: Admit = everybody


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a session. ``kind`` None is its first one, where it offers any."""

    kind: VisitKind | None = None
    guardian: str | None = None


ANY = Wish()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is booked and by whom: ``by`` is a user's id or "public", ``actor`` as in the audit.

    ``origin`` is the network that asked, where anybody may ask.
    """

    patient: Patient
    by: str
    actor: str
    wish: Wish = ANY
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """The row of one ticket; its patient's is there."""

    session_id: str
    patient_id: str
    ticket: Ticket
    wish: Wish
    booked_at: datetime
    booked_by: str


class LetterTx(Protocol):
    async def add_link(self, link: NewLink) -> None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class TicketTx(LetterTx, Protocol):
    async def places(self, session: Session) -> Places: ...
    async def add_ticket(self, booking: Booking) -> None: ...


class BookingTx(TicketTx, Protocol):
    async def issue_serial(self, session_id: str) -> Session | None:
        """The session with its ``last_serial`` raised by one, its row locked until the commit."""
        ...

    async def add_patient(self, patient: Patient, at: datetime, by: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Counter:
    """Where bookings are written: one transaction, at one moment."""

    tx: TicketTx
    rules: ClinicRules
    now: datetime

    async def book(self, session: Session, who: Newcomer) -> Ticket:
        """The ticket with the number that was issued for it: ``session.last_serial``. Its patient's row is there.

        Raises ``SessionClosed``, ``SessionFull``, ``KindNotOffered``; the number is then not used.
        """
        session.check_takes_bookings()
        wish = offered_wish(session, who.wish)
        ticket = new_ticket(new_id(), session.last_serial, await self._planned_at(session))
        await self.tx.add_ticket(Booking(session.id, who.patient.id, ticket, wish, self.now, who.by))
        await self._confirm(session, ticket, who)
        detail: dict[str, str | int | bool | None] = {"serial": ticket.serial, "patient": who.patient.id}
        await self.tx.audit(AuditEntry(self.now, who.actor, "ticket.booked", f"ticket:{ticket.id}", detail))
        return ticket

    async def add_link(self, ticket_id: str, session: Session) -> NewLink:
        expires_at = letters.link_expires_at(session, self.now)
        link = new_link(self.rules.link_key, ticket_id, self.now, expires_at)
        await self.tx.add_link(link)
        return link

    async def _confirm(self, session: Session, ticket: Ticket, who: Newcomer) -> None:
        link = await self.add_link(ticket.id, session)
        patient = who.patient
        to = Contact(ticket.id, ticket.serial, patient.id, patient.phone, patient.locale, link.id)
        letter = letters.booked(self.rules.sender, to, session, self.now)
        await self.tx.add_delivery(replace(letter, origin=who.origin))

    async def _planned_at(self, session: Session) -> datetime:
        """When the turn should come: after the planned minutes of all who hold a place. Raises ``SessionFull``.

        Where nothing is planned, everybody is asked to come when the session opens.
        """
        if session.capacity is None and not session.kinds:
            return session.opens_at  # nothing to count, and a crowd would be counted at every booking
        places = await self.tx.places(session)
        places.check_free()
        turn = session.opens_at + timedelta(minutes=places.minutes)
        return min(turn, session.closes_at)


def offered_wish(session: Session, wish: Wish) -> Wish:
    """With the kind that the session offers. Raises ``KindNotOffered``."""
    offered = [planned.kind for planned in session.kinds]
    if not offered:
        return replace(wish, kind=None)
    if wish.kind is None:
        return replace(wish, kind=offered[0])
    if wish.kind not in offered:
        raise KindNotOffered
    return wish
