"""The Sealer: goes behind the transactions, seals what they wrote into the chain, and hands out the chain's heads.

No transaction waits for it, and it holds no row of theirs. Several servers may seal: a number is given once, whoever
comes second drops what it has and looks again.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from server.access.chain import AuditRow, Head, Seal, begin, fits, seal_rows
from server.access.horizon import Horizon, Outlook

SEAL_EVERY_S: Final = 1.0
HEAD_EVERY: Final = timedelta(minutes=5)
WRONG_KEY_EVERY_S: Final = 60.0
BATCH: Final = 200  # a few milliseconds of the event loop, and of SQLite's one writer

logger = structlog.get_logger(__name__)


class WrongKey(Exception):
    """The chain in the database began with another key: nothing can be added to it with this one."""


class SealLook(Protocol):
    async def outlook(self) -> Outlook: ...

    async def seal(self, number: int) -> Seal | None: ...

    async def tip(self) -> Seal | None: ...

    async def unsealed(self, after: int, limit: int) -> Sequence[AuditRow]:
        """Rows above the id ``after`` that stand in no seal, by id."""
        ...


class SealTx(Protocol):
    async def add_seals(self, seals: Sequence[Seal]) -> bool:
        """False, and nothing written, where another server has given the first one's number."""
        ...


@dataclass(frozen=True)
class SealStore:
    """Each look is a snapshot of its own: what commits between two is seen by the second."""

    look: Callable[[], AbstractAsyncContextManager[SealLook]]
    begin: Callable[[], AbstractAsyncContextManager[SealTx]]


class Sealer:
    """``export`` is given a head now and then, and the last one when the server stops."""

    def __init__(
        self, store: SealStore, key: bytes, export: Callable[[Head], None], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._key, self._export, self._clock = store, key, export, clock
        self._horizon, self._highest = Horizon(), 0
        self._known: Seal | None = None  # the tip, once the chain is known to be of this key
        self._exported: Head | None = None

    @property
    def behind(self) -> int:
        """How many rows, at most, wait for their seal."""
        return max(0, self._highest - (self._known.settled if self._known else 0))

    async def run(self) -> None:
        """For ever. A wrong key is said now and then and stops nothing else: patients are seen without seals too."""
        while True:
            try:
                await self.catch_up()
                if self._exported is None or self._clock() - self._exported.at >= HEAD_EVERY:
                    self._export_head()
                await asyncio.sleep(SEAL_EVERY_S)
            except WrongKey as wrong:
                logger.error("audit.wrong_key", reason=str(wrong))  # noqa: TRY400 – where it was raised says nothing
                await asyncio.sleep(WRONG_KEY_EVERY_S)

    async def finish(self) -> None:
        """Seal what is there, and leave the head where the next start cannot change it."""
        await self.catch_up()
        self._export_head()

    async def catch_up(self) -> None:
        """Raises WrongKey; what the database raises passes through."""
        while await self.seal_some():
            pass

    async def seal_some(self) -> bool:
        """One batch; True where more may wait."""
        async with self._store.look() as look:
            outlook = await look.outlook()
        self._horizon, self._highest = self._horizon.seen(outlook), outlook.highest
        if self._known and not self.behind:
            return False
        async with self._store.look() as look:  # it begins after the outlook: see Horizon
            tip = await self._tip(look)
            rows = await look.unsealed(tip.settled, BATCH) if tip else ()
        return await self._begin_chain() if tip is None else await self._add(tip, rows)

    async def _begin_chain(self) -> bool:
        async with self._store.begin() as tx:
            await tx.add_seals([begin(self._key, self._clock())])
        return True

    async def _add(self, tip: Seal, rows: Sequence[AuditRow]) -> bool:
        self._known = tip
        if not rows:
            return False
        full = len(rows) == BATCH
        settled = min(self._horizon.settled, rows[-1].id) if full else self._horizon.settled
        seals = seal_rows(self._key, tip, rows, (settled, self._clock()))
        async with self._store.begin() as tx:
            added = await tx.add_seals(seals)
        if added:
            self._known = seals[-1]
        return full

    async def _tip(self, look: SealLook) -> Seal | None:
        tip = await look.tip()
        if tip and self._known is None:
            first = await look.seal(0)
            if first is None or not fits(self._key, first):
                raise WrongKey("audit.key is not the key that this chain began with: put the old one back")
        return tip

    def _export_head(self) -> None:
        tip = self._known
        if tip and tip.number and (self._exported is None or self._exported.number != tip.number):
            self._exported = Head(self._clock(), tip.number, tip.mac)
            self._export(self._exported)
            logger.info("audit.head", number=tip.number, mac=tip.mac.hex())
