"""BOOKING WITHOUT AN ACCOUNT: a place in a session, or one on its waiting list, and taking the place that is offered.

Whatever is asked, the answer is the same for somebody whom the hospital knows and somebody whom it does not: nobody is
looked up, every booking is a new one, and what leads to it goes by SMS alone.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.limits import GUESSES_AN_ADDRESS, Allowance, Limiter, caller
from server.access.links import token_hash
from server.clinic.booking import (
    Bookings,
    BookingTx,
    ClinicRules,
    Issued,
    Newcomer,
    Wanted,
    Wish,
    book_all,
    offered_wish,
    topics,
)
from server.clinic.errors import ClinicError, NotFound, SessionClosed
from server.clinic.roster.errors import OfferOver, WrongBirthDate
from server.clinic.roster.letters import offer_hash
from server.clinic.roster.places import PlacesTx, offer_places
from server.clinic.roster.waiting_list import Entry, Places, changes
from server.clinic.session import Session
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import Ticket
from server.ids import new_id
from server.patients.patient import Patient, PatientDetails, new_patient

PUBLIC: Final = "public"  # who books, where nobody is signed in
BOOKINGS_AN_ADDRESS: Final = Allowance(10, timedelta(minutes=2))  # a family, a waiting room's network
# By phone and address, so that a stranger elsewhere does not lock a patient out …
BOOKINGS_A_PHONE: Final = Allowance(4, timedelta(hours=4))
# … and by phone alone, far above what one family needs, against messages from many addresses.
BOOKINGS_A_PHONE_ANYWHERE: Final = Allowance(20, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Request:
    """One public question: into which session, who, what for, and from where."""

    session_id: str
    details: PatientDetails
    wish: Wish
    address: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the page may say of a booking that was just made."""

    ticket: Ticket
    session: Session
    locale: str


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """An offer that stands: whose, and where. ``tries_left`` counts birth dates."""

    session: Session
    entry: Entry
    patient: Patient


class ListTx(Protocol):
    async def lock_session(self, session_id: str) -> Session | None: ...
    async def add_patient(self, patient: Patient, at: datetime, by: str) -> None: ...
    async def add_entry(self, session_id: str, entry: Entry, token_hash: bytes, now: datetime) -> None: ...

    async def lock_offer(self, token_hash: bytes) -> HeldPlace | None:
        """Whatever has become of it; its session is locked."""
        ...


class PublicTx(ListTx, BookingTx, PlacesTx, Protocol):
    """One transaction of somebody who has no account."""


class PublicLook(Protocol):
    async def held_place(self, token_hash: bytes) -> HeldPlace | None: ...

    async def lapsing(self, now: datetime) -> Sequence[str]:
        """Sessions with an offer that has ended."""
        ...


