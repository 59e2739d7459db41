"""Requests under way from one address, open pages among them: above so many the next is refused by name.

Here an address behind a trusted proxy is known by what the proxy says of it. Staff are counted apart, by the cookie
that the request brings: it opens nothing, and who pretends takes the places of nobody but others at the own address.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.access.limits import caller
from server.api.edge import Edge
from server.connections import Most
from server.live import lane_of

RETRY_AFTER_S: Final = 5
_HEADERS: Final = {"Retry-After": str(RETRY_AFTER_S), "Cache-Control": "no-store", "Connection": "close"}
_SENTENCE: Final = (
    "来自您的网络的连接过多，请稍后再试。\nToo many connections from your network: please try again in a moment.\n"
)


@dataclass
class Crowd:
    """What is under way, by caller and lane."""

    most: Most
    refused: int = 0
    _under_way: Counter[tuple[str, str]] = field(default_factory=Counter)

    def enter(self, address: str, lane: str) -> tuple[str, str] | None:
        """What ``leave`` is called with; None: too many."""
        who = (caller(address), lane)
        if self._under_way[who] >= self.most.an_address and self.most.counts(address):
            self.refused += 1
            return None
        self._under_way[who] += 1
        return who

    def leave(self, who: tuple[str, str]) -> None:
        self._under_way[who] -= 1
        if not self._under_way[who]:
            del self._under_way[who]


def bounded(edge: Edge, crowd: Crowd) -> Middleware:
    """Around everything, a page's socket for as long as it is open."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        who = crowd.enter(edge.address(request), lane_of(request.cookies).value)
        if who is None:
            return _too_many(request)
        try:
            return await handler(request)
        finally:
            crowd.leave(who)

    return middleware


def _too_many(request: web.Request) -> web.Response:
    if not request.path.startswith(("/api/", "/live/")):
        return web.Response(status=429, text=_SENTENCE, headers=_HEADERS)
    problem = {
        "type": "/problems/too-many-connections",
        "title": "Too many connections from this address",
        "status": 429,
        "retry_after_s": RETRY_AFTER_S,
    }
    return web.json_response(problem, status=429, headers=_HEADERS, content_type="application/problem+json")
