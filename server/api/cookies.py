"""The cookies, two of sign-ins and a mark: names, and the flags that keep them from scripts and other sites."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiohttp import web

from server.api.framework import Audience, Cookie, Mark

_NAMES: Final[Mapping[Audience | Mark, str]] = {
    Audience.STAFF: "bedside",
    Audience.PATIENT: "bedside-visit",
    Mark.KNOWN_BROWSER: "bedside-known",
}
_LONGEST_TOKEN: Final = 128


def cookie_name(kind: Audience | Mark, *, secure: bool) -> str:
    """``__Host-`` (RFC 6265bis §4.1.3.2) lets no other host or plain connection set it; browsers want HTTPS for it."""
    name = _NAMES[kind]
    return f"__Host-{name}" if secure else name


def token_in(cookies: Mapping[str, str], kind: Audience | Mark, *, secure: bool) -> str | None:
    """The token that a request brought of this kind."""
    if kind is Audience.PUBLIC:
        return None
    token = cookies.get(cookie_name(kind, secure=secure), "")
    return token if token.isascii() and 0 < len(token) <= _LONGEST_TOKEN else None


def write_cookie(response: web.StreamResponse, cookie: Cookie, now: datetime, *, secure: bool) -> None:
    """Set it until it expires; without a token, clear it."""
    lives_s = int((cookie.expires_at - now).total_seconds()) if cookie.expires_at and cookie.token else 0
    response.set_cookie(
        cookie_name(cookie.kind, secure=secure),
        cookie.token or "",
        max_age=lives_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
