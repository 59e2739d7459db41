"""What is another doctor's or another patient's: every id on every route and every topic, tried by who must not."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.access_matrix.rows import BODIES
from tests.attacks.screen import Screen
from tests.attacks.ward import NOBODY, SETTLED_S, Caller, Ward

RECORD = ("sessions", "tickets", "visits", "notes", "alarms", "associations", "join_links", "consents", "devices")
QUERIES = {
    "/patients/{id}/readings": "?metrics=spo2&minutes=30",
    "/patients/{id}/export": "?format=csv&from=2026-11-20T00:00:00Z&until=2026-11-21T00:00:00Z",
    "/patients/{id}/waves": "?channel=ecg_ii&from=2026-11-20T00:00:00Z&until=2026-11-20T00:01:00Z",
    "/patients/{id}/history": "?metric=spo2&from=2026-11-20T00:00:00Z&until=2026-11-21T00:00:00Z",
}
Route = tuple[str, str]


async def routes(caller: Caller) -> list[Route]:
    """Every route of the running house that asks who it is, from its own description."""
    async with caller.http.get(f"{caller._url}/api/openapi.json") as reply:
        paths: dict[str, dict[str, Any]] = (await reply.json())["paths"]
    return [
        (method.upper(), path.removeprefix("/api/v1"))
        for path, verbs in paths.items()
        for method, operation in verbs.items()
        if "security" in operation
    ]


OF_THE_HOUSE = {"GET /devices/{id}"}  # every doctor sees every device, and of whose it is only what is the own


def attempts(known: list[Route], ids: dict[str, str]) -> Iterator[tuple[str, str, object]]:
    """Each route that names an object, once with every id there is – also of the wrong kind."""
    for method, path in known:
        if "{" not in path or f"{method} {path}" in OF_THE_HOUSE:
            continue
        for taken in ids.values():
            yield method, fill(path, taken, ids["device"]) + QUERIES.get(path, ""), BODIES.get(f"{method} {path}")


def fill(path: str, thing: str, device: str) -> str:
    """With ids of the ward's; what else a path names – a day, a language – is of no side."""
    return re.sub(r"{\w+}", "none", path.replace("{id}", thing).replace("{device_id}", device))


@pytest.mark.parametrize("foreigner", ["the other doctor", "the other doctor's patient", "nobody"])
async def test_no_id_of_doctor_a_opens_anything_to_a_foreigner(busy_ward: Ward, foreigner: str) -> None:
    ward = busy_ward
    who = {"the other doctor": ward.b.doctor, "the other doctor's patient": ward.b.patient, "nobody": NOBODY}[foreigner]
    expected = {401} if foreigner == "nobody" else {401, 403, 404}  # which of them: see test_access_matrix
    if foreigner == "the other doctor":
        expected.add(409)  # the second factor is asked for before anything is looked up
    before = ward.record(*RECORD)
    async with ward.caller() as caller:
        tried = list(attempts(await routes(caller), dict(ward.a.doctor.owns)))
        replies = [(each, await caller.ask(who, *each)) for each in tried]
    wrong = [(each[:2], reply.status, reply.body) for each, reply in replies if reply.status not in expected]
    assert not wrong
    assert len(tried) > 60
    assert ward.record(*RECORD) == before


async def test_a_foreign_object_looks_exactly_like_none_at_all(busy_ward: Ward) -> None:
    async with busy_ward.caller() as caller:
        known = await routes(caller)
        foreign = [
            await caller.ask(busy_ward.b.doctor, *each) for each in attempts(known, dict(busy_ward.a.doctor.owns))
        ]
        nothing = [await caller.ask(busy_ward.b.doctor, *each) for each in attempts(known, {"device": "0" * 32})]
    shown = {tuple(sorted((k, str(v)) for k, v in reply.body.items() if k != "request_id")) for reply in foreign}
    assert shown == {
        tuple(sorted((k, str(v)) for k, v in reply.body.items() if k != "request_id")) for reply in nothing
    }


async def test_ids_swapped_inside_bodies_and_paths_move_no_device(busy_ward: Ward) -> None:
    """Doctor b takes the oximeter off doctor a's patient, or puts it on his own: a silent alarm, or a wrong patient."""
    a, b = busy_ward.a, busy_ward.b
    before = busy_ward.record("associations")
    async with busy_ward.caller() as caller:
        taken = await caller.ask(b.doctor, "DELETE", f"/patients/{b['patient']}/devices/{a['device']}")
        put = await caller.ask(
            b.doctor, "POST", f"/patients/{b['patient']}/devices", {"device_id": a["device"], "profile": None}
        )
        lent = await caller.ask(
            b.doctor, "POST", f"/patients/{a['patient']}/devices", {"device_id": b["device"], "profile": None}
        )
        named = (await caller.take(b.doctor, "GET", f"/devices/{a['device']}"))["device"]
    assert (taken.status, put.kind, lent.status) == (404, "device-worn", 404)
    assert named["patient"] is None
    assert named["profile"] is None
    assert busy_ward.record("associations") == before


