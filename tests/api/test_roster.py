"""The roster over HTTP: what the public reads, what the desk arranges, and refusals by name."""

import pytest
from pytest_aiohttp import AiohttpClient

from server.store.engine import Store
from tests.clinic.house import ADMIN, LI, OPERATOR, ZHAO
from tests.roster.door import Door, open_door, slug
from tests.roster.house import CARDIOLOGY, RosterHouse

TEMPLATE = {
    "doctor_id": LI.id,
    "department_id": CARDIOLOGY.id,
    "title": "心内科视频门诊",
    "weekday": 0,
    "opens": "08:00",
    "closes": "12:00",
    "first_day": "2026-11-21",
    "capacity": 20,
    "kinds": [{"kind": "follow_up", "minutes": 10}],
}


@pytest.fixture
async def house(sqlite_store: Store) -> RosterHouse:
    house = RosterHouse(sqlite_store)
    await house.hire()
    return house


@pytest.fixture
async def door(house: RosterHouse, aiohttp_client: AiohttpClient) -> Door:
    return await open_door(house, aiohttp_client)


async def test_the_public_finds_a_session_by_department_and_doctor(door: Door) -> None:
    profile = {"department_id": CARDIOLOGY.id, "title": "主任医师", "title_en": "Chief physician"}
    assert (await door.ask(f"PUT /roster/doctors/{LI.id}", profile, who=ADMIN))[0] == 204
    status, template = await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    assert (status, template["opens"], template["doctor"]["name"]) == (201, "08:00", "李医生")
    _, [department] = await door.ask("GET /departments")
    assert department == {"id": CARDIOLOGY.id, "name": "心内科", "name_en": "Cardiology"}
    _, [doctor] = await door.ask(f"GET /departments/{department['id']}/doctors")
    assert (doctor["id"], doctor["title_en"]) == (LI.id, "Chief physician")
    status, [session] = await door.ask(f"GET /doctors/{LI.id}/sessions?from=2026-11-23&days=7")
    assert (status, session["free"], session["opens_at"]) == (200, 20, "2026-11-23T00:00:00Z")
    assert session["kinds"] == [{"kind": "follow_up", "minutes": 10}]


async def test_a_template_is_changed_and_ended(door: Door) -> None:
    _, template = await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    path = f"/roster/templates/{template['id']}"
    status, changed = await door.ask(f"PUT {path}", {**TEMPLATE, "closes": "11:00"}, who=OPERATOR)
    assert (status, changed["closes"], changed["id"]) == (200, "11:00", template["id"])
    assert (await door.ask(f"DELETE {path}", who=OPERATOR))[0] == 204
    assert (await door.ask("GET /roster/templates", who=OPERATOR))[1] == []
    assert (await door.ask(f"PUT {path}", TEMPLATE, who=OPERATOR))[0] == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"opens": "8"}, "opens"),
        ({"closes": "07:00"}, "closes"),
        ({"weekday": 7}, "weekday"),
        ({"capacity": 0}, "capacity"),
        ({"kinds": [{"kind": "surgery", "minutes": 10}]}, "kinds[0].kind"),
        ({"room": 4}, "room"),
    ],
)
async def test_a_field_that_cannot_be_taken_is_named(door: Door, changes: dict[str, object], field: str) -> None:
    status, refused = await door.ask("POST /roster/templates", {**TEMPLATE, **changes}, who=OPERATOR)
    assert (status, slug(refused), refused["field"]) == (422, "invalid", field)


async def test_what_contradicts_the_roster_is_refused_by_name(door: Door) -> None:
    await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    status, refused = await door.ask("POST /roster/templates", {**TEMPLATE, "opens": "11:00"}, who=OPERATOR)
    assert (status, slug(refused)) == (409, "template-overlaps")
    taken = {"name": "心内科", "name_en": "Heart"}
    status, refused = await door.ask("POST /roster/departments", taken, who=OPERATOR)
    assert (status, slug(refused)) == (409, "department-taken")


async def test_departments_are_added_and_renamed(door: Door) -> None:
    wanted = {"name": "儿科", "name_en": "Paediatrics", "childrens": True}
    status, added = await door.ask("POST /roster/departments", wanted, who=ADMIN)
    assert (status, added["childrens"]) == (201, True)
    path = f"/roster/departments/{added['id']}"
    assert (await door.ask(f"PUT {path}", {**wanted, "name": "小儿科"}, who=ADMIN))[1]["name"] == "小儿科"
    assert (await door.ask("PUT /roster/departments/none", wanted, who=ADMIN))[0] == 404
    assert len((await door.ask("GET /roster/departments", who=ADMIN))[1]) == 2


async def test_a_day_off_says_what_it_did(door: Door) -> None:
    await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    status, done = await door.ask("PUT /roster/holidays/2026-11-23", {"name": "校庆"}, who=OPERATOR)
    assert (status, done) == (200, {"removed": 1, "booked": []})
    _, days = await door.ask("GET /roster/holidays", who=OPERATOR)
    assert days == [{"day": "2026-11-23", "name": "校庆", "runs_as": None}]
    assert (await door.ask("DELETE /roster/holidays/2026-11-23", who=OPERATOR))[0] == 204
    status, refused = await door.ask("PUT /roster/holidays/monday", {"name": "x"}, who=OPERATOR)
    assert (status, refused["field"]) == (422, "day")


async def test_the_roster_is_worked_out_on_request(door: Door) -> None:
    await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    assert (await door.ask("POST /roster/generate", {"days": 28}, who=ADMIN))[1] == {"created": 2}
    assert (await door.ask("POST /roster/generate", {"days": 0}, who=ADMIN))[0] == 422


async def test_the_desk_reads_the_sessions_ahead_and_a_doctor_the_own(door: Door) -> None:
    await door.ask("POST /roster/templates", TEMPLATE, who=OPERATOR)
    status, sessions = await door.ask("GET /roster/sessions?from=2026-11-21&days=14", who=OPERATOR)
    assert (status, [session["capacity"] for session in sessions]) == (200, [20, 20])
    assert (await door.ask("GET /roster/sessions", who=ZHAO))[1] == []


@pytest.mark.parametrize("line", ["GET /roster/templates", "GET /roster/doctors", "POST /roster/generate"])
async def test_a_doctor_does_not_edit_the_roster(door: Door, line: str) -> None:
    assert (await door.ask(line, {"days": 1} if line.startswith("POST") else None, who=LI))[0] == 403
    assert (await door.ask(line))[0] == 401
