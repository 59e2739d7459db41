"""Connections are counted from the first packet to the last, over plain HTTP and through a broken TLS handshake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from server.api.edge import Edge
from server.connections import Connections, Most
from server.crowding import Crowd, bounded
from server.doorkeeper import Doorkeeper
from server.doorway import doorways
from server.tls import ensure_certificates
from tests.server.test_tls import NOW

MOST = Most(an_address=4, everybody=100, in_all=100)
HOST = "127.0.0.1"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture
async def leave() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def runner(leave: asyncio.Event) -> AsyncIterator[web.AppRunner]:
    """A page that stays open until the test says so, two an address and lane; proxies are believed."""

    async def page(_request: web.Request) -> web.Response:
        await leave.wait()
        return web.Response(text="bye")

    crowd = Crowd(Most(an_address=2, everybody=100, in_all=100))
    app = web.Application(middlewares=[bounded(Edge(trusted_proxies=("127.0.0.1/32",)), crowd)])
    for path in ("/page", "/api/v1/page"):
        app.router.add_get(path, page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    yield runner
    await runner.cleanup()


async def test_the_fifth_connection_of_an_address_is_closed_and_a_place_is_free_again(runner: web.AppRunner) -> None:
    connections = Connections(MOST)
    [doorway] = await doorways(HOST, 0, Doorkeeper(connections))
    await web.SockSite(runner, doorway).start()
    held = [await asyncio.open_connection(HOST, doorway.getsockname()[1]) for _ in range(4)]
    reader, writer = await asyncio.open_connection(HOST, doorway.getsockname()[1])
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    assert (len(connections), connections.refused) == (4, 1)
    for _, each in held:
        each.close()
    await until(lambda: len(connections) == 0)


async def test_who_begins_tls_and_says_no_more_holds_a_place_and_who_breaks_it_off_frees_it(
    runner: web.AppRunner, tmp_path: Path
) -> None:
    connections = Connections(MOST)
    [doorway] = await doorways(HOST, 0, Doorkeeper(connections))
    certificates = ensure_certificates(tmp_path, ["localhost"], NOW)
    await web.SockSite(runner, doorway, ssl_context=certificates.context()).start()
    _, silent = await asyncio.open_connection(HOST, doorway.getsockname()[1])
    _, rude = await asyncio.open_connection(HOST, doorway.getsockname()[1])
    await until(lambda: len(connections) == 2)
    rude.write(b"GET / HTTP/1.1\r\n\r\n")
    await until(lambda: len(connections) == 1)
    silent.close()
    await until(lambda: len(connections) == 0)


async def test_behind_a_proxy_each_address_has_its_own_places_staff_a_lane_and_the_next_is_refused_by_name(
    runner: web.AppRunner, leave: asyncio.Event
) -> None:
    [doorway] = await doorways(HOST, 0, Doorkeeper(Connections(Most(100, 100, 100))))
    await web.SockSite(runner, doorway).start()
    at = f"http://{HOST}:{doorway.getsockname()[1]}"
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:

        async def ask(path: str, address: str, cookie: str = "none=1") -> tuple[int, str]:
            headers = {"X-Forwarded-For": address, "Cookie": cookie}
            async with http.get(f"{at}{path}", headers=headers) as reply:
                return reply.status, await reply.text()

        crowd = [group.create_task(ask("/page", "203.0.113.9")) for _ in range(2)]
        await asyncio.sleep(0.05)
        status, told = await ask("/api/v1/page", "203.0.113.9")
        assert (status, '"/problems/too-many-connections"' in told) == (429, True)
        status, told = await ask("/page", "203.0.113.9")
        assert (status, "连接过多" in told, "Too many connections" in told) == (429, True, True)
        others = [
            group.create_task(ask("/page", "198.51.100.1")),
            group.create_task(ask("/page", "203.0.113.9", "bedside=a-doctors-cookie")),
        ]
        await asyncio.sleep(0.05)
        leave.set()
        assert {(await each)[0] for each in [*crowd, *others]} == {200}
        assert (await ask("/page", "203.0.113.9"))[0] == 200, "who has left holds nothing"
