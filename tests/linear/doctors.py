"""The doctors of a clinic and their patients in the room: calls, answers, ends, and whether a session is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

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


RUNG: Final = NUMBERED.add_columns(tables.visits.c.id, tables.visits.c.ticket_id).join(
    tables.visits, tables.visits.c.ticket_id == tables.tickets.c.id
)


class Rung(NamedTuple):
    """A visit, and whose it is."""

    visit_id: str
    ticket_id: str
    ticket: Where


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
            [rung] = await self._visits(tables.visits.c.id == visit_id)
            return rung.ticket.serial

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
        for rung in await self._visits(running):
            await self._see(rung, self.server.plan.chance.choice(self.server.plan.habits.room))

    async def _see(self, rung: Rung, manner: str) -> None:
        """A patient may answer before the end, beside it – twice, by two open pages – or never."""
        end = self._end(rung)
        if manner == "answered":
            await self._answer(rung)
        beside = [self._answer(rung), self._answer(rung)] if manner == "at once" else []
        self.server.plan.tickets.setdefault(rung.ticket, rung.ticket_id)
        if manner == "sent on":
            squeezed = self.server.plan.chance.random() < 0.5
            await self.server.plan.call(self.who.id, *self.server.send_on(self.who, rung.ticket, squeezed=squeezed))
        else:
            await asyncio.gather(*beside, end())

    async def _answer(self, rung: Rung) -> None:
        await self.server.house.agree(rung.ticket_id)
        taking = done(lambda at: self.server.house.visits.answer(rung.ticket_id, at))
        await self.server.plan.call(f"patient {rung.ticket_id}", Answer(rung.ticket), taking)

    def _end(self, rung: Rung) -> Callable[[], Awaitable[object]]:
        outcome = self.server.plan.chance.choice(OUTCOMES)
        ending = done(lambda at: self.server.house.visits.end(self.who, rung.visit_id, Outcome(outcome), at))
        return lambda: self.server.plan.call(self.who.id, End(rung.ticket, self.who.id, outcome), ending)

    async def _visits(self, which: sa.ColumnElement[bool]) -> Sequence[Rung]:
        async with self.server.house.store.read(connection) as of:
            rows = (await of.execute(RUNG.where(which))).all()
        place = self.server.place
        return [Rung(row.id, row.ticket_id, Where(place.number(row.session_id), row.serial)) for row in rows]


async def work(server: Server, name: str, doctor: Principal, *, desks: int) -> None:
    """All clients of a server at once, until the plan has no more calls."""
    async with asyncio.TaskGroup() as group:
        group.create_task(Doctor(server, doctor).work())
        for number in range(desks):
            group.create_task(server.desk(f"{name} desk {number}"))
