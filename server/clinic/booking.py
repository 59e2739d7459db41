"""A BOOKING: serial number, ticket, link, SMS and audit stand or fall together. Whoever books comes through here.

Many who book at once are written in one transaction (``Bookings``); each is judged alone, in the order of coming.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.links import NewLink, new_link
from server.access.principal import Principal
from server.clinic import letters, news
from server.clinic.errors import ClinicError
from server.clinic.kinds import VisitKind
from server.clinic.letters import Contact, link_expires_at
from server.clinic.line import LATE_GRACE
from server.clinic.recognition import Claim, Identity, KnownPatient, RecognitionTx, identify, register
from server.clinic.roster.errors import KindNotOffered
from server.clinic.roster.waiting_list import Places
from server.clinic.session import Session
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import Ticket, new_ticket
from server.grouped import Grouped
from server.ids import new_id
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.patients.known import Register
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

    ``origin`` is the network that asked, where anybody may ask. ``claim`` is what staff say of who it is; None: nobody
    is looked for. ``known``: the patient's row is there already; ``was`` is what it said, where that has changed.
    """

    patient: Patient
    by: str
    actor: str
    wish: Wish = ANY
    origin: str | None = None
    claim: Claim | None = None
    known: bool = False
    was: Patient | None = None

    def identified(self, identity: Identity) -> "Newcomer":
        return replace(self, patient=identity.patient, known=identity.known, was=identity.was)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place in a session, asked for ``now``.

    ``admit`` gives the session back where this person may be booked into it, and raises the refusal. ``held``: it is
    this person's place already, however many were squeezed in meanwhile.
    """

    session_id: str
    who: Newcomer
    now: datetime
    admit: Callable[[Session | None], Session]
    held: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """The row of one ticket; its patient's is there."""

    session_id: str
    patient_id: str
    ticket: Ticket
    wish: Wish
    booked_at: datetime
    booked_by: str


@dataclass(frozen=True, slots=True)
class Issued:
    """Everything that one booking writes. ``session`` is as it stands then: its last number is this ticket's."""

    session: Session
    who: Newcomer
    booking: Booking
    link: NewLink
    letter: NewDelivery
    entry: AuditEntry

    @property
    def ticket(self) -> Ticket:
        return self.booking.ticket


class BookingTx(RecognitionTx, Protocol):
    async def lock_sessions(self, session_ids: Sequence[str]) -> Sequence[Session]:
        """Those that are there, their rows locked until the commit, in the order of their ids: two who lock several
        wait for each other and not in a circle."""
        ...

    async def places(self, session: Session) -> Places: ...

    async def add_bookings(self, issued: Sequence[Issued]) -> None:
        """Their rows, and each session's last number; of a known patient, how the patient is reached now."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class Bookings:
    """Group commit: who books while a transaction is under way is booked in the next one, and answered after it."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[BookingTx]], tell: Tell, rules: ClinicRules
    ) -> None:
        self._tell = tell
        self._rules = rules
        self._grouped: Grouped[BookingTx, Wanted, Issued] = Grouped(begin, self._write, self._told)

    async def book(self, wanted: Wanted) -> Issued:
        """Told when it returns. Raises what ``wanted.admit`` raises, ``SessionClosed``, ``SessionFull``,
        ``KindNotOffered``, ``KnownPatient``."""
        return await self._grouped(wanted)

    async def _write(self, tx: BookingTx, wanted: Sequence[Wanted]) -> Sequence[Issued | Exception]:
        return await book_all(tx, self._rules, wanted)

    async def _told(self, issued: Sequence[Issued]) -> None:
        await tell_all(self._tell, topics(issued))


async def book_all(tx: BookingTx, rules: ClinicRules, wanted: Sequence[Wanted]) -> list[Issued | ClinicError]:
    """Each booked, or why not; a number that is refused is not used."""
    sessions = await tx.lock_sessions(sorted({each.session_id for each in wanted}))
    places = [await tx.places(each) if _is_counted(each) else None for each in sessions]
    known = await register(tx, [(each.who.patient, each.who.claim) for each in wanted])
    counter = Counter(rules, sessions, places, known)
    done = [counter.judge(each) for each in wanted]
    await tx.add_bookings([each for each in done if isinstance(each, Issued)])
    return [await _shown(tx, each, of) for each, of in zip(done, wanted, strict=True)]


