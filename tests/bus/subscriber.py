"""A subscriber that writes down what it hears, and running a bus for a test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from server.bus import Bus, Hint


class Subscriber:
    def __init__(self, bus: Bus) -> None:
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.missed = 0
        bus.subscribe(self._hear, self._miss)

    async def _hear(self, channel: str, hint: Hint) -> None:
        self.heard.append((channel, dict(hint)))

    async def _miss(self) -> None:
        self.missed += 1


@asynccontextmanager
async def running(*buses: Bus) -> AsyncIterator[None]:
    tasks = [asyncio.get_running_loop().create_task(bus.run()) for bus in buses]
    try:
        await until(lambda: all(bus.ready for bus in buses))
        yield
    finally:
        for task, bus in zip(tasks, buses, strict=True):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await bus.close()


async def until(true: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)
