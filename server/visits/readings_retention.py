"""Deleting single readings that are older than the hospital wants to keep them; what they came to is kept.

Never before the rules' clock of the record allows: a reading was before the doctor in the first visit that ended after
it, and is kept as long as that visit. Nor is one deleted that raised an alarm, or is not summed up yet.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic.session import day_bounds
from server.visits.policy.pack import Pack
from server.visits.policy.retention import Kept

MESSAGES = 1_000  # in one transaction: intake writes meanwhile
PATIENTS = 100  # looked at in one


@dataclass(frozen=True, slots=True)
class Old:
    """How many messages of single readings could go, measured before that moment; without ``days`` none are to."""

    days: int
    before: datetime | None = None
    messages: int = 0


class ReadingsLook(Protocol):
    async def with_readings(self, before: datetime, after_id: str, limit: int) -> Sequence[str]:
        """Patients of whom something was measured before then, by id."""
        ...

    async def ticket_ends(self, patient_id: str) -> Sequence[datetime | None]:
        """When each ticket and its visit ended; None while one stands or runs."""
        ...

    async def count_old(self, patient_id: str, before: datetime) -> int: ...


class ReadingsTx(Protocol):
    async def ticket_ends(self, patient_id: str) -> Sequence[datetime | None]: ...

    async def delete_old(self, patient_id: str, before: datetime, limit: int) -> int:
        """How many messages; and from now on nothing measured before is summed up."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class ReadingsRetention:
    """``days`` 0: single readings are kept. ``zone`` is the hospital's, whose days count."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ReadingsTx]],
        look: Callable[[], AbstractAsyncContextManager[ReadingsLook]],
        pack: Pack,
        zone: tzinfo,
        *,
        days: int,
    ) -> None:
        self._begin = begin
        self._look = look
        self._pack = pack
        self._zone = zone
        self._days = days

    def before(self, now: datetime) -> datetime | None:
        """What was measured before may go; None: nothing. Raises ``PolicyRefused`` where ``days`` are too few."""
        if not self._days:
            return None
        last = self._day(now) - timedelta(days=self._days)
        self._pack.check_deletion(Kept.RECORD, last, self._day(now))
        return day_bounds(last, self._zone)[1]

    async def spent(self, now: datetime) -> Old:
        """What could be deleted now. Changes nothing. Raises ``PolicyRefused``."""
        before, count = self.before(now), 0
        if before is None:
            return Old(self._days)
        for patient_id in await self._patients(before):
            async with self._look() as look:
                limit = self._boundary(before, await look.ticket_ends(patient_id), now)
                count += await look.count_old(patient_id, limit) if limit else 0
        return Old(self._days, before, count)

    async def delete(self, actor: str, now: datetime) -> Old:
        """Delete it, some at a time; each time is a row of the audit. Raises ``PolicyRefused``."""
        before, count = self.before(now), 0
        if before is None:
            return Old(self._days)
        for patient_id in await self._patients(before):
            while gone := await self._delete_some(patient_id, before, AuditEntry(now, actor, "", "")):
                count += gone
        return Old(self._days, before, count)

    async def _patients(self, before: datetime) -> list[str]:
        found: list[str] = []
        while True:
            async with self._look() as look:
                page = await look.with_readings(before, found[-1] if found else "", PATIENTS)
            found += page
            if len(page) < PATIENTS:
                return found

    async def _delete_some(self, patient_id: str, before: datetime, by: AuditEntry) -> int:
        async with self._begin() as tx:
            limit = self._boundary(before, await tx.ticket_ends(patient_id), by.at)
            gone = await tx.delete_old(patient_id, limit, MESSAGES) if limit else 0
            if limit and gone:
                detail = _detail(gone, limit, self._days)
                await tx.audit(AuditEntry(by.at, by.actor, "retention.deleted", f"patient:{patient_id}", detail))
        return gone

    def _boundary(self, before: datetime, ends: Iterable[datetime | None], now: datetime) -> datetime | None:
        clock = self._pack.clocks.get(Kept.RECORD)
        if clock is None:
            return before
        return boundary(before, ends, lambda end: clock.refuses(self._day(end), self._day(now)) is None)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def boundary(
    before: datetime, ends: Iterable[datetime | None], is_spent: Callable[[datetime], bool]
) -> datetime | None:
    """``before``; or the end of the last visit that need not be kept, where a later one must be."""
    listed = list(ends)
    spent = [end for end in listed if end is not None and is_spent(end)]
    if len(spent) == len(listed):
        return before
    return min(before, max(spent)) if spent else None


def _detail(gone: int, limit: datetime, days: int) -> dict[str, str | int | bool | None]:
    return {"held": "readings", "messages": gone, "before": limit.isoformat(), "days": days}
