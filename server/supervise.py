"""Keeps the server's tasks alive: a task that fails is logged, counted, named in readiness and started again.

The only place where a task is made. Nothing here knows what the tasks do.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

logger = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
HEALTHY_AFTER_S = 30.0


@dataclass
class Watched:
    """One supervised task and what became of it."""

    name: str
    work: Callable[[], Awaitable[None]]
    failures: int = 0
    down: str | None = None  # the error's class while it waits to be started again
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Runs named tasks until stopped. ``down()`` names those that do not run now."""

    def __init__(self) -> None:
        self._watched: dict[str, Watched] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Start ``work`` and keep it running. The name is what readiness and metrics show."""
        watched = self._watched[name] = Watched(name, work)
        watched.task = asyncio.create_task(_keep(watched), name=name)  # noqa: TID251 – the one place

    async def stop(self, name: str, timeout_s: float = 2.0) -> None:
        """Cancel one task and wait until it is gone, at most ``timeout_s``."""
        watched = self._watched.pop(name, None)
        if watched and watched.task:
            watched.task.cancel()
            await asyncio.wait([watched.task], timeout=timeout_s)

    async def stop_all(self) -> None:
        for name in reversed(list(self._watched)):
            await self.stop(name)

    def down(self) -> list[str]:
        return [f"{watched.name}: {watched.down}" for watched in self._watched.values() if watched.down]

    def failures(self) -> dict[str, int]:
        return {watched.name: watched.failures for watched in self._watched.values()}


async def _keep(watched: Watched) -> None:
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_S
    while True:
        started = loop.time()
        try:
            watched.down = None
            await watched.work()
            watched.down = "ended"
        except asyncio.CancelledError:
            if _is_asked_to_end():
                raise
            watched.down = "CancelledError"  # a driver's own, that escaped: nobody here wants the task to end
            logger.exception("task.failed", task=watched.name)
        except Exception as error:  # whatever it is, the other tasks go on and this one comes back
            watched.down = type(error).__name__
            logger.exception("task.failed", task=watched.name)
        watched.failures += 1
        pause = FIRST_PAUSE_S if loop.time() - started > HEALTHY_AFTER_S else min(pause * 2, LONGEST_PAUSE_S)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 – jitter, not a secret


def _is_asked_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
