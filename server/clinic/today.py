"""All lines of today at once, as the desk watches them: the live topic ``desk``. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, tzinfo
from typing import Protocol

import msgspec

from server.clinic.reader import Span
from server.clinic.session import day_bounds
from server.clinic.views import SessionView

LINES_SHOWN = 200  # what one screen can still be looked at for, and one message may weigh


class DeskLine(msgspec.Struct, frozen=True):
    """``held`` counts the tickets that have a place, ``listed`` those who wait for one."""

    session: SessionView
    held: int
    listed: int


class DeskDay(msgspec.Struct, frozen=True):
    """``more``: the day has lines that are not shown."""

    day: date
    more: bool


class TodayLook(Protocol):
    async def lines(self, span: Span, limit: int) -> Sequence[DeskLine]:
        """Those whose hours fall into ``span`` and those still open, the earliest first."""
        ...


class Today:
    """``zone`` is the hospital's: its day is shown."""

    def __init__(self, look: Callable[[], AbstractAsyncContextManager[TodayLook]], zone: tzinfo) -> None:
        self._look = look
        self._zone = zone

    async def snapshot(self, now: datetime) -> Mapping[str, object]:
        """Keys "day" and "line/{session id}", ready for JSON; of no patient does it say anything."""
        day = now.astimezone(self._zone).date()
        async with self._look() as look:
            lines = await look.lines(Span(*day_bounds(day, self._zone)), LINES_SHOWN + 1)
        shown = {f"line/{line.session.id}": msgspec.to_builtins(line) for line in lines[:LINES_SHOWN]}
        return {"day": msgspec.to_builtins(DeskDay(day, more=len(lines) > LINES_SHOWN)), **shown}
