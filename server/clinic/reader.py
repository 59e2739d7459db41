"""Reading the clinic: today's sessions, a line, and who may see which patient. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

import msgspec

from server.access.principal import Principal
from server.access.roles import Action, Role
from server.clinic.booking import Issued
from server.clinic.errors import NotFound
from server.clinic.rights import arranges, runs, sees
from server.clinic.session import Session, SessionState, day_bounds
from server.clinic.views import (
    DisplayView,
    Known,
    LineView,
    Online,
    SessionView,
    TargetView,
    TicketFacts,
    TicketRow,
    Waits,
    line_view,
    nobody_knows,
    session_view,
    ticket_row,
    without_findings,
)

REACHES_BACK = timedelta(hours=12)  # a session that began this morning still takes somebody
REACHES_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``first`` on, before ``end``."""

    first: datetime
    end: datetime


class SessionLook(Protocol):
    async def session(self, session_id: str) -> Session | None: ...
    async def session_with(self, ticket_id: str) -> Session | None: ...

    async def sessions(self, span: Span, doctor_id: str | None) -> Sequence[tuple[Session, int]]:
        """Those whose hours fall into ``span`` and those still open, with how many wait.

        Of all doctors, or those that one calls from or may join.
        """
        ...

    async def targets(self, span: Span) -> Sequence[TargetView]:
        """The same of all doctors, with the places that are free."""
        ...

    async def display(self, session_id: str) -> DisplayView | None: ...


class ClinicLook(SessionLook, Protocol):
    async def ticket_facts(self, session_id: str) -> Sequence[TicketFacts]:
        """All tickets of a session by serial number."""
        ...


class ClinicReader:
    """All methods raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[ClinicLook]],
        zone: tzinfo,
        online: Online,
        waits: Waits = nobody_knows,
    ) -> None:
        self._look = look
        self._zone = zone
        self._known = Known(online, waits)

    async def sessions_today(self, principal: Principal, now: datetime) -> list[SessionView]:
        """Those that a doctor calls from or may join; everybody's for those who arrange.

        A session left open stays in the list past midnight.
        """
        today = now.astimezone(self._zone).date()
        span = Span(*day_bounds(today, self._zone))
        doctor_id = principal.id if principal.role is Role.DOCTOR else None
        async with self._look() as look:
            return [session_view(*found) for found in await look.sessions(span, doctor_id)]

    async def targets(self, principal: Principal, ticket_id: str, now: datetime) -> list[TargetView]:
        """Where a ticket may go on: the sessions of today and the days to come that take bookings, but its own."""
        span = Span(now.astimezone(self._zone) - REACHES_BACK, now + REACHES_AHEAD)
        async with self._look() as look:
            own = await look.session_with(ticket_id)
            if own is None or not arranges(principal, own):
                raise NotFound("no such ticket")
            found = await look.targets(span)
        return [each for each in found if each.id != own.id and each.state is not SessionState.CLOSED]

    async def session(self, principal: Principal, session_id: str) -> SessionView:
        return (await self.line(principal, session_id)).session

    async def line(self, principal: Principal, session_id: str) -> LineView:
        """Without what is clinical for a role that may not read alarms."""
        async with self._look() as look:
            session = await look.session(session_id)
            if session is None or not sees(principal, session):
                raise NotFound("no such session")
            view = await self._view(look, session)
        return view if principal.may(Action.ALARM_READ) else without_findings(view)

    async def ticket(self, principal: Principal, session_id: str, ticket_id: str) -> TicketRow:
        rows = (await self.line(principal, session_id)).tickets
        for row in rows:
            if row.id == ticket_id:
                return row
        raise NotFound("no such ticket")

    def issued(self, issued: Issued) -> TicketRow:
        """The row of a booking that was made just now: nobody has done anything with it yet, so nothing is read."""
        facts = TicketFacts(issued.ticket, issued.who.patient, visit_id=None, consented=False, worst_alarm=None)
        return ticket_row(facts, None, self._day(issued.session), self._known)

    async def line_snapshot(self, session_id: str, *, alarms: bool) -> Mapping[str, object]:
        """The topic ``session:…``, without what is clinical ``line:…``: keys "session" and "ticket/{id}", for JSON."""
        async with self._look() as look:
            session = await look.session(session_id)
            if session is None:
                return {}
            view = await self._view(look, session)
        shown = view if alarms else without_findings(view)
        rows = {f"ticket/{row.id}": msgspec.to_builtins(row) for row in shown.tickets}
        return {"session": msgspec.to_builtins(shown.session), **rows}

    async def display(self, session_id: str) -> DisplayView:
        """For a screen that everybody may see."""
        async with self._look() as look:
            found = await look.display(session_id)
        if found is None:
            raise NotFound("no such session")
        return found

    async def may_watch(self, principal: Principal, session_id: str, *, alarms: bool) -> bool:
        """With its alarms for the session's doctors alone; without them, for everybody who may read the line."""
        async with self._look() as look:
            session = await look.session(session_id)
        return session is not None and (runs if alarms else sees)(principal, session)

    async def _view(self, look: ClinicLook, session: Session) -> LineView:
        return line_view(session, list(await look.ticket_facts(session.id)), self._day(session), self._known)

    def _day(self, session: Session) -> date:
        return session.opens_at.astimezone(self._zone).date()
