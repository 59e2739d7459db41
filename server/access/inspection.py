"""Reads the audit's chain again and says what does not fit, and where. ``Inspection`` is pure; ``inspect`` reads pages.

In memory is one page at a time, whatever the audit's length.
"""

import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from itertools import islice
from typing import Final, Protocol

from server.access.chain import AuditRow, Head, Seal, expected_mac, fits

PAGE: Final = 1000
NAMED: Final = 100  # findings that are named one by one; the rest is counted
LATE: Final = timedelta(hours=1)

Link = tuple[Seal, AuditRow | None]


class Fault(Enum):
    """What can be wrong with a row, in words that its number completes."""

    WRONG_KEY = "audit.key is not the key that this chain began with, or seal {seal} was changed"
    CHANGED = "row {row} was changed since it was sealed (or seal {seal} was)"
    MISSING = "row {row} is missing: seal {seal} stands for it"
    SEAL_MISSING = "seal {seal} is missing"
    INSERTED = "row {row} was inserted: all rows up to there were sealed before it came"
    CUT_OFF = "the end is cut off: a head of {at} says seal {seal}, and there is none"
    OTHER_CHAIN = "another chain: seal {seal} is not the one that a head of {at} says"


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    seal: int | None = None
    row: int | None = None
    head: Head | None = None

    @property
    def sentence(self) -> str:
        at = f"{self.head.at:%Y-%m-%d %H:%M:%S} UTC" if self.head else ""
        return self.fault.value.format(seal=self.seal, row=self.row, at=at)


@dataclass
class Report:
    """``late`` counts rows that say they are older than ``LATE`` at their seal: written while no server ran – or
    dated back."""

    sealed: int = 0
    waiting: int = 0
    late: int = 0
    last_late: int | None = None
    heads: int = 0
    tip: Seal | None = None
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.found += 1
            if len(self.findings) < NAMED:
                self.findings.append(finding)


class Inspection:
    """Takes the chain link by link. After a fault it goes on from what is there, so that one fault is one finding."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._next = 0
        self._previous: tuple[bytes, ...] = ()  # what the link before holds, and what it should hold

    def take(self, seal: Seal, row: AuditRow | None) -> Iterator[Finding]:
        for number in range(self._next, min(seal.number, self._next + NAMED)):
            yield Finding(Fault.SEAL_MISSING, number)
        is_next, self._next = seal.number == self._next, seal.number + 1
        if seal.number == 0:
            yield from self._first(seal)
        elif row is None:
            yield Finding(Fault.MISSING, seal.number, seal.row_id)
            self._previous = (seal.mac,)
        elif is_next:
            yield from self._bound(seal, row)
        else:
            self._previous = (seal.mac,)  # with the seal before it gone, nothing can be said of this row

    def _first(self, seal: Seal) -> Iterator[Finding]:
        if not fits(self._key, seal):
            yield Finding(Fault.WRONG_KEY, 0)
        self._previous = (seal.mac,)

    def _bound(self, seal: Seal, row: AuditRow) -> Iterator[Finding]:
        expected = [expected_mac(self._key, previous, seal, row) for previous in self._previous]
        if not any(hmac.compare_digest(seal.mac, mac) for mac in expected):
            yield Finding(Fault.CHANGED, seal.number, seal.row_id)
            self._previous = (seal.mac, *expected[:1])  # where the seal was changed, not the row, the next one tells
        else:
            self._previous = (seal.mac,)


class ChainLook(Protocol):
    async def links(self, after: int, limit: int) -> Sequence[Link]:
        """Seals above the number ``after`` with their rows, by number."""
        ...

    async def inserted(self, settled: int, limit: int) -> Sequence[int]:
        """Ids of rows up to ``settled`` that stand in no seal."""
        ...

    async def waiting(self, settled: int) -> int:
        """How many rows above ``settled`` stand in no seal yet."""
        ...

    async def macs(self, numbers: Sequence[int]) -> Mapping[int, bytes]: ...


async def inspect(
    begin: Callable[[], AbstractAsyncContextManager[ChainLook]], key: bytes, heads: Iterable[Head]
) -> Report:
    """The whole chain as of one moment, then the heads against it."""
    report, inspection = Report(), Inspection(key)
    async with begin() as look:
        async for seal, row in _links(look):
            report.add(inspection.take(seal, row))
            _count(report, seal, row)
            if any(finding.fault is Fault.WRONG_KEY for finding in report.findings):
                return report  # nothing else could be told from forged
        settled = report.tip.settled if report.tip else 0
        report.add(Finding(Fault.INSERTED, row=row_id) for row_id in await look.inserted(settled, PAGE))
        report.waiting = await look.waiting(settled)
        for some in _batches(heads):
            macs = await look.macs([head.number for head in some])
            report.heads += len(some)
            report.add(_unlike(some, macs))
    return report


async def _links(look: ChainLook) -> AsyncIterator[Link]:
    after = -1
    while page := await look.links(after, PAGE):
        for link in page:
            yield link
        after = page[-1][0].number


def _count(report: Report, seal: Seal, row: AuditRow | None) -> None:
    report.tip = seal
    report.sealed += seal.number > 0
    if row and seal.sealed_at - row.entry.at > LATE:
        report.late, report.last_late = report.late + 1, row.id


def _unlike(heads: Sequence[Head], macs: Mapping[int, bytes]) -> Iterator[Finding]:
    for head in heads:
        found = macs.get(head.number)
        if found is None:
            yield Finding(Fault.CUT_OFF, head.number, head=head)
        elif not hmac.compare_digest(found, head.mac):
            yield Finding(Fault.OTHER_CHAIN, head.number, head=head)


def _batches(heads: Iterable[Head]) -> Iterator[list[Head]]:
    left = iter(heads)
    while some := list(islice(left, PAGE)):
        yield some
