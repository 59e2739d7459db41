"""The routes of messages over the real framework: receipts as they are signed, a lost link's one answer, own words."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from yarl import URL

from server.access.principal import Principal
from server.access.roles import Role
from server.api import notifications
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.messaging import Correspondence, WaysOut, build_messaging
from server.notifications.deliveries import Delivery, DeliveryState, Receipt
from server.notifications.messages import Sender
from server.notifications.receipts import BadSignature, Source
from server.settings import Settings
from server.store.engine import Store
from tests.notifications.people import PHONE, Booked, book, doctor
from tests.notifications.post import NOON, Outbox, Telephone, running
from tests.notifications.test_subscriptions import SERVICES, given
from tests.store.filled import contents

Client = TestClient[web.Request, web.Application]
PUBLIC = "https://visit.hospital.example"
SECRET = "s3"
PEOPLE = {
    "operator": Principal(Role.OPERATOR, "3" * 32, "前台", "sign-in"),
    "doctor": Principal(Role.DOCTOR, "doctor", "李医生", "sign-in"),
    "patient": Principal(Role.PATIENT, "t1", "王小明", "sign-in"),
}


def signed(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[Receipt]:
    """A provider that signs the address and the very bytes."""
    if headers.get("x-signature") != signature(headers["x-bedside-url"], body, secret):
        raise BadSignature("the signature does not fit")
    return [Receipt(json.loads(body)["id"], DeliveryState.DELIVERED, now)]


def signature(url: str, body: bytes, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), url.encode() + body, hashlib.sha256).hex()


@dataclass
class Door:
    """A browser, or a provider."""

    store: Store
    client: Client
    told: list[str] = field(default_factory=list)

    async def ask(self, who: str, line: str, body: object = None) -> tuple[int, Any]:
        method, path = line.split(" ", 1)
        audience = Audience.PATIENT if who == "patient" else Audience.STAFF
        cookies = {cookie_name(audience, secure=False): who}
        response = await self.client.request(method, f"/api/v1{path}", json=body, cookies=cookies)
        return response.status, await response.json() if response.status != 204 else None

    async def receipt(self, path: str, body: bytes, signed_by: str = SECRET, **headers: str) -> tuple[int, Any]:
        headers = {"X-Signature": signature(f"{PUBLIC}/api/v1{path}", body, signed_by), **headers}
        asked = URL(f"{self.client.make_url('/')}api/v1{path}", encoded=True)  # as a provider writes it
        response = await self.client.session.post(asked, data=body, headers=headers)
        return response.status, await response.json()


@pytest.fixture
async def door(sqlite_store: Store, aiohttp_client: AiohttpClient) -> Door:
    await doctor(sqlite_store)
    await book(sqlite_store, Booked("t1"))

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        return PEOPLE.get(token)

    async def tell(_topic: str) -> None:
        return None

    async def changed(_delivery: Delivery) -> None:
        return None

    sender = Sender("青山互联网医院", ZoneInfo("Asia/Shanghai"), f"{PUBLIC}/console", "0571-0")
    house = Correspondence(sender=sender, join_url=lambda link: f"{PUBLIC}/join#{link}", tell=tell, changed=changed)
    out = WaysOut(receipts={"telephone": Source(signed, SECRET)}, push_services=SERVICES, push_key="vapid")
    messaging = build_messaging(Settings(), (sqlite_store, sqlite_store), house, out)
    table = route_table([Feature(notifications.routes(messaging.doors), notifications.problems)])
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(PUBLIC), lambda: NOON), version="1"))
    return Door(sqlite_store, await aiohttp_client(app))


async def sent(door: Door) -> None:
    outbox = Outbox(door.store)
    outbox.phone = Telephone(receipts=True)
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await outbox.reach(DeliveryState.SENT)


async def test_a_signed_receipt_is_taken_byte_by_byte_query_and_all(door: Door) -> None:
    await sent(door)
    body = b'{ "id":"provider-1" }\n'
    status, reply = await door.receipt("/receipts/telephone?key=a%2Fb", body, **{"Content-Type": "text/plain"})
    assert (status, reply) == (200, {"code": 0, "msg": "ok", "result": 0, "errmsg": "OK"})
    [row] = await Outbox(door.store).rows()
    assert row.state is DeliveryState.DELIVERED
    _, [shown] = await door.ask("operator", "GET /outbox")
    assert (shown["state"], shown["parts"], shown["receipt"] is not None) == ("delivered", 1, True)


@pytest.mark.parametrize(
    ("path", "signed_by", "status", "slug"),
    [
        ("/receipts/telephone", "guess", 403, "bad-signature"),
        ("/receipts/nobody", SECRET, 404, "not-found"),
    ],
)
async def test_whoever_cannot_sign_is_not_heard(door: Door, path: str, signed_by: str, status: int, slug: str) -> None:
    await sent(door)
    answered, problem = await door.receipt(path, b'{"id":"provider-1"}', signed_by)
    assert (answered, problem["type"]) == (status, f"/problems/{slug}")
    assert {row.state for row in await Outbox(door.store).rows()} == {DeliveryState.SENT}


async def test_nobody_makes_up_the_address_that_was_signed(door: Door) -> None:
    await sent(door)
    elsewhere = signature("https://evil.example/", b'{"id":"provider-1"}')
    headers = {"X-Signature": elsewhere, "X-Bedside-Url": "https://evil.example/"}
    status, _ = await door.receipt("/receipts/telephone", b'{"id":"provider-1"}', **headers)
    assert status == 403


@pytest.mark.parametrize("phone", [PHONE, "+8613999999999", "138 1234 5678", "nonsense", ""])
async def test_a_lost_link_has_one_answer_whoever_asks(door: Door, phone: str) -> None:
    answers = [await door.ask("nobody", "POST /join/recover", {"phone": phone}) for _ in range(30)]
    assert answers == [(202, {})] * 30


async def test_a_template_is_seen_tried_written_and_refused_by_name(door: Door) -> None:
    _, listed = await door.ask("operator", "GET /templates")
    [called] = [view for view in listed if (view["template"], view["locale"]) == ("called", "en")]
    assert (called["version"], called["needed"]) == (0, ["hospital", "link", "serial"])
    own = {"template": "called", "locale": "en", "body": "{hospital} {serial} {link}"}
    status, shown = await door.ask("operator", "POST /templates/preview", own)
    assert (status, shown["parts"], shown["encoding"]) == (200, 2, "UCS-2")
    status, problem = await door.ask("operator", "POST /templates/preview", {**own, "body": "{hospital} {serial}"})
    assert (status, problem["type"], problem["slot"]) == (422, "/problems/bad-template", "link")
    edited = {"body": own["body"], "version": 0}
    assert (await door.ask("operator", "PUT /templates/called/en", edited))[1]["version"] == 1
    status, problem = await door.ask("operator", "PUT /templates/called/en", edited)
    assert (status, problem["type"]) == (409, "/problems/template-changed")
    assert (await door.ask("operator", "PUT /templates/nothing/en", edited))[0] == 404
    assert (await door.ask("operator", "PUT /templates/called/fr", edited))[0] == 404
    assert (await door.ask("doctor", "PUT /templates/called/en", edited))[0] == 403


async def test_a_page_subscribes_under_the_houses_key_each_as_who_is_signed_in(door: Door) -> None:
    assert await door.ask("nobody", "GET /push/key") == (200, {"key": "vapid"})
    browser = json.loads(given())
    assert (await door.ask("doctor", "POST /push/subscribe", browser))[0] == 204
    assert (await door.ask("patient", "POST /ticket/push", browser))[0] == 204
    assert (await door.ask("patient", "POST /push/subscribe", browser))[0] == 401
    status, problem = await door.ask("doctor", "POST /push/subscribe", {**browser, "endpoint": "https://evil.example"})
    assert (status, problem["field"]) == (422, "endpoint")
    assert [row["recipient"] for row in (await contents(door.store))["push_subscriptions"]] == ["patient:p-t1"]


async def test_an_operator_sees_who_was_not_reached_and_records_the_call(door: Door) -> None:
    assert await door.ask("operator", "GET /not-reached") == (200, [])
    assert (await door.ask("operator", f"POST /not-reached/{'0' * 32}/call", {"reached": True}))[0] == 404
    for line in ("GET /not-reached", "GET /outbox", "GET /templates"):
        assert (await door.ask("doctor", line))[0] == 403


async def test_a_push_is_confirmed_by_whoever_could_read_it_and_tells_nothing(door: Door) -> None:
    assert await door.ask("nobody", "POST /push/received", {"id": "0" * 32}) == (204, None)
