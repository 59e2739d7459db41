"""How a request becomes a call, and an answer or an error a response."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.access.errors import NotAllowed, NotSignedIn
from server.access.principal import Principal
from server.access.roles import Role
from server.api.cookies import token_in, write_cookie
from server.api.edge import SAFE_METHODS, Edge
from server.api.errors import (
    FAULT,
    METHOD,
    NOT_FOUND,
    NOT_FOUND_SENTENCE,
    Problem,
    TooSlow,
    WrongContentType,
    problem_for,
)
from server.api.framework import Answer, Audience, Body, Call, File, Mark, Poured, Raw, Route, Streamed, Upload
from server.api.json_body import decode_body, decode_query
from server.api.openapi import describe
from server.api.routes import RouteTable
from server.api.upload import arriving, count_poured, read_file
from server.ids import new_id

MAX_BODY_BYTES: Final = 64 * 1024
BODY_TIMEOUT_S: Final = 10.0
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Nothing that comes from here is a page, and what patients hand in must not become one.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
# Ids are 32 hexadecimal digits, a device's as MQTT allows it: what cannot be one is not looked up.
_ID: Final = "[A-Za-z0-9_-]{1,64}"
_REQUEST_ID: Final = web.RequestKey("request_id", str)
_ACTOR: Final = web.RequestKey("actor", str)

_log = structlog.get_logger(__name__)

Authenticate = Callable[[str, datetime], Awaitable[Principal | None]]


def _nobody_asks(_address: str) -> None: ...


@dataclass(frozen=True)
class Gate:
    """What stands between the network and the handlers. ``authenticate`` says whose a token is.

    ``staff_at`` hears from where somebody of the staff was let in: the connection's own address, be it a proxy's.
    """

    authenticate: Authenticate
    edge: Edge
    clock: Callable[[], datetime]
    staff_at: Callable[[str], None] = _nobody_asks

    async def admit(self, route: Route, request: web.Request, now: datetime) -> Principal | None:
        """Who may take this route. Raises ForeignOrigin, NotSignedIn, NotAllowed."""
        if request.method not in SAFE_METHODS:
            self.edge.check_origin(request)
        if route.audience is Audience.PUBLIC:
            return None
        principal = await self._principal(route.audience, request, now)
        request[_ACTOR] = principal.actor
        if route.action is None or not principal.may(route.action):
            raise NotAllowed
        return principal

    async def _principal(self, audience: Audience, request: web.Request, now: datetime) -> Principal:
        token = token_in(request.cookies, audience, secure=self.edge.is_secure(request))
        principal = await self.authenticate(token, now) if token else None
        if principal is None or (principal.role is Role.PATIENT) is not (audience is Audience.PATIENT):
            raise NotSignedIn
        if audience is Audience.STAFF:
            self.staff_at(request.remote or "")
        return principal


def build_api(table: RouteTable, gate: Gate, *, version: str) -> web.Application:
    """The application to be mounted at ``/api``: the table under ``/v1``, its description at ``/openapi.json``."""
    app = web.Application(middlewares=[_every_request(table)])
    for route in table.routes:
        app.router.add_route(route.method, f"/v1{route.path.replace('}', f':{_ID}}}')}", partial(_serve, route, gate))
    description = msgspec.json.encode(describe(table, version=version))
    app.router.add_route("GET", "/openapi.json", partial(_send, description))
    return app


def _every_request(table: RouteTable) -> Middleware:
    """Around each request, found or not: its id, its one line in the log, and a problem for every error."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        request[_REQUEST_ID], request[_ACTOR] = new_id(), "anyone"
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            response = _refuse(_not_found(refusal), request)
        except Exception as error:  # noqa: BLE001 – the edge: whatever it was, the caller gets a problem
            response = _refuse(_problem(error, table, request), request)
        response.headers.update({**HEADERS, "X-Request-Id": request[_REQUEST_ID]})
        _log_request(request, response.status, time.monotonic() - started)
        return response

    return middleware


async def _send(description: bytes, _request: web.Request) -> web.Response:
    return web.Response(body=description, content_type="application/json")


async def _serve(route: Route, gate: Gate, request: web.Request) -> web.StreamResponse:
    now = gate.clock()
    principal = await gate.admit(route, request, now)
    call = Call(
        body=await _body(request, gate, route.body),
        now=now,
        address=gate.edge.address(request),
        request_id=request[_REQUEST_ID],
        principal=principal,
        path=dict(request.match_info),
        query=_query(request, route),
        known_browser=token_in(request.cookies, Mark.KNOWN_BROWSER, secure=gate.edge.is_secure(request)) or "",
    )
    answer = _answer(await route.handler(call))
    if isinstance(answer.body, Streamed):
        return await _stream(request, answer.body)
    response = _respond(answer.status or route.success, answer.body)
    for cookie in answer.cookies:
        write_cookie(response, cookie, now, secure=gate.edge.is_secure(request))
    return response


