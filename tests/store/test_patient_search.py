"""Patients found by a piece of the name, by telephone, by today's number; and by whom."""

from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from server.access.principal import Principal
from server.access.roles import Role
from server.patients.known import name_key
from server.patients.search import SHOWN, PatientSearch
from server.store import tables
from server.store.engine import Store
from server.store.patient_search import PatientSearchQueries
from tests.store.filled import plain
from tests.store.ward import DOCTOR, NOON, Ward

OPERATOR = Principal(Role.OPERATOR, "operator", "Front desk", "s1")
WEI = Principal(Role.DOCTOR, DOCTOR, "Lin Wei", "s2")
STRANGER = Principal(Role.DOCTOR, "stranger", "Zhao", "s3")
PEOPLE = {
    "min": ("Zhao Min", "+8613800138001"),
    "ming": ("王小明", "+8613900007788"),
    "hong": ("王红", "+442079460958"),
}


@pytest.fixture
async def search(store: Store, ward: Ward) -> PatientSearch:
    """Three patients; two are in today's session of the doctor, one was in yesterday's of nobody's."""
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.patients), [_patient(*one) for one in PEOPLE.items()])
        await connection.execute(sa.insert(tables.sessions), [_session("today", 0), _session("yesterday", 1)])
        held = [_ticket("min", "today", 7), _ticket("ming", "today", 8), _ticket("hong", "yesterday", 7)]
        await connection.execute(sa.insert(tables.tickets), held)
    return PatientSearch(partial(store.read, PatientSearchQueries), ZoneInfo("Asia/Shanghai"))


def _patient(id_: str, said: tuple[str, str]) -> dict[str, object]:
    name, phone = said
    row = {"id": id_, "name": name, "phone": phone, "name_key": name_key(name), "sex": "female", "locale": "en"}
    return {**row, "birth_date": date(1957, 3, 14), "created_at": NOON, "created_by": DOCTOR}


def _session(id_: str, days_ago: int) -> dict[str, object]:
    opens = NOON - timedelta(days=days_ago, hours=4)
    row = {"id": id_, "title": id_, "doctor_id": DOCTOR, "opens_at": opens, "closes_at": opens + timedelta(hours=8)}
    return {**row, "state": "open", "last_serial": 9}


def _ticket(patient_id: str, session_id: str, serial: int) -> dict[str, object]:
    row = {"id": f"{session_id}{serial}", "session_id": session_id, "serial": serial, "patient_id": patient_id}
    return {**row, "state": "booked", "place": serial, "missed": 0, "booked_at": NOON, "booked_by": DOCTOR}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zhao", ["min"]),
        ("ＭＩＮ", ["min"]),
        ("王", ["hong", "ming"]),
        (" 小明 ", ["ming"]),
        ("138 0013 8001", ["min"]),
        ("7788", ["ming"]),
        ("+44 20 7946", ["hong"]),
        ("7", ["min"]),  # of today
        ("0007", ["min", "ming"]),  # number 7, and a telephone
        ("%", []),
        ("_", []),
        ("--", []),
    ],
)
async def test_an_operator_finds_by_what_a_person_says(search: PatientSearch, words: str, found: list[str]) -> None:
    assert sorted(one.id for one in await search.find(OPERATOR, words, NOON)) == sorted(found)


async def test_what_is_shown_tells_namesakes_apart_and_no_more(search: PatientSearch) -> None:
    [found] = await search.find(OPERATOR, "Zhao", NOON)
    assert (found.name, found.birth_date, found.phone_end, found.serials) == (
        "Zhao Min",
        date(1957, 3, 14),
        "8001",
        [7],
    )


async def test_a_doctor_finds_whom_they_have_seen(search: PatientSearch, store: Store) -> None:
    assert await search.find(STRANGER, "王", NOON) == []
    async with store.write(plain) as connection:
        moved = sa.update(tables.sessions).where(tables.sessions.c.id == "yesterday").values(doctor_id="stranger")
        await connection.execute(sa.insert(tables.users), [_doctor("stranger")])
        await connection.execute(moved)
    assert [one.id for one in await search.find(STRANGER, "王", NOON)] == ["hong"]
    assert [one.id for one in await search.find(WEI, "王", NOON)] == ["ming"]


def _doctor(id_: str) -> dict[str, object]:
    return {"id": id_, "login": id_, "name": id_, "role": "doctor", "password_hash": "-", "locale": "en",
            "created_at": NOON}  # fmt: skip


async def test_no_more_are_shown_than_can_be_looked_at(search: PatientSearch, store: Store) -> None:
    many = [_patient(f"x{number}", ("李四", "+8613700000000")) for number in range(SHOWN + 5)]
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.patients), many)
    assert len(await search.find(OPERATOR, "李四", NOON)) == SHOWN