EXTRAS = {"role", "doctor_id", "serial", "patient_id", "responsible_id", "state"}
MAY_BE_NAMED = {
    "POST /unattended/{id}/take-over": {"doctor_id"},  # by an administrator: see test_handover
    "POST /devices": {"serial"},  # the device's
    "POST /sessions/{id}/tickets": {"patient_id"},  # somebody known: asked like every patient
    "POST /devices/claim": {"patient_id"},  # for whom: asked like every patient
}


async def test_a_body_with_one_field_too_many_is_refused_by_its_name(busy_ward: Ward) -> None:
    before = busy_ward.record(*RECORD)
    async with busy_ward.caller() as caller:
        for line, body in BODIES.items():
            method, path = line.split()
            kind = path.split("/")[1].rstrip("s")
            path_of_own = path.replace("{id}", busy_ward.a.doctor.owns.get(kind, "0" * 32))
            for extra in EXTRAS - MAY_BE_NAMED.get(line, set()):
                wish = method, path_of_own, {**body, extra: busy_ward.b["user"]}
                reply = await caller.ask(busy_ward.a.doctor, *wish)
                if reply.kind == "not-allowed":
                    reply = await caller.ask(busy_ward.operator, *wish)
                assert (reply.status, reply.body.get("field")) == (422, extra), (method, path, reply.body)
    assert busy_ward.record(*RECORD) == before


@pytest.mark.parametrize(
    "from_elsewhere",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=lambda given: ":".join(given.values()),
)
async def test_another_sites_page_changes_nothing_in_the_doctors_name(
    busy_ward: Ward, from_elsewhere: dict[str, str]
) -> None:
    before = busy_ward.record(*RECORD, "sign_ins")
    own = busy_ward.a.doctor.owns
    async with busy_ward.caller() as caller:
        for method, path in await routes(caller):
            if method == "GET":
                continue
            kind = path.split("/")[1].rstrip("s")
            filled = fill(path, own.get(kind, "0" * 32), own["device"])
            for who in (busy_ward.a.doctor, busy_ward.a.patient):
                body = BODIES.get(f"{method} {path}")
                reply = await caller.ask(who, method, filled, body, **from_elsewhere)
                assert (reply.status, reply.kind) == (403, "foreign-origin"), (method, path)
    assert busy_ward.record(*RECORD, "sign_ins") == before


def topics(ward: Ward) -> list[str]:
    """Everything of side a that can be watched."""
    own = ward.a.doctor.owns
    kinds = {"session": "session", "line": "session", "ticket": "ticket", "visit": "visit", "patient": "patient"}
    return [*(f"{kind}:{own[key]}" for kind, key in kinds.items()), f"alarms:{own['user']}"]


async def test_nothing_of_doctor_a_reaches_a_foreign_socket(busy_ward: Ward) -> None:
    """All topics and the room are asked for by foreigners; then side a lives on, and the foreigners hear nothing."""
    ward, a = busy_ward, busy_ward.a
    foreigners = (ward.b.doctor, ward.b.patient, ward.operator)
    screens = [await Screen(ward, who).open() for who in foreigners]
    for screen, who in zip(screens, foreigners, strict=True):
        for topic in topics(ward):
            reply = await screen.say("subscribe", {"topic": topic})
            allowed = who is ward.operator and topic.startswith("line:")  # an operator arranges every line
            assert reply["ok"] is allowed, (topic, reply)
            if not allowed:
                assert "Zhao" not in str(reply)
        for event in ("join", "leave"):
            await screen.say(event, {"room": a["visit"]})
        assert not (await screen.say("signal", {"room": a["visit"], "candidate": {"candidate": ""}}))["ok"]
    async with ward.caller() as caller, Screen(ward, a.doctor) as doctor, Screen(ward, a.patient) as patient:
        for side in (doctor, patient):
            await side.is_given("join", {"room": a["visit"]})
        await doctor.is_given("signal", {"room": a["visit"], "description": {"type": "offer", "sdp": "v=0\r\n"}})
        version = (await caller.take(a.doctor, "GET", f"/visits/{a['visit']}"))["note"]
        note = {"body": "Breathless at rest.", "version": version["version"] if version else 0}
        await caller.take(a.doctor, "PUT", f"/visits/{a['visit']}/note", note)
        await caller.take(a.doctor, "POST", f"/sessions/{a['session']}/close")
        await caller.take(a.doctor, "POST", f"/sessions/{a['session']}/open")
        await asyncio.sleep(SETTLED_S)
        assert [sent["from"] for sent in patient.heard("signal")] == ["doctor"]
    for screen in screens:
        assert not [told for told in screen.told if not str(told[1].get("topic", "")).startswith("line:")], screen.told
        await screen.io.disconnect()
        await screen.io.shutdown()
