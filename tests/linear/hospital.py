"""A hospital for histories: places with sessions of a few places, doctors who call from both, and nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from server.clinic.session import Hours
from server.ids import new_id
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import connection
from tests.linear.clients import Place, doctor_of
from tests.roster.house import RosterHouse

LETTERS: Final = ("a", "b", "c")  # two servers and another process have a doctor each in every place
SESSIONS: Final = 2
EARLY: Final = timedelta(hours=4)  # before the hours begin nobody is late, whatever the history takes


async def build(store: Store, capacity: int, places: int = 1) -> list[Place]:
    """Open sessions that nobody has booked yet."""
    house = RosterHouse(store)
    await house.hire()
    return [await _place(house, number, capacity) for number in range(1, places + 1)]


async def _place(house: RosterHouse, number: int, capacity: int) -> Place:
    doctors = tuple(doctor_of(number, letter) for letter in LETTERS)
    now = datetime.now(UTC)
    async with house.store.write(connection) as of:
        await of.execute(sa.insert(tables.users), [_user(who.id, now) for who in doctors])
    hours = Hours(doctors[0].id, f"place {number}", now + EARLY, now + timedelta(hours=12))
    sessions = [await house.clinic.create_session(hours, "system", now) for _ in range(SESSIONS)]
    for session_id in sessions:
        await house.clinic.open_session(doctors[0], session_id, now)
    joined = [{"session_id": of, "user_id": who.id, "joined_at": now} for of in sessions for who in doctors[1:]]
    async with house.store.write(connection) as of:
        await of.execute(sa.insert(tables.session_doctors), joined)
        await of.execute(sa.update(tables.sessions).where(tables.sessions.c.id.in_(sessions)).values(capacity=capacity))
    return Place(tuple(sorted(sessions)), doctors)


async def find(store: Store, number: int) -> Place:
    """A place that another process has built."""
    query = sa.select(tables.sessions.c.id).where(tables.sessions.c.title == f"place {number}")
    async with store.read(connection) as of:
        sessions: Sequence[str] = (await of.scalars(query.order_by(tables.sessions.c.id))).all()
    return Place(tuple(sessions), tuple(doctor_of(number, letter) for letter in LETTERS))


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
