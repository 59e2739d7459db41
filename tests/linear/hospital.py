"""A hospital for histories: places with sessions of a few places, doctors who call from both, and nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from server.access.principal import Principal
from server.clinic.session import Hours
from server.ids import new_id
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import connection
from tests.linear.clients import Place
from tests.linear.people import doctor_of
from tests.roster.house import CARDIOLOGY, RosterHouse

LETTERS: Final = ("a", "b", "c")  # two servers and another process have a doctor each in every place
BEGAN: Final = (timedelta(hours=-1), timedelta(hours=4))  # who was booked for the first is late; for the second never
LASTS: Final = timedelta(hours=12)


async def build(store: Store, capacity: int, numbers: Sequence[int] = (1,)) -> list[Place]:
    """Open sessions that nobody has booked yet. Number 1 is the hospital's first place; the others may come later."""
    house = RosterHouse(store)
    if 1 in numbers:
        await house.hire()
    return [await _place(house, number, capacity) for number in numbers]


async def _place(house: RosterHouse, number: int, capacity: int) -> Place:
    doctors = tuple(doctor_of(number, letter) for letter in LETTERS)
    now = datetime.now(UTC)
    async with house.store.write(connection) as of:
        await of.execute(sa.insert(tables.users), [_user(who.id, now) for who in doctors])
    sessions = [await _session(house, number, doctors[0], now + began) for began in BEGAN]
    joined = [{"session_id": of, "user_id": who.id, "joined_at": now} for of in sessions for who in doctors[1:]]
    async with house.store.write(connection) as of:
        await of.execute(sa.insert(tables.session_doctors), joined)
        shown = {"capacity": capacity, "department_id": CARDIOLOGY.id}  # the public page has a list for them
        await of.execute(sa.update(tables.sessions).where(tables.sessions.c.id.in_(sessions)).values(shown))
    return Place(tuple(sessions), doctors, tuple(now + began for began in BEGAN), capacity)


async def _session(house: RosterHouse, number: int, doctor: Principal, opens_at: datetime) -> str:
    now = datetime.now(UTC)
    hours = Hours(doctor.id, f"place {number}", opens_at, opens_at + LASTS)
    session_id = await house.clinic.create_session(hours, "system", now)
    await house.clinic.open_session(doctor, session_id, now)
    return session_id


async def find(store: Store, number: int) -> Place:
    """A place that another process has built."""
    sessions = tables.sessions.c
    query = sa.select(sessions.id, sessions.opens_at, sessions.capacity).where(sessions.title == f"place {number}")
    async with store.read(connection) as of:
        found = (await of.execute(query.order_by(sessions.opens_at))).all()
    doctors = tuple(doctor_of(number, letter) for letter in LETTERS)
    return Place(tuple(row.id for row in found), doctors, tuple(row.opens_at for row in found), found[0].capacity)


def _user(user_id: str, now: datetime) -> dict[str, object]:
    return {
        "id": user_id,
        "login": user_id,
        "name": user_id,
        "role": "doctor",
        "password_hash": new_id(),
        "locale": "zh-CN",
        "created_at": now,
    }
