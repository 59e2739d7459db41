"""What comes to ingest by another way than the broker – HTTP, a listener: joined to batches, and answered only when its
batch is committed. Bounded: who hands in more than there is room for waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from devices.arrivals import Arrival
from devices.ingest import BATCH, LINGER_S
from devices.reader import Entry

Take = Callable[[Sequence[Arrival]], Awaitable[Sequence[Entry]]]


class NotTaken(Exception):
    """Intake ended before it was committed: whoever sent it must send it again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrival: Arrival
    done: asyncio.Future[Entry]


class Handover:
    """``run`` takes what ``deliver`` hands in, for as long as intake is open."""

    def __init__(self, capacity: int = BATCH) -> None:
        self._room = asyncio.Semaphore(capacity)
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def deliver(self, arrival: Arrival) -> Entry:
        """What became of it, once that is in the database. Raises NotTaken."""
        async with self._room:
            waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
            self._waiting.put_nowait(waiting)
            return await waiting.done

    async def run(self, take: Take) -> None:
        while True:
            await self._settle(await self._batch(), take)

    async def _batch(self) -> list[_Waiting]:
        batch = [await self._waiting.get()]
        try:
            await asyncio.sleep(LINGER_S)
        except asyncio.CancelledError:
            _dismiss(batch)
            raise
        while len(batch) < BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    async def _settle(self, batch: list[_Waiting], take: Take) -> None:
        try:
            entries = await take([waiting.arrival for waiting in batch])
        except BaseException:
            _dismiss(batch)
            raise
        for waiting, entry in zip(batch, entries, strict=True):
            if not waiting.done.done():  # whoever handed it in may have gone: it is stored all the same
                waiting.done.set_result(entry)


def _dismiss(batch: list[_Waiting]) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(NotTaken())
