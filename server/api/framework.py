"""What a handler sees: Route, Call, Answer. How a request becomes a call is ``serving``'s business.

A feature module exports ``routes(service, …) -> list[Route]`` and ``problems``, its errors as kinds of problem.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from server.access.errors import NotSignedIn
from server.access.principal import Principal
from server.access.roles import Action

B = TypeVar("B")


class Audience(Enum):
    """Whose cookie a route looks at: one browser may be a doctor's and a patient's at once."""

    STAFF = "staff"
    PATIENT = "patient"
    PUBLIC = "public"


class Mark(Enum):
    """A cookie that opens nothing."""

    KNOWN_BROWSER = "known"  # somebody has signed in here before


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The root of all request bodies and query shapes: an unknown field is refused, never passed over."""


class Raw(Body, frozen=True):
    """The body as it came, for what is signed byte by byte. ``headers`` have lower-case names.

    "x-bedside-url" is what was asked, by the public address and with its query: some providers sign that too.
    """

    headers: dict[str, str]
    content: bytes


class Upload(Body, frozen=True):
    """The one file of a form. ``read`` is for the handler to call: what is refused before it costs no memory.

    It raises WrongContentType, FieldWrong, TooLarge, TooSlow.
    """

    read: Callable[[], Awaitable[bytes]]


class Poured(Body, frozen=True):
    """Bytes that mean nothing and are not kept: ``count`` reads them as they come and says how many there were.

    It raises WrongContentType, TooLarge, TooSlow.
    """

    count: Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Cookie:
    """A cookie to set; without a token, to clear. Name and flags follow from what it is for and the connection."""

    kind: Audience | Mark
    token: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class File:
    """A reply's body that is not JSON. ``name`` is what a browser calls it when it keeps it."""

    content: bytes
    content_type: str
    name: str


@dataclass(frozen=True)
class Streamed:
    """A File that is sent as it is made. What fails on the way cuts the connection: half a file must not look whole."""

    chunks: AsyncIterator[bytes]
    content_type: str
    name: str


@dataclass(frozen=True)
class Answer:
    """A reply that is more than its body: another status, or cookies."""

    body: object = None
    status: int | None = None
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True)
class Call(Generic[B]):
    """One request, checked: the role may do the route's action, body and query have the declared shapes.

    Whose object it is, the service still decides, with NotFound for a foreign one. ``query`` is an instance of the
    route's ``query`` shape, None where it declares none. ``address`` is the caller's IP address, ``known_browser`` what
    the browser brought of that name, unchecked.
    """

    body: B
    now: datetime
    address: str
    request_id: str
    principal: Principal | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Any = None
    known_browser: str = ""

    @property
    def who(self) -> Principal:
        """The principal, where the route is not public."""
        if self.principal is None:
            raise NotSignedIn
        return self.principal


Handler = Callable[[Call[Any]], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One line of the route table.

    ``path`` stands under ``/api/v1`` and names its parts in braces: "/sessions/{id}". ``body`` and ``query`` are
    subclasses of Body; ``reply`` is the type of the reply's body, ``File`` for one that is not JSON, None for no
    content. Only a PUBLIC route has no action.
    """

    method: str
    path: str
    handler: Handler
    audience: Audience = Audience.STAFF
    action: Action | None = None
    body: type[Body] | None = None
    query: type[Body] | None = None
    reply: Any = None
    status: int | None = None

    @property
    def success(self) -> int:
        if self.status is not None:
            return self.status
        return 204 if self.reply is None else 200
