"""An audit in memory that two sealers share, as PostgreSQL shows it: numbers are drawn first, rows committed later."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from server.access.audit import AuditEntry
from server.access.chain import AuditRow, Seal
from server.access.horizon import Outlook
from server.access.inspection import Link, Report, inspect
from server.access.sealing import SealStore

KEY = b"k" * 32
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def _nothing() -> None:
    return None


@dataclass
class Notary:
    """``meanwhile`` happens wherever a sealer waits for the database."""

    rows: dict[int, AuditRow] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)
    open: dict[str, list[int]] = field(default_factory=dict)
    drawn: int = 0
    meanwhile: Callable[[], Awaitable[None]] = _nothing

    @property
    def store(self) -> SealStore:
        return SealStore(self._look, self._begin)

    def write(self, *names: str) -> None:
        """Rows that are committed at once."""
        for name in names or ("",):
            self.draw(name)
            self.commit(name)

    def draw(self, transaction: str) -> int:
        self.drawn += 1
        self.open.setdefault(transaction, []).append(self.drawn)
        return self.drawn

    def commit(self, transaction: str) -> None:
        for number in self.open.pop(transaction):
            self.rows[number] = row(number)

    def give_up(self, transaction: str) -> None:
        del self.open[transaction]

    async def inspected(self, key: bytes = KEY) -> Report:
        return await inspect(self._read, key, ())

    @asynccontextmanager
    async def _look(self) -> AsyncIterator["Look"]:
        await self.meanwhile()
        yield Look(self)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator["Tx"]:
        await self.meanwhile()
        yield Tx(self)

    @asynccontextmanager
    async def _read(self) -> AsyncIterator["Read"]:
        yield Read(self)


@dataclass
class Look:
    """What was committed when it began."""

    notary: Notary

    def __post_init__(self) -> None:
        self._rows, self._seals = dict(self.notary.rows), list(self.notary.seals)

    async def outlook(self) -> Outlook:
        highest = max(self._rows, default=0)
        await self.notary.meanwhile()
        return Outlook(highest, frozenset(self.notary.open))

    async def seal(self, number: int) -> Seal | None:
        return self._seals[number] if number < len(self._seals) else None

    async def tip(self) -> Seal | None:
        return self._seals[-1] if self._seals else None

    async def unsealed(self, after: int, limit: int) -> Sequence[AuditRow]:
        sealed = {seal.row_id for seal in self._seals}
        return [self._rows[number] for number in sorted(self._rows) if number > after and number not in sealed][:limit]


@dataclass
class Tx:
    notary: Notary

    async def add_seals(self, seals: Sequence[Seal]) -> bool:
        if seals[0].number != len(self.notary.seals):
            return False
        self.notary.seals += seals
        return True


@dataclass
class Read:
    """What an inspection asks."""

    notary: Notary

    async def links(self, after: int, limit: int) -> Sequence[Link]:
        return [(seal, self.notary.rows.get(seal.row_id)) for seal in self.notary.seals if seal.number > after][:limit]

    async def inserted(self, settled: int, limit: int) -> Sequence[int]:
        return [number for number in self._unsealed() if number <= settled][:limit]

    async def waiting(self, settled: int) -> int:
        return sum(number > settled for number in self._unsealed())

    async def macs(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        return {seal.number: seal.mac for seal in self.notary.seals if seal.number in numbers}

    def _unsealed(self) -> list[int]:
        sealed = {seal.row_id for seal in self.notary.seals}
        return [number for number in sorted(self.notary.rows) if number not in sealed]


def row(number: int) -> AuditRow:
    at = NOON + timedelta(seconds=number)
    return AuditRow(number, AuditEntry(at, "user:a", "ticket.booked", f"ticket:{number}", {"serial": number}))
