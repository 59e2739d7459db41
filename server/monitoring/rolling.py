"""Sums of what is stored, kept up at a pace of its own: intake never waits for it.

Every message is counted once: the position of its partition moves in the transaction that adds it, and only from where
it was read. Whoever comes second, or again after a crash, moves nothing and adds nothing. What was measured before the
patient's single readings were deleted is not added: nobody can tell any more whether it was there before.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Protocol

from devices.conditions import Input
from server.monitoring.rollups import CORRECTED, Bucket, Folded, Sums, fold

PAGE: Final = 200  # messages in one transaction: on SQLite intake waits as long as it takes
CORRECTIONS: Final = 20  # a page ends early with so many: each is reckoned anew from its readings
EVERY_S: Final = 10.0
BREATH_S: Final = 0.05  # between two pages of a backlog


@dataclass(frozen=True, slots=True)
class Behind:
    """A partition, and the position up to which it is summed up."""

    partition: int
    position: int


@dataclass(frozen=True, slots=True)
class Step:
    """From which position of a partition to which."""

    partition: int
    before: int
    after: int


class RollupTx(Protocol):
    async def advance(self, step: Step) -> bool:
        """False where the partition does not stand at ``step.before`` any more: nothing is moved."""
        ...

    async def add(self, sums: Sequence[tuple[Bucket, Sums]]) -> None: ...

    async def reckon_anew(self, minute: Bucket, step: Step) -> None:
        """The minute from its readings up to ``step.after``, hour and day from their minutes."""
        ...


class RollupLook(Protocol):
    async def behind(self) -> Sequence[Behind]:
        """Those that hold more."""
        ...

    async def horizons(self, patient_ids: Collection[str]) -> Mapping[str, datetime]:
        """Of whom single readings are deleted, and before which time of measurement."""
        ...

    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]: ...


class Rolling:
    """``zone`` is the hospital's, whose days are summed up."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[RollupTx]],
        look: Callable[[], AbstractAsyncContextManager[RollupLook]],
        zone: tzinfo,
    ) -> None:
        self._begin = begin
        self._look = look
        self._zone = zone

    async def run(self) -> None:
        while True:
            more = await self.turn()
            await asyncio.sleep(BREATH_S if more else EVERY_S)

    async def turn(self) -> bool:
        """One page of each partition that is behind; whether there may be more."""
        async with self._look() as look:
            behind = await look.behind()
        return any([await self._page(partition) for partition in behind])

    async def _page(self, behind: Behind) -> bool:
        async with self._look() as look:
            pending = await look.pending(behind.partition, behind.position, PAGE)
            horizons = await look.horizons({given.patient_id for given in pending})
        page = _few_corrections(pending)
        if not page:
            return False
        step = Step(behind.partition, behind.position, page[-1].position)
        await self._record(step, fold(page, self._zone, horizons))
        await asyncio.sleep(BREATH_S)
        return len(page) < len(pending) or len(pending) == PAGE

    async def _record(self, step: Step, folded: Folded) -> None:
        async with self._begin() as tx:
            if not await tx.advance(step):
                return
            await tx.add(sorted(folded.sums.items()))
            for minute in folded.corrected:
                await tx.reckon_anew(minute, step)


def _few_corrections(pending: Sequence[Input]) -> Sequence[Input]:
    """As many from the first on as hold not too many corrections; never none."""
    corrections = 0
    for number, given in enumerate(pending, start=1):
        corrections += sum(CORRECTED in reading.context for reading in given.body.readings if reading.context)
        if corrections >= CORRECTIONS:
            return pending[:number]
    return pending
