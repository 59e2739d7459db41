"""Who uses a clinic at once, but doctors: a desk that books, checks in, holds, cancels, sends on, resizes, and a public
page on which people wait for a place."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Final

import sqlalchemy as sa

from server.access.links import link_token
from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.lines import NewUrgency
from server.clinic.roster.letters import offer_link
from server.clinic.roster.public import Request
from server.clinic.ticket import Cause, Urgency
from server.store import tables
from server.visits.calls import SendingOn
from tests.clinic.house import KEY, OPERATOR, WANG, connection
from tests.linear.asked import (
    DONE,
    Accept,
    Arrive,
    Book,
    Cancel,
    Classify,
    Hold,
    JoinList,
    Listed,
    Op,
    Release,
    Resize,
    Send,
    Where,
)
from tests.linear.clients import NOT_AHEAD, Do, Place, Plan
from tests.roster.house import RosterHouse, phone, request

LAPSING: Final = 0.5  # of the steps that may
LATER: Final = timedelta(hours=2)  # every offer that stands now is over then
RECENT: Final = 25  # of the known tickets: most older ones are over
WHY: Final = "a result has come"
NUMBERED = sa.select(tables.tickets.c.session_id, tables.tickets.c.serial)


Step = tuple[Op, Do]


@dataclass
class Server:
    """One server's services, on a store of its own."""

    house: RosterHouse
    place: Place
    plan: Plan

    async def desk(self, name: str) -> None:
        """Whatever comes; a booking where it cannot be done yet."""
        while self.plan.more():
            op, do = self._step(self.plan.chance.choice(self.plan.habits.desk))
            later = isinstance(op, Resize) and self.plan.chance.random() < LAPSING
            await self.plan.call(name, op, do, LATER if later else NOT_AHEAD)

    def _step(self, step: str) -> Step:
        without: Mapping[str, Callable[[], Step]] = {"join": self._join_list, "resize": self._resize}
        with_ticket: Mapping[str, Callable[[Where], Step]] = {
            "arrive": self._arrive,
            "cancel": self._cancel,
            "send": self._send,
            "hold": self._hold,
            "release": self._release,
            "classify": self._classify,
        }
        if step in with_ticket and self.plan.tickets:
            return with_ticket[step](self.some_ticket())
        if step == "accept" and self.plan.entries:
            return self._accept()
        return without.get(step, self._book)()

    def some_session(self) -> int:
        return self.plan.chance.randint(1, len(self.place.sessions))

    def some_ticket(self) -> Where:
        return self.plan.chance.choice(list(self.plan.tickets)[-RECENT:])

    def _book(self) -> Step:
        number = self.some_session()

        async def book(at: datetime) -> int:
            return await self.know(
                await self.house.clinic.book(OPERATOR, self.place.sessions[number - 1], WANG, at),
            )

        return Book(number), book

    def _arrive(self, ticket: Where) -> Step:
        return Arrive(ticket), done(lambda at: self.house.clinic.arrive(self.plan.tickets[ticket], at))

    def _cancel(self, ticket: Where) -> Step:
        ticket_id = self.plan.tickets[ticket]
        return Cancel(ticket), done(lambda at: self.house.lines.cancel_own(ticket_id, Cause.BY_PATIENT, at))

    def _hold(self, ticket: Where) -> Step:
        return Hold(ticket), done(lambda at: self.house.lines.hold(OPERATOR, self.plan.tickets[ticket], at))

    def _release(self, ticket: Where) -> Step:
        return Release(ticket), done(lambda at: self.house.lines.release(OPERATOR, self.plan.tickets[ticket], at))

    def _classify(self, ticket: Where) -> Step:
        urgency, ticket_id = self.plan.chance.choice(list(Urgency)), self.plan.tickets[ticket]
        wanted = NewUrgency(urgency, WHY)
        classify = done(lambda at: self.house.lines.reclassify(OPERATOR, ticket_id, wanted, at))
        return Classify(ticket, int(urgency)), classify

    def _send(self, ticket: Where) -> Step:
        onward, squeezed = self.plan.chance.choice([(False, False), (True, False), (True, True)])
        if onward:
            return self.send_on(OPERATOR, ticket, squeezed=squeezed)
        target = 3 - ticket.session

        async def move(at: datetime) -> int:
            session_id, ticket_id = self.place.sessions[target - 1], self.plan.tickets[ticket]
            return await self.know((await self.house.moves.move(OPERATOR, ticket_id, session_id, at)).id)

        return Send(ticket, target, onward), move

    def send_on(self, by: Principal, ticket: Where, *, squeezed: bool) -> Step:
        target, doctor = 3 - ticket.session, "" if by is OPERATOR else by.id

        async def send(at: datetime) -> int:
            session_id, ticket_id = self.place.sessions[target - 1], self.plan.tickets[ticket]
            sending = SendingOn(ticket_id, session_id, WHY, even_if_full=squeezed)
            return await self.know(await self.house.calls.transfer(by, sending, at))

        return Send(ticket, target, True, squeezed, doctor), send

    def _join_list(self) -> Step:
        number = self.some_session()

        async def join(at: datetime) -> int:
            await self.house.public.join_list(_asked_by_somebody(self.place.sessions[number - 1], at), at)
            return await self._know_entry(at)

        return JoinList(number), join

    def _accept(self) -> Step:
        entry = self.plan.chance.choice(list(self.plan.entries)[-RECENT:])
        token = link_token(KEY, offer_link(self.plan.entries[entry]))

        async def accept(at: datetime) -> int:
            confirmed = await self.house.public.accept(token, WANG.birth_date, _address(at), at)
            return await self.know(confirmed.ticket.id)

        return Accept(entry), accept

    def _resize(self) -> Step:
        """Some hours later at times: then offers lapse, as by the clock."""
        number, capacity = self.some_session(), self.plan.chance.randint(*self.place.sizes)
        session_id = self.place.sessions[number - 1]
        resize = done(lambda at: self.house.moves.set_capacity(OPERATOR, session_id, capacity, at))
        return Resize(number, capacity), resize

    async def know(self, ticket_id: str) -> int:
        """The number of a new ticket, which others may take in hand from now on."""
        async with self.house.store.read(connection) as of:
            [(session_id, serial)] = (await of.execute(NUMBERED.where(tables.tickets.c.id == ticket_id))).all()
        self.plan.tickets[Where(self.place.number(session_id), serial)] = ticket_id
        return int(serial)

    async def _know_entry(self, at: datetime) -> int:
        """The position of who joined at that moment, whom others may know from now on."""
        async with self.house.store.read(connection) as of:
            rows = (await of.execute(sa.select(tables.audit).where(tables.audit.c.at == at))).all()
            [entry_id] = [row.detail["entry"] for row in rows if row.action == "place.listed"]
            entries = sa.select(tables.waiting_list).where(tables.waiting_list.c.id == entry_id)
            entry = (await of.execute(entries)).one()
        self.plan.entries[Listed(self.place.number(entry.session_id), entry.position)] = entry_id
        return int(entry.position)


def _asked_by_somebody(session_id: str, at: datetime) -> Request:
    """Another telephone and another address each time: budgets are not what is looked at here."""
    return request(session_id, _address(at), phone=phone(int(at.timestamp() * 100_000) % 10**8))


def _address(at: datetime) -> str:
    return str(IPv4Address(10 << 24 | int(at.timestamp() * 100_000) % (1 << 24)))


def done(do: Callable[[datetime], Awaitable[object]]) -> Do:
    async def doing(at: datetime) -> str:
        await do(at)
        return DONE

    return doing


def doctor_of(place: int, letter: str) -> Principal:
    """Somebody who works in one place alone."""
    return Principal(Role.DOCTOR, f"doctor-{place}-{letter}", f"Dr {place}{letter}", f"sign-in-{place}-{letter}")
