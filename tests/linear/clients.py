"""Those who use a clinic at once: doctors who call and end, a desk that books, checks in, cancels and sends on.

Each call is recorded as it begins and again as it returns. ``at`` is the moment handed to the service: no two calls
share one, so the audit says of a call that was cut off whether it took effect.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.errors import ClinicError
from server.clinic.ticket import Cause
from server.store import tables
from server.store.errors import Unavailable
from server.visits.calls import SendingOn
from server.visits.visit import Outcome
from tests.clinic.house import OPERATOR, WANG, connection
from tests.linear.model import DONE, Arrive, Book, CallNext, Cancel, End, Op, Send, Where
from tests.roster.house import RosterHouse

OUTCOMES: Final = ("unfit_for_online_care",) * 6 + ("technical_failure", "patient_absent", "patient_absent")
DESK_STEPS: Final = ("book",) * 9 + ("arrive",) * 9 + ("cancel",) * 3 + ("send",) * 3
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
RECENT: Final = 25  # of the known tickets: most older ones are over


class Record(msgspec.Struct):
    """One call. ``returned`` stays None where the caller was cut off and never learned what came of it.

    ``given_up`` is when it was cut off; whatever it did, it had done soon after.
    """

    client: str
    at: datetime
    op: Op
    invoked: int
    returned: int | None = None
    result: int | str | None = None
    given_up: int | None = None


@dataclass
class Clock:
    """Moments that no other call of any process has: the last digit of the microseconds is this process's."""

    digit: int
    _last: datetime = LONG_AGO

    def next(self) -> datetime:
        now = max(datetime.now(UTC), self._last + timedelta(microseconds=10))
        self._last = now.replace(microsecond=now.microsecond // 10 * 10 + self.digit)
        return self._last


@dataclass(frozen=True)
class Place:
    """Two sessions and the doctors who call from both, and from nowhere else: no call of it touches another place."""

    sessions: tuple[str, ...]
    doctors: tuple[Principal, ...]

    def number(self, session_id: str) -> int:
        return self.sessions.index(session_id) + 1


@dataclass
class Plan:
    """What the clients of one process share. ``calls`` are left to make; ``cut_off`` is the share that is cancelled.

    ``tickets`` are those that somebody was told of: anybody may take them in hand.
    """

    clock: Clock
    chance: random.Random
    calls: int
    cut_off: float = 0.0
    told: Callable[[Record], None] = lambda _record: None
    records: list[Record] = field(default_factory=list)
    tickets: dict[Where, str] = field(default_factory=dict)

    def more(self) -> bool:
        self.calls -= 1
        return self.calls >= 0

    async def call(self, client: str, op: Op, do: Callable[[datetime], Awaitable[int | str]]) -> int | str | None:
        """The result, as the model names it; None where the call was cut off."""
        record = Record(client, self.clock.next(), op, time.monotonic_ns())
        self.records.append(record)
        self.told(record)
        with self._noting(record):
            async with asyncio.timeout(self._patience()):
                record.result = await do(record.at)
        self._close(record, time.monotonic_ns())
        return record.result

    def _close(self, record: Record, now: int) -> None:
        if record.result is None:
            record.given_up = now
        else:
            record.returned = now
        self.told(record)

    @contextmanager
    def _noting(self, record: Record) -> Iterator[None]:
        """A refusal is a result; an error that nobody declared is one too, which no model gives."""
        try:
            yield
        except (TimeoutError, Unavailable):
            record.result = None
        except ClinicError as refused:
            record.result = type(refused).__name__
        except Exception as error:  # noqa: BLE001 – whatever it is, the history shows it
            record.result = f"{type(error).__name__}: {error}"

    def _patience(self) -> float | None:
        return self.chance.uniform(0.0, 0.02) if self.chance.random() < self.cut_off else None


@dataclass
class Server:
    """One server's services, on a store of its own."""

    house: RosterHouse
    place: Place
    plan: Plan

    async def doctor(self, doctor: Principal) -> None:
        """Calls from either session, and ends what was called."""
        while self.plan.more():
            number = self.plan.chance.randint(1, len(self.place.sessions))
            session_id = self.place.sessions[number - 1]

            async def ring(at: datetime, session_id: str = session_id) -> int:
                visit_id = await self.house.calls.call_next(doctor, session_id, at)
                return (await self._ticket_of(visit_id)).serial

            await self.plan.call(doctor.id, CallNext(number, doctor.id), ring)
            await self._end_all(doctor)

    async def desk(self, name: str) -> None:
        """Books, checks in, cancels, moves and sends on, whatever comes."""
        while self.plan.more():
            step = self.plan.chance.choice(DESK_STEPS)
            if step == "book" or not self.plan.tickets:
                await self._book(name)
                continue
            ticket = self.plan.chance.choice(list(self.plan.tickets)[-RECENT:])
            await {"arrive": self._arrive, "cancel": self._cancel, "send": self._send}[step](name, ticket)

    async def _book(self, name: str) -> None:
        number = self.plan.chance.randint(1, len(self.place.sessions))

        async def book(at: datetime) -> int:
            ticket_id = await self.house.clinic.book(OPERATOR, self.place.sessions[number - 1], WANG, at)
            return await self._know(ticket_id)

        await self.plan.call(name, Book(number), book)

    async def _arrive(self, name: str, ticket: Where) -> None:
        async def arrive(at: datetime) -> str:
            await self.house.clinic.arrive(self.plan.tickets[ticket], at)
            return DONE

        await self.plan.call(name, Arrive(ticket), arrive)

    async def _cancel(self, name: str, ticket: Where) -> None:
        async def cancel(at: datetime) -> str:
            await self.house.lines.cancel_own(self.plan.tickets[ticket], Cause.BY_PATIENT, at)
            return DONE

        await self.plan.call(name, Cancel(ticket), cancel)

    async def _send(self, name: str, ticket: Where) -> None:
        target = 3 - ticket.session
        onward = self.plan.chance.random() < 0.5

        async def send(at: datetime) -> int:
            session_id, ticket_id = self.place.sessions[target - 1], self.plan.tickets[ticket]
            if onward:
                wanted = SendingOn(ticket_id, session_id, "a colleague knows more")
                return await self._know(await self.house.calls.transfer(OPERATOR, wanted, at))
            return await self._know((await self.house.moves.move(OPERATOR, ticket_id, session_id, at)).id)

        await self.plan.call(name, Send(ticket, target, onward), send)

    async def _end_all(self, doctor: Principal) -> None:
        """Every visit of this doctor that runs, one that nobody was told of too."""
        open_ones = sa.select(tables.visits.c.id).where(
            tables.visits.c.doctor_id == doctor.id, tables.visits.c.ended_at.is_(None)
        )
        async with self.house.store.read(connection) as of:
            visit_ids = (await of.scalars(open_ones)).all()
        for visit_id in visit_ids:
            outcome = self.plan.chance.choice(OUTCOMES)
            ticket = await self._ticket_of(visit_id)

            async def end(at: datetime, visit_id: str = visit_id, outcome: str = outcome) -> str:
                await self.house.visits.end(doctor, visit_id, Outcome(outcome), at)
                return DONE

            await self.plan.call(doctor.id, End(ticket, outcome), end)

    async def _know(self, ticket_id: str) -> int:
        """The number of a new ticket, which others may take in hand from now on."""
        where = await self._where(tables.tickets.c.id == ticket_id)
        self.plan.tickets[where] = ticket_id
        return where.serial

    async def _ticket_of(self, visit_id: str) -> Where:
        of_visit = sa.select(tables.visits.c.ticket_id).where(tables.visits.c.id == visit_id).scalar_subquery()
        return await self._where(tables.tickets.c.id == of_visit)

    async def _where(self, which: sa.ColumnElement[bool]) -> Where:
        query = sa.select(tables.tickets.c.session_id, tables.tickets.c.serial).where(which)
        async with self.house.store.read(connection) as of:
            session_id, serial = (await of.execute(query)).one()
        return Where(self.place.number(session_id), serial)


def doctor_of(place: int, letter: str) -> Principal:
    """Somebody who works in one place alone."""
    return Principal(Role.DOCTOR, f"doctor-{place}-{letter}", f"Dr {place}{letter}", f"sign-in-{place}-{letter}")


async def work(server: Server, name: str, doctor: Principal, *, desks: int) -> None:
    """All clients of a server at once, until the plan has no more calls."""
    async with asyncio.TaskGroup() as group:
        group.create_task(server.doctor(doctor))
        for number in range(desks):
            group.create_task(server.desk(f"{name} desk {number}"))
