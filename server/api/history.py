"""What was measured of a patient, over any time, for a chart."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, Problems
from server.api.framework import Body, Call, Route
from server.monitoring import errors
from server.monitoring.history import History, HistoryView
from server.monitoring.ranges import Wish

problems: Final[Problems] = {errors.RangeRefused: INVALID}


class RangeQuery(Body, frozen=True, rename={"start": "from"}):
    """From ``from`` to before ``until``; ``site`` of the body, all of them without."""

    metric: Annotated[str, msgspec.Meta(max_length=32)]
    start: datetime
    until: datetime
    points: Annotated[int, msgspec.Meta(ge=10, le=2_000)] = 500
    site: Annotated[str, msgspec.Meta(max_length=32)] | None = None


def routes(history: History) -> list[Route]:
    return [
        Route(
            method="GET",
            path="/patients/{id}/history",
            handler=_Handlers(history).of,
            action=Action.READINGS_READ,
            query=RangeQuery,
            reply=HistoryView,
        )
    ]


class _Handlers:
    def __init__(self, history: History) -> None:
        self._history = history

    async def of(self, call: Call[None]) -> HistoryView:
        query: RangeQuery = call.query
        wish = Wish(call.path["id"], query.metric, query.start, query.until, query.points, query.site)
        return await self._history.of(call.who, wish)
