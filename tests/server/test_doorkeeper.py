"""Whoever holds a connection and asks for nothing is turned out; who asked once keeps it, however long that takes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from server.connections import Connections, Most
from server.doorkeeper import SILENT_S, Doorkeeper, hears
from server.doorway import doorways
from tests.server.test_doorway import until

HOST = "127.0.0.1"
HEAD = b"GET /page HTTP/1.1\r\nHost: localhost\r\n"


class Now:
    s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def keeper(now: Now) -> Doorkeeper:
    return Doorkeeper(Connections(Most(100, 100, 100)), now)


@pytest.fixture
async def port(keeper: Doorkeeper) -> AsyncIterator[int]:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application(middlewares=[hears(keeper)])
    app.router.add_get("/page", page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    [doorway] = await doorways(HOST, 0, keeper)
    await web.SockSite(runner, doorway).start()
    yield int(doorway.getsockname()[1])
    await runner.cleanup()


async def test_half_a_head_that_trickles_in_is_not_waited_for(keeper: Doorkeeper, now: Now, port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(HEAD)
    await until(lambda: len(keeper._connections) == 1)
    now.s += SILENT_S / 2
    writer.write(b"X-More: of it\r\n")
    keeper.look()
    now.s += SILENT_S / 2
    keeper.look()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    await until(lambda: len(keeper._connections) == 0)
    writer.close()


async def test_who_has_asked_is_not_looked_at_again(keeper: Doorkeeper, now: Now, port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(2):
        writer.write(HEAD + b"\r\n")
        assert b"here" in await asyncio.wait_for(reader.readuntil(b"here"), 5)
        now.s += 2 * SILENT_S
        keeper.look()
    writer.close()
