"""The doors of a whole server in this process: who gets which page, over which connection, with which headers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, TCPConnector, web
from pytest_aiohttp.plugin import AiohttpClient

from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import User, UserWish
from server.api.edge import Edge
from server.api.serving import Gate, build_api
from server.app import CLOCK, Bedside, open_bedside
from server.http import all_routes
from server.settings import Data, Mqtt, Settings, Web
from tests.api.matrix import CELLS_OF_A_ROUTE, cells, knock
from tests.ports import free_port

PASSWORD = "correct-horse-battery"


@dataclass
class Visiting:
    """A running server and a client without cookies."""

    bedside: Bedside
    client: ClientSession

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.bedside.ports['http']}"

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.bedside.ports['https']}"

    async def get(self, path: str, host: str = "localhost", **headers: str) -> ClientResponse:
        return await self.client.get(f"{self.http}{path}", headers={"Host": host, **headers}, allow_redirects=False)


@pytest.fixture
async def visiting(tmp_path: Path) -> AsyncIterator[Visiting]:
    settings = Settings(
        web=Web(host="127.0.0.1", http_port=free_port(), https_port=free_port(), trusted_proxies=("127.0.0.1",)),
        data=Data(directory=tmp_path),
        mqtt=Mqtt(port=0, tls_port=free_port()),
    )
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    async with ClientSession(connector=TCPConnector(ssl=False)) as client:
        yield Visiting(bedside, client)
    await bedside.stop()


async def test_it_is_alive_and_becomes_ready(visiting: Visiting) -> None:
    assert (await visiting.get("/livez")).status == 200
    async with asyncio.timeout(5):
        while (await visiting.get("/readyz")).status != 200:
            await asyncio.sleep(0.05)


async def test_readiness_says_why_not(visiting: Visiting) -> None:
    async def broken() -> None:
        raise ConnectionError

    visiting.bedside.supervise("outbox of a test", broken)
    await asyncio.sleep(0.05)
    reply = await visiting.get("/readyz")
    assert reply.status == 503
    assert "outbox of a test: ConnectionError" in (await reply.json())["not_ready"]
    assert (await visiting.get("/livez")).status == 200


@pytest.mark.parametrize(
    "path",
    ["/sign-in", "/console", "/join", "/outbox", "/desk", "/roster", "/texts", "/book", "/display/x", "/ca"],
)
async def test_every_page_comes_with_a_policy_that_loads_nothing_from_elsewhere(visiting: Visiting, path: str) -> None:
    reply = await visiting.get(path)
    assert reply.status == 200
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "http" not in (await reply.text()).replace("http-equiv", "").split("<body")[0]


@pytest.mark.parametrize("path", ["/console", "/api/v1/hospital", "/api/v1/none", "/none", "/livez", "/live/"])
async def test_no_reply_says_what_it_is_made_of(visiting: Visiting, path: str) -> None:
    reply = await visiting.get(path)
    assert reply.headers["Server"] == "Bedside"
    assert "aiohttp" not in await reply.text()


async def test_plain_http_from_another_machine_is_led_to_https(visiting: Visiting) -> None:
    for path in ("/join", "/console", "/"):
        reply = await visiting.get(path, host="192.168.1.20:8080")
        assert reply.status == 200
        assert "insecure" in await reply.text()
    reply = await visiting.get("/api/v1/sessions", host="192.168.1.20:8080")
    assert (reply.status, (await reply.json())["type"]) == (403, "/problems/insecure-connection")
    assert (await visiting.get("/ca", host="192.168.1.20:8080")).status == 200
    for host in ("127.0.0.1.evil.example", "127.evil.example:8080", "localhost.evil.example"):
        assert (await visiting.get("/api/v1/departments", host=host)).status == 403, (
            "a name that says it is this machine"
        )
    for host in ("127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "localhost"):
        assert (await visiting.get("/api/v1/departments", host=host)).status == 200


async def test_a_television_without_https_gets_the_numbers_and_nothing_else(visiting: Visiting) -> None:
    lan, nowhere = "192.168.1.20:8080", "0" * 32
    page = await visiting.get(f"/display/{nowhere}", host=lan)
    assert "display" in await page.text()
    numbers = await visiting.get(f"/api/v1/display/{nowhere}", host=lan)
    assert (numbers.status, (await numbers.json())["type"]) == (404, "/problems/not-found")  # asked, and not known
    for reply in (page, numbers):
        assert "Set-Cookie" not in reply.headers
    sent = await visiting.client.post(f"{visiting.http}/api/v1/display/{nowhere}", headers={"Host": lan})
    assert (sent.status, (await sent.json())["type"]) == (403, "/problems/insecure-connection")
    for path in ("/api/v1/displays", f"/api/v1/display/../sessions/{nowhere}/line"):
        assert (await visiting.get(path, host=lan)).status == 403


async def test_behind_a_trusted_proxy_its_word_about_https_counts(visiting: Visiting) -> None:
    reply = await visiting.get("/console", host="visit.example", **{"X-Forwarded-Proto": "https"})
    assert "insecure" not in await reply.text()


async def test_the_authority_can_be_fetched_where_the_phone_does_not_trust_it_yet(visiting: Visiting) -> None:
    reply = await visiting.get("/ca.crt", host="192.168.1.20:8080")
    assert reply.content_type == "application/x-x509-ca-cert"
    assert b"BEGIN CERTIFICATE" in await reply.read()


async def test_metrics_are_for_this_machine_and_not_for_a_proxys_guests(visiting: Visiting) -> None:
    said = await (await visiting.get("/metrics")).read()
    assert b"bedside_ingest_stored" in said
    assert b"# TYPE bedside_alarms_nobody_to_tell gauge" in said  # it falls again
    assert (await visiting.get("/metrics", **{"X-Forwarded-For": "203.0.113.9"})).status == 404


async def test_every_cell_of_the_whole_hospitals_matrix(visiting: Visiting, aiohttp_client: AiohttpClient) -> None:
    """An allowed cell is never 401 or 403; every other is. A route that is added stands in this table by itself."""
    tokens = {role: role.value for role in Role}
    staff = [role for role in Role if role is not Role.PATIENT]
    users: dict[Role, str] = {role: (await _user(visiting, role)).id for role in staff}

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        role = Role(token) if token in tokens.values() else None
        return Principal(role, users.get(role, "0" * 32), token, "1" * 32) if role else None

    table = all_routes(visiting.bedside.doors)
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), CLOCK), version="0"))
    client = await aiohttp_client(app)
    asked = list(cells(table))
    of_people = [cell for cell in asked if cell.route.path != "/readings"]  # a device shows its own credential
    wrong = [cell for cell in of_people if (await knock(client, cell, tokens) not in {401, 403}) is not cell.allowed]
    assert not wrong
    assert len(asked) == CELLS_OF_A_ROUTE * len(table.routes)


async def test_over_https_the_cookie_belongs_to_this_host_alone(visiting: Visiting) -> None:
    user = await _user(visiting, Role.DOCTOR)
    reply = await visiting.client.post(
        f"{visiting.https}/api/v1/sign-in", json={"login": user.login, "password": PASSWORD}
    )
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("__Host-bedside=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


async def _user(visiting: Visiting, role: Role) -> User:
    wish = UserWish(login=role.value, name=role.value, role=role, password=PASSWORD)
    return await visiting.bedside.services.users.create(wish, "system", CLOCK())