class PublicBooking:
    """All methods raise ``NotFound`` for a session that the public page does not show, ``TooManyTries``."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[PublicTx]],
        look: Callable[[], AbstractAsyncContextManager[PublicLook]],
        tell: Tell,
        rules: ClinicRules,
    ) -> None:
        self._begin = begin
        self._look = look
        self._tell = tell
        self._rules = rules
        self._bookings = Bookings(begin, tell, rules)
        self._addresses = Limiter(BOOKINGS_AN_ADDRESS)
        self._phones = Limiter(BOOKINGS_A_PHONE)
        self._phones_anywhere = Limiter(BOOKINGS_A_PHONE_ANYWHERE)
        self._guesses = Limiter(GUESSES_AN_ADDRESS)

    async def book(self, asked: Request, now: datetime) -> Confirmed:
        """Raises ``InvalidPatient``, ``SessionClosed``, ``SessionFull``, ``KindNotOffered``."""
        patient = self._admit(asked, now)
        newcomer = Newcomer(patient, PUBLIC, PUBLIC, asked.wish, origin=caller(asked.address))
        try:
            issued = await self._bookings.book(Wanted(asked.session_id, newcomer, now, partial(shown, now=now)))
        except ClinicError:
            self._give_back(patient, asked.address)
            raise
        return Confirmed(issued.ticket, issued.session, patient.locale)

    async def join_list(self, asked: Request, now: datetime) -> Session:
        """Wait for a place of a full session. Raises ``InvalidPatient``, ``PlacesFree`` and as ``book``."""
        patient = self._admit(asked, now)
        try:
            async with self._begin() as tx:
                session = shown(await tx.lock_session(asked.session_id), now)
                await self._add_entry(tx, session, patient, offered_wish(session, asked.wish), now=now)
        except ClinicError:
            self._give_back(patient, asked.address)
            raise
        await self._tell("desk")
        return session

    async def look_at_offer(self, token: str, address: str, now: datetime) -> HeldPlace:
        """What the offer says, without a trace. Raises ``OfferOver``."""
        self._guesses.take(caller(address), now)
        async with self._look() as look:
            held = await look.held_place(token_hash(token))
        if held is None or not held.entry.stands(now):
            raise OfferOver
        self._guesses.give_back(caller(address))
        return held

    async def accept(self, token: str, birth_date: date, address: str, now: datetime) -> Confirmed:
        """The held place becomes a ticket with the next number. Raises ``OfferOver``, ``WrongBirthDate``."""
        self._guesses.take(caller(address), now)
        async with self._begin() as tx:
            held = await tx.lock_offer(token_hash(token))
            if held is None:
                raise OfferOver
            wrong = await _judge(tx, held, birth_date, now)
            issued = None if wrong else await self._enter(tx, held, now)
        if issued is None:
            raise wrong or OfferOver
        self._guesses.give_back(caller(address))
        await tell_all(self._tell, topics([issued]))
        return Confirmed(issued.ticket, held.session, held.patient.locale)

    async def tick(self, now: datetime) -> None:
        """Places whose offer has ended are held for the next."""
        async with self._look() as look:
            lapsing = await look.lapsing(now)
        for session_id in lapsing:
            async with self._begin() as tx:
                session = await tx.lock_session(session_id)
                happened = session is not None and await offer_places(tx, self._rules.sender, session, now)
            if happened:
                await tell_all(self._tell, ["desk", "outbox"])

    def _admit(self, asked: Request, now: datetime) -> Patient:
        """The address pays for every try, the phone for one that may send a message."""
        self._addresses.take(caller(asked.address), now)
        today = now.astimezone(self._rules.sender.zone).date()
        patient = new_patient(new_id(), asked.details, today, self._rules.region)
        self._phones.take(_phone_at(patient, asked.address), now)
        self._phones_anywhere.take(patient.phone, now)
        return patient

    def _give_back(self, patient: Patient, address: str) -> None:
        """Nothing was sent: the next session may have a place."""
        self._phones.give_back(_phone_at(patient, address))
        self._phones_anywhere.give_back(patient.phone)

    async def _add_entry(self, tx: PublicTx, session: Session, patient: Patient, wish: Wish, *, now: datetime) -> None:
        places = await tx.places(session)
        entry = Entry(new_id(), patient.id, places.next_position(), wish.kind, wish.guardian)
        places.join(entry)
        await tx.add_patient(patient, now, PUBLIC)
        await tx.add_entry(session.id, entry, offer_hash(self._rules.link_key, entry.id), now)
        await tx.audit(AuditEntry(now, PUBLIC, "place.listed", f"session:{session.id}", {"entry": entry.id}))

    async def _enter(self, tx: PublicTx, held: HeldPlace, now: datetime) -> Issued:
        """In the transaction that takes the offer: a refusal undoes both."""
        who = Newcomer(held.patient, PUBLIC, PUBLIC, Wish(held.entry.kind, held.entry.guardian), known=True)
        wanted = Wanted(held.session.id, who, now, partial(shown, now=now), held=True)
        [issued] = await book_all(tx, self._rules, [wanted])
        if isinstance(issued, ClinicError):
            raise issued
        return issued


async def _judge(tx: PublicTx, held: HeldPlace, birth_date: date, now: datetime) -> WrongBirthDate | None:
    """Compare, and write what follows; a wrong date's try stays used when this transaction commits."""
    before: Places = await tx.places(held.session)
    wrong = None
    if held.patient.birth_date == birth_date:
        after = before.accept(held.entry.id, now)
    else:
        after, wrong = before.refuse(held.entry.id, now)
    for entry in changes(before, after):
        await tx.save_entry(entry)
    return wrong


def shown(session: Session | None, now: datetime) -> Session:
    """One that the public page shows: a department's, and not over. Raises ``NotFound``, ``SessionClosed``."""
    if session is None or session.department is None:
        raise NotFound("no such session")
    session.check_takes_bookings(now)
    if session.closes_at <= now:
        raise SessionClosed("the session is over")
    return session


def _phone_at(patient: Patient, address: str) -> str:
    return f"{patient.phone} {caller(address)}"