async def _shown(tx: BookingTx, done: Issued | ClinicError, of: Wanted) -> Issued | ClinicError:
    """Who is told of patients, is told within the transaction that found them, and that is kept."""
    if not isinstance(done, KnownPatient):
        return done
    detail = {"alike": len(done.alike)}
    await tx.audit(AuditEntry(of.now, of.who.actor, "patients.alike", f"session:{of.session_id}", detail))
    return done.with_candidates(await tx.acquaintances(of.session_id, done.alike))


def topics(issued: Iterable[Issued]) -> list[str]:
    """What a commit of bookings has changed."""
    return [*(topic for each in issued for topic in news.line_topics(each.session.id)), "outbox"]


class Counter:
    """The numbers and places of locked sessions, given out one after the other within one transaction. Pure.

    ``places`` of a session are None where nothing is counted.
    """

    def __init__(
        self, rules: ClinicRules, sessions: Sequence[Session], places: Sequence[Places | None], known: Register
    ) -> None:
        self._rules, self._known = rules, known
        self._sessions = {session.id: session for session in sessions}
        self._places = {session.id: of for session, of in zip(sessions, places, strict=True) if of}

    def judge(self, wanted: Wanted) -> Issued | ClinicError:
        try:
            return self.issue(wanted)
        except ClinicError as refusal:
            return refusal

    def issue(self, wanted: Wanted) -> Issued:
        """Raises what ``wanted.admit`` raises, ``SessionClosed``, ``SessionFull``, ``KindNotOffered``,
        ``KnownPatient``."""
        session = wanted.admit(self._sessions.get(wanted.session_id))
        session.check_takes_bookings(wanted.now)
        wish = offered_wish(session, wanted.who.wish)
        if not wanted.held:
            self._check_free(session)
        who = self._identified(replace(wanted.who, wish=wish))
        planned_at = self._take_place(session, wish)
        issued = self._sessions[session.id] = replace(session, last_serial=session.last_serial + 1)
        return self._issued(issued, who, planned_at, wanted.now)

    def _identified(self, who: Newcomer) -> Newcomer:
        """The next of the group may be the same person."""
        if who.claim is not None:
            who = who.identified(identify(who.patient, who.claim, self._known))
        self._known.add(who.patient)
        return who

    def _issued(self, session: Session, who: Newcomer, planned_at: datetime, now: datetime) -> Issued:
        ticket = new_ticket(new_id(), session.last_serial, planned_at)
        link = new_link(self._rules.link_key, ticket.id, now, link_expires_at(session, now))
        detail: dict[str, str | int | bool | None] = {"serial": ticket.serial, "patient": who.patient.id}
        if who.claim is not None and who.known:
            detail |= {"known": True, "reached_otherwise": who.was is not None}
        return Issued(
            session,
            who,
            Booking(session.id, who.patient.id, ticket, who.wish, now, who.by),
            link,
            self._letter(session, who, (ticket, link), now),
            AuditEntry(now, who.actor, "ticket.booked", f"ticket:{ticket.id}", detail),
        )

    def _letter(self, session: Session, who: Newcomer, of: tuple[Ticket, NewLink], now: datetime) -> NewDelivery:
        (ticket, link), patient = of, who.patient
        to = Contact(ticket.id, ticket.serial, patient.id, patient.phone, patient.locale, link.id)
        return replace(letters.booked(self._rules.sender, to, session, now), origin=who.origin)

    def _check_free(self, session: Session) -> None:
        """Raises ``SessionFull``."""
        places = self._places.get(session.id)
        if places is not None:
            places.check_free()

    def _take_place(self, session: Session, wish: Wish) -> datetime:
        """When the turn should come: after the planned minutes of all who hold a place.

        Where nothing is planned, everybody is asked to come when the session opens.
        """
        places = self._places.get(session.id)
        if places is None:
            return session.opens_at
        self._places[session.id] = places.taken(session.minutes(wish.kind))
        return session.turn_at(places.minutes)


def _is_counted(session: Session) -> bool:
    """Where there is nothing to count, a crowd would be counted at every booking."""
    return session.capacity is not None or bool(session.kinds)


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
