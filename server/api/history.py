"""What was measured of a patient, over any time: for a chart, and as a file."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, Problems
from server.api.framework import Body, Call, File, Route, Streamed
from server.monitoring import errors
from server.monitoring.export import Export, Extract, Format
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


class ExportQuery(Body, frozen=True, rename={"start": "from"}):
    """``format``: fhir, a Bundle of R4, or csv; ``waves`` false: readings alone."""

    format: Format
    start: datetime
    until: datetime
    waves: bool = True


CONTENT_TYPES: Final = {Format.FHIR: "application/fhir+json", Format.CSV: "text/csv; charset=utf-8"}
SUFFIXES: Final = {Format.FHIR: "json", Format.CSV: "csv"}


def routes(history: History, export: Export) -> list[Route]:
    handlers = _Handlers(history, export)
    return [
        Route(
            method="GET",
            path="/patients/{id}/history",
            handler=handlers.of,
            action=Action.READINGS_READ,
            query=RangeQuery,
            reply=HistoryView,
        ),
        Route(
            method="GET",
            path="/patients/{id}/export",
            handler=handlers.export,
            action=Action.READINGS_EXPORT,
            query=ExportQuery,
            reply=File,
        ),
    ]


class _Handlers:
    def __init__(self, history: History, export: Export) -> None:
        self._history = history
        self._export = export

    async def of(self, call: Call[None]) -> HistoryView:
        query: RangeQuery = call.query
        wish = Wish(call.path["id"], query.metric, query.start, query.until, query.points, query.site)
        return await self._history.of(call.who, wish)

    async def export(self, call: Call[None]) -> Streamed:
        query: ExportQuery = call.query
        extract = Extract(call.path["id"], query.format, query.start, query.until, query.waves)
        chunks = await self._export.of(call.who, extract, call.now)
        name = f"readings-{extract.patient_id[:8]}-{query.start:%Y%m%d}-{query.until:%Y%m%d}.{SUFFIXES[query.format]}"
        return Streamed(chunks, CONTENT_TYPES[query.format], name)
