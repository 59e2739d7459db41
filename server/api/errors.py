"""Errors → problem details (RFC 9457), by tables that features keep beside their handlers. Nothing internal leaks.

RequestError
├── NotJson             the body is not JSON
├── TooLarge            more than a request may carry
├── TooSlow             the body did not come in time
├── WrongContentType    something other than application/json
├── ForeignOrigin       another site's page asks in this browser's name
└── FieldWrong          ``field`` is unknown, missing, twice there or of the wrong type
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from server.access import errors as access


class RequestError(Exception):
    """What is wrong with a request before any feature sees it."""


class NotJson(RequestError):
    pass


class TooLarge(RequestError):
    pass


class TooSlow(RequestError):
    pass


class WrongContentType(RequestError):
    pass


class ForeignOrigin(RequestError):
    pass


class FieldWrong(RequestError):
    """``field`` is the path inside body or query: "phone", "readings[2].value"; "" is the body itself."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class ProblemKind:
    """What an error class is to the one who asked: ``/problems/<slug>``.

    ``extras`` names attributes of the error that are told beside the sentence: "field", "tries_left", "retry_after_s".
    """

    status: int
    slug: str
    title: str
    extras: tuple[str, ...] = ()


Problems = Mapping[type[Exception], ProblemKind]


@dataclass(frozen=True)
class Problem:
    """One refusal. ``extras`` stand beside the standard members in the JSON."""

    kind: ProblemKind
    detail: str
    extras: Mapping[str, object] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        standard = {"type": f"/problems/{self.kind.slug}", "title": self.kind.title, "status": self.kind.status}
        return {**standard, "detail": self.detail, **self.extras}


# Kinds for every feature. A foreign object is NOT_FOUND with the very body of a missing one.
NOT_FOUND: Final = ProblemKind(404, "not-found", "There is no such thing")
NOT_FOUND_SENTENCE: Final = "There is no such thing, or not for you."
INVALID: Final = ProblemKind(422, "invalid", "A field is wrong", ("field",))
BUSY: Final = ProblemKind(503, "busy", "The server is busy")

FAULT: Final = ProblemKind(500, "fault", "The server failed")
METHOD: Final = ProblemKind(405, "method-not-allowed", "This cannot be done here")

# What any route may answer, whatever its feature.
COMMON: Final[Problems] = {
    NotJson: ProblemKind(400, "not-json", "The body is not JSON"),
    TooLarge: ProblemKind(413, "too-large", "The body is too large"),
    TooSlow: ProblemKind(408, "too-slow", "The body did not come in time"),
    WrongContentType: ProblemKind(415, "wrong-content-type", "Not in this form"),
    ForeignOrigin: ProblemKind(403, "foreign-origin", "Another site asked"),
    FieldWrong: INVALID,
    access.NotSignedIn: ProblemKind(401, "not-signed-in", "Nobody is signed in"),
    access.NotAllowed: ProblemKind(403, "not-allowed", "Not for this role"),
    access.TooManyTries: ProblemKind(429, "too-many-tries", "Too many tries", ("retry_after_s",)),
}


def problem_for(error: Exception, table: Problems) -> Problem | None:
    """The nearest class of the error's ancestry that is in the table; None is a fault of ours."""
    kind = next((table[cls] for cls in type(error).__mro__ if cls in table), None)
    if kind is None:
        return None
    return Problem(kind, str(error), {name: getattr(error, name) for name in kind.extras})
