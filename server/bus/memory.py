"""The bus of one process: hints go from a publisher to the subscribers in order, and no further."""

import asyncio
from collections import deque

import structlog

from server.bus import Handler, Hint, Missed

log = structlog.get_logger()

WAITING = 10_000  # hints; past it they are dropped together and their subscribers read again


class MemoryBus:
    """One after another and outside the publisher, so that no subscriber delays or fails a use case."""

    def __init__(self, waiting: int = WAITING) -> None:
        self._limit = waiting
        self._waiting: deque[tuple[str, Hint]] = deque()
        self._overflowed = False
        self._changed = asyncio.Event()
        self._subscribers: list[tuple[Handler, Missed]] = []

    @property
    def ready(self) -> bool:
        return True

    def subscribe(self, handler: Handler, missed: Missed) -> None:
        self._subscribers.append((handler, missed))

    async def publish(self, channel: str, hint: Hint) -> None:
        if len(self._waiting) >= self._limit:
            self._waiting.clear()
            self._overflowed = True
        self._waiting.append((channel, hint))
        self._changed.set()

    def tell_missed(self) -> None:
        """Every subscriber reads again, as soon as run() gets there."""
        self._overflowed = True
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._deliver()

    async def close(self) -> None:
        """Nothing is kept, so nothing is left to do."""

    async def _deliver(self) -> None:
        while self._overflowed or self._waiting:
            if self._overflowed:
                self._overflowed = False
                await self._each_missed()
            else:
                await self._each(*self._waiting.popleft())

    async def _each(self, channel: str, hint: Hint) -> None:
        for handler, _ in self._subscribers:
            try:
                await handler(channel, hint)
            except Exception:
                log.exception("hint_not_handled", channel=channel)

    async def _each_missed(self) -> None:
        for _, missed in self._subscribers:
            try:
                await missed()
            except Exception:
                log.exception("missed_hints_not_handled")
