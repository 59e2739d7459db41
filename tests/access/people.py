"""A small hospital for the tests of access: staff with real passwords, and a booked patient with a link."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.join_check import JoinCheck
from server.access.links import link_token, new_link
from server.access.passwords import Passwords
from server.access.roles import Role
from server.access.sign_ins import From, SignIns
from server.access.users import User, Users, UserWish
from server.ids import new_id
from server.store import tables
from server.store.access import (
    JoinLookQueries,
    JoinQueries,
    SignInLookQueries,
    SignInQueries,
    TicketAccessQueries,
    UserQueries,
)
from server.store.engine import Store

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PASSWORD = "tea-house-lantern-7"
BIRTH_DATE = date(1950, 3, 14)
LINK_KEY = bytes(range(32))
HERE = "192.0.2.7"
DESK = From(HERE)
BROWSERS_KEY = bytes(range(32, 64))
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the cost of a hash is not under test here


@dataclass
class Arrivals:
    """Stands for the clinic: notes who arrived, and can be out of order."""

    stamped: list[tuple[str, datetime]]
    broken: bool = False

    async def arrive(self, ticket_id: str, now: datetime) -> None:
        if self.broken:
            raise ConnectionError("the clinic is out of order")
        self.stamped.append((ticket_id, now))


def sign_ins_of(store: Store, passwords: Passwords | None = None) -> SignIns:
    begin, look = partial(store.write, SignInQueries), partial(store.read, SignInLookQueries)
    return SignIns(begin, look, passwords or Passwords(CHEAP), BROWSERS_KEY)


def users_of(store: Store) -> Users:
    return Users(partial(store.write, UserQueries), Passwords(CHEAP))


def join_check_of(store: Store, arrivals: Arrivals) -> JoinCheck:
    return JoinCheck(partial(store.write, JoinQueries), partial(store.read, JoinLookQueries), arrivals.arrive)


async def add_staff(store: Store, login: str = "wang.li", role: Role = Role.DOCTOR) -> User:
    wish = UserWish(login=login, name="Wang Li", role=role, password=PASSWORD)
    return await users_of(store).create(wish, "system", NOW)


async def book(store: Store, doctor: User) -> str:
    """A ticket of a patient born on BIRTH_DATE, in a session of this doctor."""
    session_id, patient_id, ticket_id = new_id(), new_id(), new_id()
    session = {
        "id": session_id,
        "title": "Morning",
        "doctor_id": doctor.id,
        "opens_at": NOW,
        "closes_at": NOW + timedelta(hours=3),
        "state": "open",
        "last_serial": 1,
    }
    patient = {
        "id": patient_id,
        "name": "Zhao Min",
        "sex": "female",
        "birth_date": BIRTH_DATE,
        "phone": "+8613800000000",
        "locale": "zh-CN",
        "created_at": NOW,
        "created_by": doctor.id,
    }
    ticket = {
        "id": ticket_id,
        "session_id": session_id,
        "serial": 1,
        "patient_id": patient_id,
        "state": "booked",
        "place": 1000,
        "missed": 0,
        "booked_at": NOW,
        "booked_by": doctor.id,
    }
    async with store.write(_Rows) as rows:
        await rows.add(tables.sessions, session)
        await rows.add(tables.patients, patient)
        await rows.add(tables.tickets, ticket)
    return ticket_id


async def send_link(store: Store, ticket_id: str, lives: timedelta = timedelta(hours=8)) -> str:
    """A new link's token."""
    link = new_link(LINK_KEY, ticket_id, NOW, NOW + lives)
    async with store.write(TicketAccessQueries) as tx:
        await tx.add_link(link)
    return link_token(LINK_KEY, link.id)


async def end_access(store: Store, ticket_id: str, at: datetime) -> None:
    async with store.write(TicketAccessQueries) as tx:
        await tx.end_ticket_access(ticket_id, at)


async def rows_of(store: Store, table: sa.Table) -> list[dict[str, Any]]:
    async with store.read(_Rows) as rows:
        return await rows.of(table)


async def change(store: Store, statement: sa.Update) -> None:
    async with store.write(_Rows) as rows:
        await rows.run(statement)


async def audited(store: Store) -> list[str]:
    """The actions in the audit, in order."""
    return [row["action"] for row in await rows_of(store, tables.audit)]


class _Rows:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, table: sa.Table, row: dict[str, Any]) -> None:
        await self._connection.execute(sa.insert(table).values(row))

    async def of(self, table: sa.Table) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self._connection.execute(sa.select(table).order_by(table.c.id))).mappings()]

    async def run(self, statement: sa.Update) -> None:
        await self._connection.execute(statement)
