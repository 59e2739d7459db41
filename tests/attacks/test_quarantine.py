"""Quarantine under attack: what a device put there, and what a member of staff may make of it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from tests.attacks.oximeter import reading
from tests.attacks.ward import Caller, Reply, Ward, put_on, until

GOOD = {"readings": [reading(value=91)]}
EVIL = b'{"readings": [{"metric": "spo2", "value": \xe2\x80\xae19, <script>alert(1)</script> {{7*7}} \x00'


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@dataclass(frozen=True)
class Scene:
    ward: Ward
    caller: Caller
    id: str

    async def ask(self, path: str, body: object, method: str = "POST") -> Reply:
        return await self.caller.ask(self.ward.operator, method, f"/quarantine/{self.id}{path}", body)

    def stored(self) -> list[dict[str, object]]:
        return self.ward.rows("SELECT * FROM messages WHERE identity = ?", f"replay:{self.id}")


@pytest.fixture
async def scene(busy_ward: Ward) -> AsyncIterator[Scene]:
    ward = busy_ward
    async with ward.caller() as caller:
        device, secret = await put_on(caller, ward.operator, ward.a.doctor, ward.a["patient"])
        url = f"{ward.hospital.url}/api/v1/readings?format=readings"
        basic = {"Authorization": f"Basic {b64(f'{device}:{secret}'.encode())}"}
        async with aiohttp.ClientSession() as http:
            sent = await http.post(url, data=EVIL, headers=basic)
            assert sent.status == 422
        [row] = await until(lambda: ward.rows("SELECT id FROM quarantine WHERE device_id = ?", device))
        yield Scene(ward, caller, row["id"])


async def test_nobody_but_an_operator_learns_that_it_is_there(scene: Scene) -> None:
    lines = [("GET", ""), ("POST", "/check"), ("POST", "/replay"), ("POST", "/dismiss")]
    for method, path in lines:
        body = {"why": "mine"} if path == "/dismiss" else {} if path else None
        for who in (scene.ward.a.doctor, scene.ward.a.patient):
            mine = await scene.caller.ask(who, method, f"/quarantine/{scene.id}{path}", body)
            nothing = await scene.caller.ask(who, method, f"/quarantine/{'0' * 32}{path}", body)
            assert (mine.status, mine.kind) == (nothing.status, nothing.kind)
            assert mine.status in {401, 403}
    assert scene.ward.rows("SELECT state FROM quarantine WHERE id = ?", scene.id) == [{"state": "open"}]


async def test_what_was_sent_comes_back_as_bytes_and_is_in_the_audit(scene: Scene) -> None:
    opened = await scene.ask("", None, "GET")
    assert base64.b64decode(opened.body["payload"]) == EVIL
    assert opened.headers["Content-Type"].startswith("application/json")
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    [entry] = scene.ward.rows("SELECT actor, action FROM audit WHERE subject = ?", f"quarantine:{scene.id}")
    assert (entry["actor"], entry["action"]) == (f"user:{scene.ward.operator.owns['user']}", "quarantine.opened")
    assert scene.ward.rows("SELECT id FROM audit WHERE detail LIKE '%script%'") == []


async def test_a_huge_or_a_deep_correction_costs_nothing(scene: Scene) -> None:
    huge = await scene.ask("/check", {"content": b64(b" " * 70_000)})
    assert (huge.status, huge.kind) == (413, "too-large")
    for bomb in (b"[" * 40_000, b'{"readings": ' + b"9" * 40_000, b'{"readings": [' + b"{}," * 13_000 + b"{}]}"):
        refused = await asyncio.wait_for(scene.ask("/replay", {"content": b64(bomb)}), 5)
        assert (refused.status, refused.kind) == (422, "nothing-to-take")
    for shape in ({"content": "not base64!"}, {"content": 7}, {"device": "other"}, {"topic": "bedside/v1/x/readings"}):
        assert (await scene.ask("/replay", shape)).status == 422
    assert scene.ward.rows("SELECT * FROM quarantine_copies WHERE quarantine_id = ?", scene.id) == []


async def test_a_correction_reaches_no_other_device(scene: Scene) -> None:
    content = b64(json.dumps(GOOD).encode())
    for format_ in ("../../other/readings", "readings/../../x", "ack", "status", "command", ""):
        refused = await scene.ask("/replay", {"content": content, "format": format_})
        assert (refused.status, refused.kind) == (422, "nothing-to-take"), format_
    assert scene.stored() == []


async def test_replayed_a_hundred_times_at_once_it_is_stored_once(scene: Scene) -> None:
    wish = {"content": b64(json.dumps(GOOD).encode())}
    replies = await asyncio.gather(*(scene.ask("/replay", wish) for _ in range(100)))
    kinds = {reply.kind for reply in replies if reply.status != 200}
    assert sum(reply.status == 200 for reply in replies) == 1
    assert kinds <= {"quarantine-settled", "too-many-copies"}
    assert len(scene.stored()) == 1
    again = await scene.ask("/dismiss", {"why": "no"})
    assert (again.status, again.kind) == (409, "quarantine-settled")
