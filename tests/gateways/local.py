"""An HTTP server on this machine that keeps what it was asked and answers as its handler says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tests.ports import free_port

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The origin under which ``handler`` answers every path and method."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner, port = web.AppRunner(app, access_log=None), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def always(response: Callable[[], web.StreamResponse]) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return response()

    return answer
