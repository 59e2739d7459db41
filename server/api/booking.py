"""Booking: by anybody without an account, offers of the waiting list, moves, capacity, the calendar file."""

from datetime import date, datetime
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import ProblemKind, Problems
from server.api.framework import Audience, Body, Call, File, Route
from server.api.person import Person
from server.clinic.roster import errors
from server.clinic.roster.appointments import Appointments
from server.clinic.roster.moves import Moves
from server.clinic.roster.public import Confirmed, PublicBooking, Request
from server.clinic.session import Session
from server.clinic.ticket import Ticket
from server.clinic.views import DoctorView

problems: Final[Problems] = {
    errors.SessionFull: ProblemKind(409, "session-full", "The session is full"),
    errors.PlacesFree: ProblemKind(409, "places-free", "The session has places"),
    errors.OfferOver: ProblemKind(410, "offer-over", "The offer is not valid"),
    errors.WrongBirthDate: ProblemKind(403, "wrong-birth-date", "The birth date is wrong", ("tries_left",)),
}

CALENDAR: Final = "text/calendar"
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class PublicBookingWish(Person, frozen=True, kw_only=True):
    session_id: str


class OfferToken(Body, frozen=True):
    """The token stands behind ``#`` in the link of the message, so it comes in a body."""

    token: Token


class OfferTaken(Body, frozen=True):
    token: Token
    birth_date: date


class Target(Body, frozen=True):
    session_id: str


class Capacity(Body, frozen=True):
    """null: no bound."""

    capacity: int | None


class BookedView(msgspec.Struct, frozen=True):
    """What the page says of a new booking. ``calendar`` is a file's text; the link that leads in goes by SMS only."""

    serial: int
    title: str
    doctor: DoctorView
    opens_at: datetime
    closes_at: datetime
    calendar: str


class ListedView(msgspec.Struct, frozen=True):
    title: str
    opens_at: datetime
    closes_at: datetime


class OfferView(msgspec.Struct, frozen=True):
    """Where and until when, nothing about whom."""

    title: str
    doctor: DoctorView
    opens_at: datetime
    closes_at: datetime
    until: datetime | None
    tries_left: int


class MovedView(msgspec.Struct, frozen=True):
    """The new ticket; the old number is void and is nobody's again."""

    ticket_id: str
    session_id: str
    serial: int


def routes(public: PublicBooking, moves: Moves, appointments: Appointments, locale: str) -> list[Route]:
    """``locale`` is the hospital's, for a booking that names none."""
    return [*_public(_Public(public, appointments, locale)), *_signed_in(_SignedIn(moves, appointments))]


def _public(to: "_Public") -> list[Route]:
    everybody = Audience.PUBLIC
    return [
        Route(
            method="POST",
            path="/bookings",
            handler=to.book,
            audience=everybody,
            body=PublicBookingWish,
            reply=BookedView,
            status=201,
        ),
        Route(
            method="POST",
            path="/sessions/{id}/waiting-list",
            handler=to.join_list,
            audience=everybody,
            body=Person,
            reply=ListedView,
            status=202,
        ),
        Route(
            method="POST",
            path="/offers/look",
            handler=to.look,
            audience=everybody,
            body=OfferToken,
            reply=OfferView,
        ),
        Route(
            method="POST",
            path="/offers/accept",
            handler=to.accept,
            audience=everybody,
            body=OfferTaken,
            reply=BookedView,
            status=201,
        ),
    ]


def _signed_in(to: "_SignedIn") -> list[Route]:
    arrange, own, patient = Action.TICKET_BOOK, Action.TICKET_OWN, Audience.PATIENT
    return [
        Route(method="POST", path="/sessions/{id}/capacity", handler=to.resize, action=arrange, body=Capacity),
        Route(
            method="POST",
            path="/tickets/{id}/move",
            handler=to.move,
            action=arrange,
            body=Target,
            reply=MovedView,
        ),
        Route(
            method="POST",
            path="/ticket/move",
            handler=to.move_own,
            audience=patient,
            action=own,
            body=Target,
            reply=MovedView,
        ),
        Route(
            method="GET",
            path="/ticket/calendar.ics",
            handler=to.calendar,
            audience=patient,
            action=own,
            reply=File,
        ),
    ]


class _Public:
    def __init__(self, public: PublicBooking, appointments: Appointments, locale: str) -> None:
        self._public = public
        self._appointments = appointments
        self._locale = locale

    async def book(self, call: Call[PublicBookingWish]) -> BookedView:
        asked = self._request(call.body, call.body.session_id, call.address)
        return self._booked(await self._public.book(asked, call.now), call.now)

    async def join_list(self, call: Call[Person]) -> ListedView:
        asked = self._request(call.body, call.path["id"], call.address)
        session = await self._public.join_list(asked, call.now)
        return ListedView(session.title, session.opens_at, session.closes_at)

    async def look(self, call: Call[OfferToken]) -> OfferView:
        held = await self._public.look_at_offer(call.body.token, call.address, call.now)
        session, entry = held.session, held.entry
        return OfferView(
            title=session.title,
            doctor=_doctor(session),
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            until=entry.offered_until,
            tries_left=entry.tries_left,
        )

    async def accept(self, call: Call[OfferTaken]) -> BookedView:
        confirmed = await self._public.accept(call.body.token, call.body.birth_date, call.address, call.now)
        return self._booked(confirmed, call.now)

    def _request(self, typed: Person, session_id: str, address: str) -> Request:
        return Request(session_id, typed.details(self._locale), typed.wish, address)

    def _booked(self, confirmed: Confirmed, now: datetime) -> BookedView:
        session = confirmed.session
        return BookedView(
            serial=confirmed.ticket.serial,
            title=session.title,
            doctor=_doctor(session),
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            calendar=self._appointments.of_booking(confirmed, now),
        )


class _SignedIn:
    def __init__(self, moves: Moves, appointments: Appointments) -> None:
        self._moves = moves
        self._appointments = appointments

    async def resize(self, call: Call[Capacity]) -> None:
        await self._moves.set_capacity(call.who, call.path["id"], call.body.capacity, call.now)

    async def move(self, call: Call[Target]) -> MovedView:
        return await self._move(call, call.path["id"])

    async def move_own(self, call: Call[Target]) -> MovedView:
        return await self._move(call, call.who.id)

    async def calendar(self, call: Call[None]) -> File:
        return File(await self._appointments.of_ticket(call.who.id, call.now), CALENDAR, "visit.ics")

    async def _move(self, call: Call[Target], ticket_id: str) -> MovedView:
        ticket: Ticket = await self._moves.move(call.who, ticket_id, call.body.session_id, call.now)
        return MovedView(ticket.id, call.body.session_id, ticket.serial)


def _doctor(session: Session) -> DoctorView:
    return DoctorView(session.doctor_id, session.doctor_name)
