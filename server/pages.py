"""The built pages, the headers that go with them, and the way from plain HTTP to HTTPS.

A phone's camera needs a secure context: whoever comes over plain HTTP from another machine gets an explanation.
"""

import re
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.api.edge import SAFE_METHODS, Edge

PAGES = {
    "/sign-in": "sign-in.html",
    "/console": "console.html",
    "/join": "join.html",
    "/outbox": "outbox.html",
    "/desk": "desk.html",
    "/roster": "roster.html",
    "/texts": "texts.html",
    "/account": "account.html",
    "/devices": "devices.html",
    "/claim": "claim.html",
    "/quarantine": "quarantine.html",
    "/book": "book.html",
    "/display/{session_id}": "display.html",
    "/ca": "ca.html",
    "/push-worker.js": "push-worker.js",  # at the root: a worker serves the pages below its own address
}
OPEN_ON_PLAIN_HTTP = ("/ca", "/ca.crt", "/assets/", "/livez", "/readyz", "/api/v1/hospital")
BOARD = ("/display/", "/api/v1/display/")  # a waiting room's television: numbers only, and often no HTTPS
PROGRAMS = ("/api/", "/live/", "/assets/")  # their answers are read by code
_HOST = re.compile(r"^[A-Za-z0-9.\-]+(:\d+)?$|^\[[0-9A-Fa-f:]+\](:\d+)?$")


def built_pages() -> Path:
    """Where the built pages lie: inside the installed package, or web/dist of a checkout."""
    packed = Path(__file__).parent / "_web"
    return packed if packed.is_dir() else Path(__file__).parent.parent / "web" / "dist"


def add_pages(app: web.Application, authority: Path | None) -> None:
    """Serve the pages, their assets and – with a private authority – its certificate."""
    root = built_pages()
    app.router.add_get("/", _to_console)
    for path, file in PAGES.items():
        app.router.add_get(path, _page(root / file))
    app.router.add_static("/assets/", root / "assets")
    if authority:
        app.router.add_get("/ca.crt", _certificate(authority))


async def _to_console(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/console")


def _page(file: Path) -> Handler:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers={"Cache-Control": "no-cache"})

    return page


def _certificate(authority: Path) -> Handler:
    async def certificate(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(authority, headers={"Content-Type": "application/x-x509-ca-cert"})

    return certificate


def secure_door(edge: Edge) -> Middleware:
    """Middleware: plain HTTP from another machine gets the page that explains and leads to HTTPS."""

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        if edge.is_secure(request) or _is_loopback(request.host) or _open(request):
            return await handler(request)
        if request.path.startswith(("/api/", "/live/")):
            problem = {"type": "/problems/insecure-connection", "title": "Use HTTPS", "status": 403}
            return web.json_response(problem, status=403, content_type="application/problem+json")
        return web.FileResponse(built_pages() / "insecure.html", headers={"Cache-Control": "no-store"})

    return door


@web.middleware
async def kind_to_the_lost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: a person whose address leads nowhere gets a page with ways on; a program the bare status."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        if not _is_a_persons(request):
            raise
        return web.FileResponse(built_pages() / "not-found.html", status=404, headers={"Cache-Control": "no-store"})


def _is_a_persons(request: web.Request) -> bool:
    asked = "text/html" in request.headers.get("Accept", "")
    return asked and request.method in SAFE_METHODS and not request.path.startswith(PROGRAMS)


def _open(request: web.Request) -> bool:
    path = request.path
    if path.startswith(BOARD):
        return request.method in SAFE_METHODS
    return any(
        path == allowed or (allowed.endswith("/") and path.startswith(allowed)) for allowed in OPEN_ON_PLAIN_HTTP
    )


def _is_loopback(host: str) -> bool:
    """An address, not a name that begins like one: whoever owns that name may point it here (DNS rebinding)."""
    name = host.rsplit(":", 1)[0].strip("[]")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every reply: nothing loads from another host, nothing is framed, guessed or told to other sites."""
    headers = response.headers
    headers["Server"] = "Bedside"  # versions are nobody's business
    headers.setdefault("Content-Security-Policy", _policy(request.host))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(), payment=()")
    if request.path.startswith("/assets/"):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _policy(host: str) -> str:
    # Safari before 15.4 does not count wss: of the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.match(host) else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' blob:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
