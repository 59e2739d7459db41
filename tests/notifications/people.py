"""Whom messages are for, as rows: a doctor, patients with tickets and links. Written straight into the tables."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from server.store import tables
from server.store.engine import Store
from tests.notifications.post import NOON
from tests.store.filled import plain

PHONE = "+8613812345678"
OPENS = NOON + timedelta(days=2)


@dataclass(frozen=True)
class Booked:
    """A patient's booking. The link's id is the ticket's with "link" before."""

    ticket_id: str
    serial: int = 7
    phone: str = PHONE
    opens_at: datetime = OPENS
    planned_at: datetime | None = None
    booked_at: datetime = NOON
    state: str = "booked"
    tries_left: int = 5


async def doctor(store: Store, user_id: str = "doctor", **changes: object) -> None:
    row = {
        "id": user_id,
        "login": user_id,
        "name": "李医生",
        "role": "doctor",
        "password_hash": "-",
        "phone": "+8613800000001",
        "locale": "zh-CN",
        "created_at": NOON,
    }
    await insert(store, tables.users, {**row, **changes})


async def patient(store: Store, patient_id: str, phone: str = PHONE, **changes: object) -> None:
    row = {
        "id": patient_id,
        "name": "王小明",
        "sex": "male",
        "birth_date": date(1961, 3, 4),
        "phone": phone,
        "locale": "zh-CN",
        "created_at": NOON,
        "created_by": "system",
    }
    await insert(store, tables.patients, {**row, **changes})


async def book(store: Store, booked: Booked) -> None:
    """With a session, a patient and a link of its own. The doctor must be there."""
    session_id, patient_id = f"s-{booked.ticket_id}", f"p-{booked.ticket_id}"
    await insert(store, tables.sessions, _session(session_id, booked))
    await patient(store, patient_id, booked.phone)
    ticket = {
        "id": booked.ticket_id,
        "session_id": session_id,
        "serial": booked.serial,
        "patient_id": patient_id,
        "state": booked.state,
        "place": booked.serial * 1000,
        "missed": 0,
        "booked_at": booked.booked_at,
        "booked_by": "system",
        "planned_at": booked.planned_at,
    }
    await insert(store, tables.tickets, ticket)
    await insert(store, tables.join_links, _link(booked))


async def insert(store: Store, table: sa.Table, row: dict[str, Any]) -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(table).values(row))


async def update(store: Store, table: sa.Table, row_id: str, **changes: object) -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.update(table).where(table.c.id == row_id).values(changes))


def _session(session_id: str, booked: Booked) -> dict[str, object]:
    return {
        "id": session_id,
        "title": "Respiratory",
        "doctor_id": "doctor",
        "opens_at": booked.opens_at,
        "closes_at": booked.opens_at + timedelta(hours=4),
        "state": "planned",
        "last_serial": booked.serial,
    }


def _link(booked: Booked) -> dict[str, object]:
    return {
        "id": f"link-{booked.ticket_id}",
        "token_hash": booked.ticket_id.encode().ljust(32, b"\0"),
        "ticket_id": booked.ticket_id,
        "created_at": booked.booked_at,
        "expires_at": booked.opens_at + timedelta(hours=10),
        "tries_left": booked.tries_left,
    }
