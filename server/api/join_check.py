"""The join link's two steps before anybody is signed in: look, which changes nothing, and the second check."""

from datetime import date, datetime
from typing import Annotated, Final, Protocol

import msgspec

from server.access.errors import LinkDead, LinkLocked, WrongBirthDate
from server.access.join_check import JoinCheck
from server.api.errors import ProblemKind, Problems
from server.api.framework import Answer, Audience, Body, Call, Cookie, Route
from server.visits.views import HospitalView, MyTicket

problems: Final[Problems] = {
    LinkDead: ProblemKind(410, "link-dead", "The link is not valid"),
    LinkLocked: ProblemKind(410, "link-locked", "The link is locked"),
    WrongBirthDate: ProblemKind(403, "wrong-birth-date", "The birth date is wrong", ("tries_left",)),
}

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class LinkToken(Body, frozen=True):
    """The token stands behind ``#`` in the link, so it comes in a body: no log of addresses ever holds it."""

    token: Token


class BirthDateCheck(Body, frozen=True):
    token: Token
    birth_date: date


class LinkView(msgspec.Struct, frozen=True):
    """Where and when, nothing about whom."""

    hospital: HospitalView
    opens_at: datetime
    closes_at: datetime
    tries_left: int


class Joined(msgspec.Struct, frozen=True):
    ticket: MyTicket


class Tickets(Protocol):
    async def my_ticket(self, ticket_id: str) -> MyTicket: ...


def routes(check: JoinCheck, tickets: Tickets, hospital: HospitalView) -> list[Route]:
    handlers = _Handlers(check, tickets, hospital)
    return [
        Route(
            method="POST",
            path="/join/look",
            handler=handlers.look,
            audience=Audience.PUBLIC,
            body=LinkToken,
            reply=LinkView,
        ),
        Route(
            method="POST",
            path="/join/check",
            handler=handlers.check,
            audience=Audience.PUBLIC,
            body=BirthDateCheck,
            reply=Joined,
        ),
    ]


class _Handlers:
    def __init__(self, check: JoinCheck, tickets: Tickets, hospital: HospitalView) -> None:
        self._check = check
        self._tickets = tickets
        self._hospital = hospital

    async def look(self, call: Call[LinkToken]) -> LinkView:
        link = await self._check.look(call.body.token, call.address, call.now)
        return LinkView(self._hospital, link.opens_at, link.closes_at, link.tries_left)

    async def check(self, call: Call[BirthDateCheck]) -> Answer:
        signed_in = await self._check.check(call.body.token, call.body.birth_date, call.address, call.now)
        ticket = await self._tickets.my_ticket(signed_in.principal.id)
        cookie = Cookie(Audience.PATIENT, signed_in.token, signed_in.expires_at)
        return Answer(Joined(ticket), cookies=(cookie,))
