"""Queries of the desk: all lines of a day with their places, in one statement."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.reader import Span
from server.clinic.today import DeskLine
from server.clinic.views import session_view
from server.store.places import holding, listed
from server.store.session_rows import session_of, sessions_in


class DeskLookQueries:
    """server.clinic.today.TodayLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lines(self, span: Span, limit: int) -> Sequence[DeskLine]:
        query = sessions_in(span).add_columns(holding().label("held"), listed().label("listed")).limit(limit)
        rows = await self._connection.execute(query)
        return [DeskLine(session_view(session_of(row), row.waiting), row.held, row.listed) for row in rows]