def _query(request: web.Request, route: Route) -> Body | None:
    """Of what is signed byte by byte the query belongs to the one who signed, unless the route declares its own."""
    if route.body is Raw and route.query is None:
        return None
    return decode_query(request.query.items(), route.query)


def _answer(reply: object) -> Answer:
    return reply if isinstance(reply, Answer) else Answer(reply)


def _respond(status: int, body: object, content_type: str = "application/json") -> web.Response:
    if status == 204:
        return web.Response(status=status)
    if isinstance(body, File):
        named = {"Content-Disposition": f'attachment; filename="{body.name}"'}
        return web.Response(status=status, body=body.content, content_type=body.content_type, headers=named)
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=content_type)


async def _stream(request: web.Request, body: Streamed) -> web.StreamResponse:
    named = {"Content-Disposition": f'attachment; filename="{body.name}"', "X-Request-Id": request[_REQUEST_ID]}
    response = web.StreamResponse(headers={**HEADERS, **named, "Content-Type": body.content_type})
    await response.prepare(request)
    try:
        async for chunk in body.chunks:
            await response.write(chunk)
        await response.write_eof()
    except Exception as error:  # noqa: BLE001 – the head is sent: what can still be said is that it ended too early
        _log.error("http.cut", request_id=request[_REQUEST_ID], exc_info=error)
        if request.transport:
            request.transport.abort()
    return response


async def _read_body(request: web.Request, shape: type[Body] | None) -> Body | None:
    raw = await _read(request)
    if shape is None:
        if raw:
            decode_body(raw, Body)  # an empty object is all that may come where nothing is asked for
        return None
    if request.content_type != "application/json":
        raise WrongContentType("Send the body as application/json.")
    return decode_body(raw, shape)


async def _body(request: web.Request, gate: Gate, shape: type[Body] | None) -> Body | None:
    if shape is Upload:
        return Upload(partial(read_file, request))
    if shape is Poured:
        return Poured(partial(count_poured, request))
    return await _read_raw(request, gate) if shape is Raw else await _read_body(request, shape)


async def _read_raw(request: web.Request, gate: Gate) -> Raw:
    headers = {name.lower(): value for name, value in request.headers.items()}
    asked = f"{gate.edge.public_url}{request.raw_path}"
    return Raw({**headers, "x-bedside-url": asked}, await _read(request))


async def _read(request: web.Request) -> bytes:
    """At most MAX_BODY_BYTES, counted after unpacking: a small gzip may hold a gigabyte."""
    raw, too_large = bytearray(), f"A body has at most {MAX_BODY_BYTES} bytes."
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in arriving(request, MAX_BODY_BYTES, too_large):
                raw += chunk
    except TimeoutError:
        raise TooSlow(f"The body did not come within {BODY_TIMEOUT_S:.0f} seconds.") from None
    return bytes(raw)


def _problem(error: Exception, table: RouteTable, request: web.Request) -> Problem:
    problem = problem_for(error, table.problems)
    if problem is not None:
        return problem
    _log.error("http.fault", request_id=request[_REQUEST_ID], exc_info=error)
    return Problem(FAULT, "It is recorded under this request id.")


def _not_found(refusal: web.HTTPException) -> Problem:
    """The router's own refusals: no such path, or not with this method."""
    if isinstance(refusal, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(refusal.allowed_methods))
        return Problem(METHOD, f"Allowed here: {allowed}.", {"allow": allowed})
    return Problem(NOT_FOUND, NOT_FOUND_SENTENCE)


def _refuse(problem: Problem, request: web.Request) -> web.Response:
    body = {**problem.body(), "request_id": request[_REQUEST_ID]}
    response = _respond(problem.kind.status, body, "application/problem+json")
    for name, header in {"retry_after_s": "Retry-After", "allow": "Allow", "challenge": "WWW-Authenticate"}.items():
        if name in problem.extras:
            response.headers[header] = str(problem.extras[name])
    return response


def _log_request(request: web.Request, status: int, took_s: float) -> None:
    """Ids and the route's template; neither path, query nor body, which may name people."""
    resource = request.match_info.route.resource
    _log.info(
        "http.request",
        method=request.method,
        route=resource.canonical if resource else None,
        status=status,
        duration_ms=round(took_s * 1000, 1),
        request_id=request[_REQUEST_ID],
        actor=request[_ACTOR],
    )
