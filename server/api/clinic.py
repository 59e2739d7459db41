"""Sessions, their lines, bookings and new links, for staff; and a line's numbers for a waiting room's screen."""

from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, NOT_FOUND, FieldWrong, ProblemKind, Problems
from server.api.framework import Audience, Body, Call, Route
from server.api.person import Person
from server.clinic import errors
from server.clinic.reader import ClinicReader
from server.clinic.recognition import Claim, KnownPatient
from server.clinic.service import ClinicService
from server.clinic.views import DisplayView, LineView, SessionView, TicketRow
from server.patients.patient import InvalidPatient

problems: Final[Problems] = {
    errors.NotFound: NOT_FOUND,
    errors.SessionNotOpen: ProblemKind(409, "session-not-open", "The session is not open"),
    errors.SessionClosed: ProblemKind(409, "session-closed", "The session is closed"),
    errors.TooEarly: ProblemKind(409, "too-early", "It is too early to check in"),
    errors.NobodyWaiting: ProblemKind(409, "nobody-waiting", "Nobody is waiting"),
    errors.AlreadyInVisit: ProblemKind(409, "already-in-visit", "Somebody is in the room"),
    errors.NotCalled: ProblemKind(409, "not-called", "The doctor is not calling"),
    errors.TicketOver: ProblemKind(409, "ticket-over", "The visit is over"),
    KnownPatient: ProblemKind(409, "known-patient", "Somebody like that is known", ("candidates",)),
    errors.NotWaiting: ProblemKind(409, "not-waiting", "The ticket does not stand so"),
    errors.InvalidWords: INVALID,
    InvalidPatient: INVALID,
}


class NewBooking(Person, frozen=True):
    """Where somebody like that is known, ``patient_id`` says which one it is, or ``new`` that it is nobody of them."""

    patient_id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None
    new: bool = False


class Suspension(Body, frozen=True):
    """``message`` is what those who wait read."""

    message: Annotated[str, msgspec.Meta(max_length=1000)]


class Booked(msgspec.Struct, frozen=True):
    ticket: TicketRow


def routes(clinic: ClinicService, reader: ClinicReader, locale: str) -> list[Route]:
    """``locale`` is the hospital's, for a booking that names none."""
    handlers = _Handlers(clinic, reader, locale)
    read, run = Action.LINE_READ, Action.LINE_RUN
    return [
        Route(method="GET", path="/sessions", handler=handlers.sessions, action=read, reply=list[SessionView]),
        Route(method="POST", path="/sessions/{id}/open", handler=handlers.open, action=run, reply=SessionView),
        Route(method="POST", path="/sessions/{id}/close", handler=handlers.close, action=run, reply=SessionView),
        Route(
            method="POST",
            path="/sessions/{id}/suspend",
            handler=handlers.suspend,
            action=run,
            body=Suspension,
            reply=SessionView,
        ),
        Route(method="POST", path="/sessions/{id}/resume", handler=handlers.resume, action=run, reply=SessionView),
        Route(method="POST", path="/sessions/{id}/join", handler=handlers.join, action=run, reply=SessionView),
        Route(method="POST", path="/sessions/{id}/leave", handler=handlers.leave, action=run),
        Route(
            method="GET",
            path="/display/{id}",
            handler=handlers.display,
            audience=Audience.PUBLIC,
            reply=DisplayView,
        ),
        Route(method="GET", path="/sessions/{id}/line", handler=handlers.line, action=read, reply=LineView),
        Route(
            method="POST",
            path="/sessions/{id}/tickets",
            handler=handlers.book,
            action=Action.TICKET_BOOK,
            body=NewBooking,
            reply=Booked,
            status=201,
        ),
        Route(method="POST", path="/tickets/{id}/link", handler=handlers.reset_link, action=Action.LINK_RESET),
        Route(
            method="POST",
            path="/ticket/arrive",
            handler=handlers.arrive,
            audience=Audience.PATIENT,
            action=Action.TICKET_OWN,
        ),
    ]


class _Handlers:
    def __init__(self, clinic: ClinicService, reader: ClinicReader, locale: str) -> None:
        self._clinic = clinic
        self._reader = reader
        self._locale = locale

    async def sessions(self, call: Call[None]) -> list[SessionView]:
        return await self._reader.sessions_today(call.who, call.now)

    async def open(self, call: Call[None]) -> SessionView:
        await self._clinic.open_session(call.who, call.path["id"], call.now)
        return await self._reader.session(call.who, call.path["id"])

    async def close(self, call: Call[None]) -> SessionView:
        await self._clinic.close_session(call.who, call.path["id"], call.now)
        return await self._reader.session(call.who, call.path["id"])

    async def suspend(self, call: Call[Suspension]) -> SessionView:
        await self._clinic.suspend_session(call.who, call.path["id"], call.body.message, call.now)
        return await self._reader.session(call.who, call.path["id"])

    async def resume(self, call: Call[None]) -> SessionView:
        await self._clinic.resume_session(call.who, call.path["id"], call.now)
        return await self._reader.session(call.who, call.path["id"])

    async def join(self, call: Call[None]) -> SessionView:
        await self._clinic.join_session(call.who, call.path["id"], call.now)
        return await self._reader.session(call.who, call.path["id"])

    async def leave(self, call: Call[None]) -> None:
        await self._clinic.leave_session(call.who, call.path["id"], call.now)

    async def display(self, call: Call[None]) -> DisplayView:
        return await self._reader.display(call.path["id"])

    async def line(self, call: Call[None]) -> LineView:
        return await self._reader.line(call.who, call.path["id"])

    async def book(self, call: Call[NewBooking]) -> Booked:
        typed = call.body
        if typed.new and typed.patient_id is not None:
            raise FieldWrong("new", "is said of nobody who is named by patient_id")
        details, claim = typed.details(self._locale), Claim(typed.patient_id, typed.new)
        issued = await self._clinic.issue(call.who, call.path["id"], details, call.now, wish=typed.wish, claim=claim)
        return Booked(self._reader.issued(issued))

    async def reset_link(self, call: Call[None]) -> None:
        await self._clinic.reset_link(call.who, call.path["id"], call.now)

    async def arrive(self, call: Call[None]) -> None:
        """Of who is signed in already, after a move; the link's second check stamps it otherwise."""
        await self._clinic.arrive(call.who.id, call.now)
