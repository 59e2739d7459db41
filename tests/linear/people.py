"""Who uses a clinic at once: doctors who call and end, a desk that books, checks in, holds, cancels and sends on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.line import Pick
from server.clinic.lines import NewUrgency
from server.clinic.ticket import Cause, Urgency
from server.store import tables
from server.visits.calls import OutOfTurn, SendingOn
from server.visits.visit import Outcome
from tests.clinic.house import OPERATOR, WANG, connection
from tests.linear.asked import (
    DONE,
    Arrive,
    Book,
    CallNext,
    CallThis,
    Cancel,
    Classify,
    End,
    Hold,
    Op,
    Refused,
    Release,
    Resume,
    Send,
    Suspend,
    Where,
)
from tests.linear.clients import Do, Place, Plan
from tests.roster.house import RosterHouse

OUTCOMES: Final = ("unfit_for_online_care",) * 6 + ("technical_failure", "patient_absent", "patient_absent")
DESK_STEPS: Final = (
    *("book",) * 9,
    *("arrive",) * 9,
    *("cancel",) * 3,
    *("send",) * 3,
    *("hold",) * 2,
    *("release",) * 2,
    *("classify",) * 2,
)
OUT_OF_TURN, SUSPENDING = 0.12, 0.08  # of a doctor's steps
RECENT: Final = 25  # of the known tickets: most older ones are over
WHY: Final = "a result has come"
NUMBERED = sa.select(tables.tickets.c.session_id, tables.tickets.c.serial)


@dataclass
class Server:
    """One server's services, on a store of its own."""

    house: RosterHouse
    place: Place
    plan: Plan

    async def doctor(self, doctor: Principal) -> None:
        """Calls from either session, and ends what was called."""
        while self.plan.more():
            session, chance = self.plan.chance.randint(1, len(self.place.sessions)), self.plan.chance.random()
            if chance < SUSPENDING:
                await self._suspend(doctor, session)
            elif chance < SUSPENDING + OUT_OF_TURN and self.plan.tickets:
                await self._call_this(doctor, self._some_ticket())
            elif await self._call_next(doctor, session) == Refused.NOT_OPEN:
                await self._resume(doctor, session)
            await self._end_all(doctor)

    async def desk(self, name: str) -> None:
        """Whatever comes."""
        steps: Mapping[str, Callable[[Where], tuple[Op, Do]]] = {
            "arrive": self._arrive,
            "cancel": self._cancel,
            "send": self._send,
            "hold": self._hold,
            "release": self._release,
            "classify": self._classify,
        }
        while self.plan.more():
            step = self.plan.chance.choice(DESK_STEPS)
            book = step == "book" or not self.plan.tickets
            await self.plan.call(name, *(self._book() if book else steps[step](self._some_ticket())))

    def _some_ticket(self) -> Where:
        return self.plan.chance.choice(list(self.plan.tickets)[-RECENT:])

    def _book(self) -> tuple[Op, Do]:
        number = self.plan.chance.randint(1, len(self.place.sessions))

        async def book(at: datetime) -> int:
            return await self._know(
                await self.house.clinic.book(OPERATOR, self.place.sessions[number - 1], WANG, at),
            )

        return Book(number), book

    def _arrive(self, ticket: Where) -> tuple[Op, Do]:
        return Arrive(ticket), _done(lambda at: self.house.clinic.arrive(self.plan.tickets[ticket], at))

    def _cancel(self, ticket: Where) -> tuple[Op, Do]:
        ticket_id = self.plan.tickets[ticket]
        return Cancel(ticket), _done(lambda at: self.house.lines.cancel_own(ticket_id, Cause.BY_PATIENT, at))

    def _hold(self, ticket: Where) -> tuple[Op, Do]:
        return Hold(ticket), _done(lambda at: self.house.lines.hold(OPERATOR, self.plan.tickets[ticket], at))

    def _release(self, ticket: Where) -> tuple[Op, Do]:
        return Release(ticket), _done(lambda at: self.house.lines.release(OPERATOR, self.plan.tickets[ticket], at))

    def _classify(self, ticket: Where) -> tuple[Op, Do]:
        urgency, ticket_id = self.plan.chance.choice(list(Urgency)), self.plan.tickets[ticket]
        wanted = NewUrgency(urgency, WHY)
        classify = _done(lambda at: self.house.lines.reclassify(OPERATOR, ticket_id, wanted, at))
        return Classify(ticket, int(urgency)), classify

    def _send(self, ticket: Where) -> tuple[Op, Do]:
        onward, squeezed = self.plan.chance.choice([(False, False), (True, False), (True, True)])
        target = 3 - ticket.session

        async def send(at: datetime) -> int:
            session_id, ticket_id = self.place.sessions[target - 1], self.plan.tickets[ticket]
            if onward:
                sending = SendingOn(ticket_id, session_id, WHY, even_if_full=squeezed)
                return await self._know(await self.house.calls.transfer(OPERATOR, sending, at))
            return await self._know((await self.house.moves.move(OPERATOR, ticket_id, session_id, at)).id)

        return Send(ticket, target, onward, squeezed), send

    async def _call_next(self, doctor: Principal, session: int) -> int | str | None:
        session_id = self.place.sessions[session - 1]

        async def ring(at: datetime) -> int:
            visit_id = await self.house.calls.call_next(doctor, session_id, at)
            [(_, where)] = await self._visits(tables.visits.c.id == visit_id)
            return where.serial

        return await self.plan.call(doctor.id, CallNext(session, doctor.id), ring)

    async def _call_this(self, doctor: Principal, ticket: Where) -> None:
        pick = self.plan.chance.choice(list(Pick))
        wanted = OutOfTurn(self.plan.tickets[ticket], pick, WHY)
        op = CallThis(ticket, doctor.id, recalled=pick is Pick.RECALLED)
        await self.plan.call(doctor.id, op, _done(lambda at: self.house.calls.call(doctor, wanted, at)))

    async def _suspend(self, doctor: Principal, session: int) -> None:
        session_id = self.place.sessions[session - 1]
        suspend = _done(lambda at: self.house.clinic.suspend_session(doctor, session_id, "back soon", at))
        await self.plan.call(doctor.id, Suspend(session), suspend)

    async def _resume(self, doctor: Principal, session: int) -> None:
        session_id = self.place.sessions[session - 1]
        resume = _done(lambda at: self.house.clinic.resume_session(doctor, session_id, at))
        await self.plan.call(doctor.id, Resume(session), resume)

    async def _end_all(self, doctor: Principal) -> None:
        """Every visit of this doctor that runs, one that nobody was told of too."""
        running = sa.and_(tables.visits.c.doctor_id == doctor.id, tables.visits.c.ended_at.is_(None))
        for visit_id, ticket in await self._visits(running):
            outcome = self.plan.chance.choice(OUTCOMES)
            end = _done(lambda at, v=visit_id, o=outcome: self.house.visits.end(doctor, v, Outcome(o), at))  # type: ignore[misc]
            await self.plan.call(doctor.id, End(ticket, doctor.id, outcome), end)

    async def _know(self, ticket_id: str) -> int:
        """The number of a new ticket, which others may take in hand from now on."""
        async with self.house.store.read(connection) as of:
            [(session_id, serial)] = (await of.execute(NUMBERED.where(tables.tickets.c.id == ticket_id))).all()
        self.plan.tickets[Where(self.place.number(session_id), serial)] = ticket_id
        return int(serial)

    async def _visits(self, which: sa.ColumnElement[bool]) -> Sequence[tuple[str, Where]]:
        query = NUMBERED.add_columns(tables.visits.c.id.label("visit_id")).join(
            tables.visits, tables.visits.c.ticket_id == tables.tickets.c.id
        )
        async with self.house.store.read(connection) as of:
            rows = (await of.execute(query.where(which))).all()
        return [(row.visit_id, Where(self.place.number(row.session_id), row.serial)) for row in rows]


def _done(do: Callable[[datetime], Awaitable[object]]) -> Do:
    async def doing(at: datetime) -> str:
        await do(at)
        return DONE

    return doing


def doctor_of(place: int, letter: str) -> Principal:
    """Somebody who works in one place alone."""
    return Principal(Role.DOCTOR, f"doctor-{place}-{letter}", f"Dr {place}{letter}", f"sign-in-{place}-{letter}")


async def work(server: Server, name: str, doctor: Principal, *, desks: int) -> None:
    """All clients of a server at once, until the plan has no more calls."""
    async with asyncio.TaskGroup() as group:
        group.create_task(server.doctor(doctor))
        for number in range(desks):
            group.create_task(server.desk(f"{name} desk {number}"))
