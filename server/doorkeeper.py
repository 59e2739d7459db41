"""Who keeps the HTTP doors: how many may come is the connections' rule; who asks for nothing is turned out again.

aiohttp waits for the first request of a connection for ever, be it that not a byte of it comes or one every minute.
"""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.connections import Connections
from server.doorway import Visit

SILENT_S = 30.0  # from accept to the end of the first request's head, a TLS handshake over a poor network included
LOOKS_S = 5.0

Peer = tuple[str, int]


class Doorkeeper:
    """Implements server.doorway.Keeper."""

    def __init__(self, connections: Connections, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections = connections
        self._clock = clock
        self._silent: dict[Peer, tuple[float, Visit]] = {}  # since when, the longest first

    def come(self, visit: Visit) -> bool:
        if not self._connections.come(visit.peer[0]):
            return False
        self._silent[visit.peer] = self._clock(), visit
        return True

    def go(self, visit: Visit) -> None:
        self._connections.go(visit.peer[0])
        self._silent.pop(visit.peer, None)

    def heard(self, peer: Peer) -> None:
        """A whole request came from there; from now on aiohttp's own times count."""
        self._silent.pop(peer, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_S)
            self.look()

    def look(self) -> None:
        late = self._clock() - SILENT_S
        for peer, (since, visit) in tuple(self._silent.items()):
            if since > late:
                return
            del self._silent[peer]
            visit.turn_out()


def hears(keeper: Doorkeeper) -> Middleware:
    """Before all others: that somebody asked at all is what counts."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport is not None:
            keeper.heard(request.transport.get_extra_info("peername")[:2])
        return await handler(request)

    return middleware
