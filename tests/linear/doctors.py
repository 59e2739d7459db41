"""The doctors of a clinic and their patients in the room: calls, answers, ends, and whether a session is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from server.access.principal import Principal
from server.clinic.line import Pick
from server.store import tables
from server.visits.calls import OutOfTurn
from server.visits.visit import Outcome
from tests.clinic.house import connection
from tests.linear.asked import (
    Answer,
    CallNext,
    CallThis,
    Close,
    End,
    Hours,
    Open,
    Refused,
    Resume,
    Suspend,
    Where,
)
from tests.linear.people import NUMBERED, WHY, Server, done

OUTCOMES: Final = (
    *("completed",) * 3,
    *("unfit_for_online_care",) * 4,
    *("technical_failure", "doctor_absent"),
    *("patient_absent",) * 2,
)


@dataclass
class Doctor:
    """Calls from either session, and ends what was called."""

    server: Server
    who: Principal

    async def work(self) -> None:
        steps: Mapping[str, Callable[[int], Awaitable[object]]] = {
            "next": self._call_next,
            "this": self._call_this,
            "suspend": self._suspend,
            "close": self._close,
        }
        while self.server.plan.more():
            step = self.server.plan.chance.choice(self.server.plan.habits.doctor)
            await steps[step](self.server.some_session())
            await self._see_all()

    async def _call_next(self, session: int) -> None:
        session_id = self.server.place.sessions[session - 1]

        async def ring(at: datetime) -> int:
            visit_id = await self.server.house.calls.call_next(self.who, session_id, at)
            [(_, where)] = await self._visits(tables.visits.c.id == visit_id)
            return where.serial

        called = await self.server.plan.call(self.who.id, CallNext(session, self.who.id), ring)
        if called == Refused.NOT_OPEN:
            await (self._resume if self.server.plan.chance.random() < 0.5 else self._open)(session)

    async def _call_this(self, session: int) -> None:
        if not self.server.plan.tickets:
            return await self._call_next(session)
        ticket, pick = self.server.some_ticket(), self.server.plan.chance.choice(list(Pick))
        wanted = OutOfTurn(self.server.plan.tickets[ticket], pick, WHY)
        op = CallThis(ticket, self.who.id, recalled=pick is Pick.RECALLED)
        await self.server.plan.call(
            self.who.id, op, done(lambda at: self.server.house.calls.call(self.who, wanted, at))
        )
        return None

    async def _suspend(self, session: int) -> None:
        clinic, session_id = self.server.house.clinic, self.server.place.sessions[session - 1]
        await self._hours(Suspend(session), lambda at: clinic.suspend_session(self.who, session_id, "back soon", at))

    async def _resume(self, session: int) -> None:
        clinic, session_id = self.server.house.clinic, self.server.place.sessions[session - 1]
        await self._hours(Resume(session), lambda at: clinic.resume_session(self.who, session_id, at))

    async def _close(self, session: int) -> None:
        clinic, session_id = self.server.house.clinic, self.server.place.sessions[session - 1]
        await self._hours(Close(session), lambda at: clinic.close_session(self.who, session_id, at))

    async def _open(self, session: int) -> None:
        clinic, session_id = self.server.house.clinic, self.server.place.sessions[session - 1]
        await self._hours(Open(session), lambda at: clinic.open_session(self.who, session_id, at))

    async def _hours(self, op: Hours, do: Callable[[datetime], Awaitable[object]]) -> None:
        await self.server.plan.call(self.who.id, op, done(do))

    async def _see_all(self) -> None:
        """Every visit of this doctor that runs, one that nobody was told of too."""
        running = sa.and_(tables.visits.c.doctor_id == self.who.id, tables.visits.c.ended_at.is_(None))
        for visit_id, ticket in await self._visits(running):
            await self._see(visit_id, ticket, self.server.plan.chance.choice(self.server.plan.habits.room))

    async def _see(self, visit_id: str, ticket: Where, manner: str) -> None:
        """A patient may answer before the end, beside it – twice, by two open pages – or never."""
        end, answer = self._end(visit_id, ticket), self._answer(visit_id, ticket)
        if manner == "answered":
            await answer()
        beside = [answer(), answer()] if manner == "at once" else []
        ticket_id = await self._ticket(visit_id)
        self.server.plan.tickets.setdefault(ticket, ticket_id)
        if manner == "sent on":
            squeezed = self.server.plan.chance.random() < 0.5
            await self.server.plan.call(self.who.id, *self.server.send_on(self.who, ticket, squeezed=squeezed))
        else:
            await asyncio.gather(*beside, end())

    def _answer(self, visit_id: str, ticket: Where) -> Callable[[], Awaitable[object]]:
        async def answer() -> None:
            ticket_id = await self._ticket(visit_id)
            await self.server.house.agree(ticket_id)
            taking = done(lambda at: self.server.house.visits.answer(ticket_id, at))
            await self.server.plan.call(f"patient {ticket_id}", Answer(ticket), taking)

        return answer

    def _end(self, visit_id: str, ticket: Where) -> Callable[[], Awaitable[object]]:
        outcome = self.server.plan.chance.choice(OUTCOMES)
        ending = done(lambda at: self.server.house.visits.end(self.who, visit_id, Outcome(outcome), at))
        return lambda: self.server.plan.call(self.who.id, End(ticket, self.who.id, outcome), ending)

    async def _ticket(self, visit_id: str) -> str:
        async with self.server.house.store.read(connection) as of:
            query = sa.select(tables.visits.c.ticket_id).where(tables.visits.c.id == visit_id)
            return str((await of.execute(query)).scalar_one())

    async def _visits(self, which: sa.ColumnElement[bool]) -> Sequence[tuple[str, Where]]:
        query = NUMBERED.add_columns(tables.visits.c.id.label("visit_id")).join(
            tables.visits, tables.visits.c.ticket_id == tables.tickets.c.id
        )
        async with self.server.house.store.read(connection) as of:
            rows = (await of.execute(query.where(which))).all()
        return [(row.visit_id, Where(self.server.place.number(row.session_id), row.serial)) for row in rows]


async def work(server: Server, name: str, doctor: Principal, *, desks: int) -> None:
    """All clients of a server at once, until the plan has no more calls."""
    async with asyncio.TaskGroup() as group:
        group.create_task(Doctor(server, doctor).work())
        for number in range(desks):
            group.create_task(server.desk(f"{name} desk {number}"))
