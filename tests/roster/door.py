"""The roster's and booking's routes over the real framework: each call names who is signed in."""

from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.access.roles import Role
from server.api import booking, clinic, roster
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from tests.clinic.house import NOW, STAFF, patient_of
from tests.roster.house import RosterHouse


class Door:
    """A browser. ``who`` is a member of staff, a ticket's patient, or nobody."""

    def __init__(self, client: "TestClient[web.Request, web.Application]") -> None:
        self._client = client

    async def ask(self, line: str, body: object = None, *, who: Principal | None = None) -> tuple[int, Any]:
        method, path = line.split(" ", 1)
        self._client.session.cookie_jar.clear()
        audience = Audience.PATIENT if who and who.role is Role.PATIENT else Audience.STAFF
        cookies = {cookie_name(audience, secure=False): who.id} if who else {}
        response = await self._client.request(method, f"/api/v1{path}", json=body, cookies=cookies)
        if response.content_type == "text/calendar":
            return response.status, await response.text()
        return response.status, await response.json() if response.status != 204 else None


async def open_door(house: RosterHouse, aiohttp_client: AiohttpClient) -> Door:
    people = {who.id: who for who in STAFF}

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        return people.get(token) or patient_of(token)

    features = [
        Feature(roster.routes(house.roster, house.directory), {**clinic.problems, **roster.problems}),
        Feature(booking.routes(house.public, house.moves, house.appointments, "zh-CN"), booking.problems),
    ]
    app = web.Application()
    app.add_subapp("/api", build_api(route_table(features), Gate(authenticate, Edge(), lambda: NOW), version="1"))
    return Door(await aiohttp_client(app))


def slug(body: Any) -> str:  # noqa: ANN401 – what came
    return str(body["type"]).removeprefix("/problems/")
