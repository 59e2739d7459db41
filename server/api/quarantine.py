"""What devices sent and nobody could read, for operators."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from devices.readings import Reason
from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Body, Call, Route
from server.monitoring import errors
from server.monitoring.quarantine import WHY_LIMIT, Filter, Quarantine, State, Wish
from server.monitoring.quarantine_views import QuarantineDetail, QuarantinePage, Reread

problems: Final[Problems] = {
    errors.NothingToTake: ProblemKind(422, "nothing-to-take", "Nothing of it can be taken", ("reason",)),
    errors.QuarantineSettled: ProblemKind(409, "quarantine-settled", "It is settled already"),
    errors.ReadingsTakenBefore: ProblemKind(409, "readings-taken-before", "Readings of it were taken"),
    errors.TooManyCopies: ProblemKind(409, "too-many-copies", "Corrected too often"),
    errors.QuarantineWishRefused: INVALID,
}

Id = Annotated[str, msgspec.Meta(max_length=64)]


class Look(Body, frozen=True):
    """Newest first; ``state`` "all": settled ones too. ``after``: the id of the last row of the page before."""

    state: Annotated[str, msgspec.Meta(pattern="^(all|open|replayed|dismissed)$")] = "open"
    device: Id | None = None
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Id | None = None


class Correction(Body, frozen=True):
    """``content``: the corrected bytes, in base64; null: as they came. ``format``: where the topic says another."""

    content: bytes | None = None
    format: Id | None = None


class Dismissal(Body, frozen=True):
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=WHY_LIMIT)]


def routes(quarantine: Quarantine) -> list[Route]:
    handlers, action = _Handlers(quarantine), Action.QUARANTINE_RUN
    return [
        Route(method="GET", path="/quarantine", handler=handlers.page, action=action, query=Look, reply=QuarantinePage),
        Route(method="GET", path="/quarantine/{id}", handler=handlers.open, action=action, reply=QuarantineDetail),
        Route(
            method="POST",
            path="/quarantine/{id}/check",
            handler=handlers.check,
            action=action,
            body=Correction,
            reply=Reread,
        ),
        Route(
            method="POST",
            path="/quarantine/{id}/replay",
            handler=handlers.replay,
            action=action,
            body=Correction,
            reply=Reread,
        ),
        Route(method="POST", path="/quarantine/{id}/dismiss", handler=handlers.dismiss, action=action, body=Dismissal),
    ]


class _Handlers:
    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine

    async def page(self, call: Call[None]) -> QuarantinePage:
        look: Look = call.query
        return await self._quarantine.page(
            Filter(
                state=None if look.state == "all" else State(look.state),
                device_id=look.device or None,
                reason=look.reason,
                since=_aware("since", look.since),
                until=_aware("until", look.until),
                after_id=look.after,
            )
        )

    async def open(self, call: Call[None]) -> QuarantineDetail:
        return await self._quarantine.open(call.who, call.path["id"], call.now)

    async def check(self, call: Call[Correction]) -> Reread:
        return await self._quarantine.check(call.path["id"], _wish(call.body), call.now)

    async def replay(self, call: Call[Correction]) -> Reread:
        return await self._quarantine.replay(call.who, call.path["id"], _wish(call.body), call.now)

    async def dismiss(self, call: Call[Dismissal]) -> None:
        await self._quarantine.dismiss(call.who, call.path["id"], call.body.why, call.now)


def _wish(correction: Correction) -> Wish:
    return Wish(correction.content, correction.format)


def _aware(field: str, at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise errors.QuarantineWishRefused(field, "needs its offset from UTC")
    return at
