"""What the desk watches: all lines of today with their places, and of no patient anything. On both databases."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from server.clinic import today
from server.clinic.today import Today
from server.store import tables
from server.store.desk import DeskLookQueries
from tests.clinic.house import LI, NOW, ZHAO, ZONE, House, connection


def desk(house: House) -> Today:
    return Today(partial(house.store.read, DeskLookQueries), ZONE)


async def lines(house: House) -> list[dict[str, Any]]:
    state = await desk(house).snapshot(NOW)
    return [value for key, value in state.items() if key.startswith("line/")]  # type: ignore[misc]


async def test_every_doctors_lines_of_today_and_no_other_days(house: House) -> None:
    own, other = await house.session(LI), await house.session(ZHAO, opens_at=NOW + timedelta(hours=1))
    await house.session(LI, opened=False, opens_at=NOW + timedelta(days=1))
    assert [line["session"]["id"] for line in await lines(house)] == [own, other]
    assert (await desk(house).snapshot(NOW))["day"] == {"day": "2026-11-21", "more": False}


async def test_a_line_says_how_many_wait_and_how_many_hold_a_place(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 2)
    await house.calls.call_next(LI, session_id, NOW)
    [line] = await lines(house)
    assert (line["session"]["waiting"], line["held"], line["listed"]) == (1, 2, 0)
    assert line["session"]["state"] == "open"


async def test_nothing_of_a_patient_reaches_it(house: House) -> None:
    await house.waiting(await house.session())
    [patient] = await house.table(tables.patients)
    shown = str(await desk(house).snapshot(NOW))
    assert patient.name not in shown
    assert patient.id not in shown


async def test_a_day_of_more_lines_than_a_screen_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today, "LINES_SHOWN", 2)
    for hour in range(3):
        await house.session(opened=False, opens_at=NOW + timedelta(hours=hour))
    assert len(await lines(house)) == 2
    assert (await desk(house).snapshot(NOW))["day"] == {"day": "2026-11-21", "more": True}


async def test_who_waits_for_a_place_is_counted(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    [patient] = await house.table(tables.patients)
    entry = {"id": "e" * 32, "session_id": session_id, "patient_id": patient.id, "position": 1, "state": "waiting"}
    async with house.store.write(connection) as of:
        await of.execute(sa.insert(tables.waiting_list).values(**entry, tries_left=5, token_hash=b"t", listed_at=NOW))
    assert [line["listed"] for line in await lines(house)] == [1]
