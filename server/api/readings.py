"""``POST /readings``: what a device would publish, over HTTP, in any of the formats that it may publish."""

import base64
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from devices.codecs import MEDIA_TYPES
from server.api.errors import INVALID, ProblemKind, Problems, WrongContentType
from server.api.framework import Audience, Body, Call, Raw, Route
from server.monitoring import errors
from server.monitoring.intake import Credential, Intake
from server.monitoring.views import ReadingsTaken

problems: Final[Problems] = {
    errors.DeviceNotLetIn: ProblemKind(401, "device-not-let-in", "Not this device, or not this secret", ("challenge",)),
    errors.UnknownFormat: INVALID,
    errors.MessageRefused: ProblemKind(422, "message-refused", "The message cannot be read", ("reason",)),
    errors.NotTakenNow: ProblemKind(503, "not-taken-now", "Not stored; send it again", ("retry_after_s",)),
}


class Format(Body, frozen=True):
    """Needed where the content type does not say it, and before it where both do."""

    format: Annotated[str, msgspec.Meta(max_length=64)] = ""


def routes(intake: Intake) -> list[Route]:
    return [
        Route(
            method="POST",
            path="/readings",
            handler=_Handlers(intake).take,
            audience=Audience.PUBLIC,  # no person: the device's own credential stands in the Authorization header
            body=Raw,
            query=Format,
            reply=ReadingsTaken,
        )
    ]


class _Handlers:
    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def take(self, call: Call[Raw]) -> ReadingsTaken:
        asked: Format = call.query
        device_id = self._intake.let_in(credential_of(call.body.headers.get("authorization", "")))
        named = asked.format or _format_of(call.body.headers)
        return await self._intake.take(device_id, named, call.body.content, call.now)


def credential_of(authorization: str) -> Credential:
    """HTTP Basic (RFC 7617), user id and password being the device's id and secret; whatever else, an empty one."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        said = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:  # no base64, no text, or letters that base64 does not know
        said = ""
    device_id, _, secret = said.partition(":")
    return Credential(device_id, secret)


def _format_of(headers: Mapping[str, str]) -> str:
    """Raises WrongContentType where neither the query nor the content type says it."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise WrongContentType(f"Say ?format=…, or one of {', '.join(MEDIA_TYPES)}.")
    return MEDIA_TYPES[media_type]
