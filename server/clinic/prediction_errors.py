"""How far predictions have been off, for those who look after the lines."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from server.clinic.views import DoctorView

SHOWN = timedelta(days=30)


class PredictionErrors(msgspec.Struct, frozen=True):
    """Of ``n`` predictions for one doctor's sessions and one kind of visit that have come true.

    ``coverage``: the share within the range, 0.8 where all is well. ``bias_s`` is positive where too long a wait was
    told.
    """

    doctor: DoctorView
    kind: str | None
    n: int
    coverage: float
    mean_abs_error_s: float
    bias_s: float


class ErrorsLook(Protocol):
    async def errors(self, since: datetime) -> Sequence[PredictionErrors]: ...


class PredictionErrorsReader:
    def __init__(self, look: Callable[[], AbstractAsyncContextManager[ErrorsLook]]) -> None:
        self._look = look

    async def recent(self, now: datetime) -> list[PredictionErrors]:
        """Of the last thirty days, by doctor and kind."""
        async with self._look() as look:
            return list(await look.errors(now - SHOWN))
