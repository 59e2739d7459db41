"""Which devices have lost messages for good: for who looks after devices. Whoever watches a wearer has an alarm."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Protocol

import msgspec

SHOWN: Final = 50


class GapView(msgspec.Struct, frozen=True):
    """``number`` messages between ``first`` and ``last`` never came, as a message at ``at`` showed."""

    device_id: str
    label: str
    first: int
    last: int
    number: int
    at: datetime


class GapLook(Protocol):
    async def newest_gaps(self, limit: int) -> Sequence[GapView]: ...


class Gaps:
    def __init__(self, look: Callable[[], AbstractAsyncContextManager[GapLook]]) -> None:
        self._look = look

    async def newest(self) -> list[GapView]:
        async with self._look() as look:
            return list(await look.newest_gaps(SHOWN))
