"""Signing in over HTTP, on both databases: the cookie, one answer to every wrong guess, the end of a sign-in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.sign_ins import STAFF_IDLE
from server.api import access, hospital
from server.api.edge import Edge
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.store.engine import Store
from tests.access.people import NOW, PASSWORD, add_staff, audited, sign_ins_of

QINGSHAN = hospital.Hospital(
    name="青山",
    telephone="0571-0000 0000",
    demonstration=True,
    time_zone="Asia/Shanghai",
    version="0.1.0",
    public_url="https://qs.example",
)


@dataclass
class Desk:
    """A browser before a server whose clock can be turned."""

    client: TestClient[Any, Any] = field(repr=False)
    now: datetime = NOW

    async def sign_in(self, login: str = "wang.li", password: str = PASSWORD) -> ClientResponse:
        return await self.client.post("/api/v1/sign-in", json={"login": login, "password": password})

    async def me(self) -> int:
        return (await self.client.get("/api/v1/me")).status


@pytest.fixture
async def desk(store: Store, aiohttp_client: AiohttpClient) -> Desk:
    await add_staff(store)
    sign_ins = sign_ins_of(store)
    features = [Feature(access.routes(sign_ins), access.problems), Feature(hospital.routes(QINGSHAN), {})]
    app = web.Application()
    desk: Desk
    gate = Gate(sign_ins.authenticate, Edge(), lambda: desk.now)
    app.add_subapp("/api", build_api(route_table(features), gate, version="1"))
    desk = Desk(await aiohttp_client(app))
    return desk


async def test_who_signs_in_gets_a_cookie_that_scripts_cannot_read(desk: Desk) -> None:
    response = await desk.sign_in()
    assert response.status == 200
    me = await response.json()
    assert {**me, "id": ""} == {"id": "", "login": "wang.li", "name": "Wang Li", "role": "doctor", "locale": "zh-CN"}
    cookie, known = response.headers.getall("Set-Cookie")
    name, *flags = cookie.split("; ")
    assert flags == ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=Lax"]
    assert name.startswith("bedside=")
    assert len(name.removeprefix("bedside=")) >= 43  # 256 bits
    assert known.partition("=")[0] == "bedside-known"
    assert known.split("; ")[1:] == ["HttpOnly", "Max-Age=15552000", "Path=/", "SameSite=Lax"]
    assert await (await desk.client.get("/api/v1/me")).json() == me


async def test_unknown_login_and_wrong_password_get_the_very_same_answer(desk: Desk) -> None:
    answers = []
    for login, password in [("wang.li", "not the password"), ("nobody", PASSWORD), ("", "x"), ("\u202ewang", "x")]:
        response = await desk.sign_in(login or " ", password)
        problem = await response.json(content_type=None)
        problem.pop("request_id")
        answers.append((response.status, problem, sorted(response.headers)))
    assert answers[0][0] == 401
    assert answers[0][1]["type"] == "/problems/wrong-password"
    assert all(answer == answers[0] for answer in answers)


async def test_the_sixth_wrong_password_has_to_wait(desk: Desk) -> None:
    for _ in range(5):
        assert (await desk.sign_in(password="not the password")).status == 401
    response = await desk.sign_in()
    assert (response.status, response.headers["Retry-After"]) == (429, "60")
    desk.now += timedelta(seconds=60)
    assert (await desk.sign_in()).status == 200


async def test_signing_out_ends_the_sign_in_and_clears_the_cookie(desk: Desk, store: Store) -> None:
    await desk.sign_in()
    token = desk.client.session.cookie_jar.filter_cookies(desk.client.make_url("/"))["bedside"].value
    response = await desk.client.post("/api/v1/sign-out")
    assert (response.status, await response.read()) == (204, b"")
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert (await desk.client.get("/api/v1/me", headers={"Cookie": f"bedside={token}"})).status == 401
    assert (await audited(store))[-1] == "user.signed_out"


async def test_a_sign_in_that_was_left_alone_is_over(desk: Desk) -> None:
    await desk.sign_in()
    desk.now += STAFF_IDLE - timedelta(seconds=1)
    assert await desk.me() == 200
    desk.now += STAFF_IDLE
    assert await desk.me() == 401


async def test_another_site_cannot_sign_anybody_in_or_out(desk: Desk) -> None:
    await desk.sign_in()
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.client.post("/api/v1/sign-out", headers=foreign)).status == 403
    credentials = {"login": "wang.li", "password": PASSWORD}
    response = await desk.client.post("/api/v1/sign-in", json=credentials, headers=foreign)
    assert response.status == 403
    assert await desk.me() == 200


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"login": "wang.li"}, "password"),
        ({"login": "wang.li", "password": PASSWORD, "role": "admin"}, "role"),
        ({"login": "w" * 65, "password": PASSWORD}, "login"),
        ({"login": "wang.li", "password": "x" * 129}, "password"),
    ],
)
async def test_what_is_wrong_in_the_form_is_named_and_not_repeated(desk: Desk, body: dict[str, str], name: str) -> None:
    response = await desk.client.post("/api/v1/sign-in", json=body)
    problem = await response.json(content_type=None)
    assert (response.status, problem["field"]) == (422, name)
    assert PASSWORD not in str(problem)


async def test_anybody_may_know_the_hospital(desk: Desk) -> None:
    response = await desk.client.get("/api/v1/hospital")
    assert await response.json() == {
        "name": "青山",
        "telephone": "0571-0000 0000",
        "demonstration": True,
        "time_zone": "Asia/Shanghai",
        "version": "0.1.0",
        "public_url": "https://qs.example",
    }
