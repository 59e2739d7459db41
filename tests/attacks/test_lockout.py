"""Guesses from many addresses end at a wall; the doctor whose login is guessed must not stand before it."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.limits import SIGN_INS_A_KNOWN_BROWSER, SIGN_INS_A_LOGIN_ANYWHERE
from server.api import access
from server.api.edge import Edge
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.store.engine import Store
from tests.access.people import NOW, PASSWORD, add_staff, sign_ins_of

Browser = TestClient[Any, Any]


@pytest.fixture
async def entrance(sqlite_store: Store) -> web.Application:
    """Signing in behind a proxy that says where each request comes from; its clock stands still."""
    for login in ("wang.li", "chen.jing"):
        await add_staff(sqlite_store, login)
    sign_ins = sign_ins_of(sqlite_store)
    gate = Gate(sign_ins.authenticate, Edge(trusted_proxies=("127.0.0.1/32",)), lambda: NOW)
    app = web.Application()
    table = route_table([Feature(access.routes(sign_ins), access.problems)])
    app.add_subapp("/api", build_api(table, gate, version="1"))
    return app


async def tries(browser: Browser, password: str, address: str, login: str = "wang.li", cookie: str = "") -> int:
    headers = {"X-Forwarded-For": address, **({"Cookie": cookie} if cookie else {})}
    said = {"login": login, "password": password}
    return (await browser.post("/api/v1/sign-in", json=said, headers=headers)).status


async def besiege(browser: Browser) -> None:
    """From as many addresses as it takes, until nobody who is unknown may try this login any more."""
    burst = SIGN_INS_A_LOGIN_ANYWHERE.burst
    statuses = [await tries(browser, "a guess of theirs", f"203.0.{n}.9", cookie="none=1") for n in range(burst + 1)]
    assert statuses == [401] * burst + [429]


async def test_a_doctor_signs_in_at_the_own_desk_whatever_others_guess_meanwhile(
    entrance: web.Application, aiohttp_client: AiohttpClient
) -> None:
    at_the_desk, stranger = await aiohttp_client(entrance), await aiohttp_client(entrance)
    assert await tries(at_the_desk, PASSWORD, "192.0.2.7") == 200
    await besiege(stranger)
    assert await tries(stranger, PASSWORD, "192.0.2.7") == 429, "an unknown browser waits, at the same address too"
    assert await tries(at_the_desk, PASSWORD, "192.0.2.7") == 200
    assert await tries(at_the_desk, PASSWORD, "198.51.100.1") == 200, "the browser is known, wherever it is carried"


async def test_a_known_browser_guesses_no_more_than_its_own_few(
    entrance: web.Application, aiohttp_client: AiohttpClient
) -> None:
    """A stolen desk, or a colleague's: neither is a way around the walls."""
    thief, colleague = await aiohttp_client(entrance), await aiohttp_client(entrance)
    assert await tries(thief, PASSWORD, "192.0.2.7") == 200
    burst = SIGN_INS_A_KNOWN_BROWSER.burst
    guesses = [await tries(thief, "a guess of theirs", f"203.0.{n}.9") for n in range(burst + 1)]
    assert guesses == [401] * burst + [429]
    assert await tries(colleague, PASSWORD, "192.0.2.8", "chen.jing") == 200
    await besiege(await aiohttp_client(entrance))
    assert await tries(colleague, "a guess of theirs", "192.0.2.8") == 429, "a mark counts for its own login alone"
