"""Deleting what is past its clock, and only that.

A clock counts for a ticket: its visits, and all that came about with it. It runs from the last day of the session or of
the visit, whichever is later. Of a patient without any ticket the rest goes too – readings, alarms, name – once the
record's clock has run out for the last of it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic.errors import NotFound
from server.clinic.session import day_bounds
from server.visits.policy.pack import Pack
from server.visits.policy.retention import Clock, Kept

AT_ONCE = 100  # in one transaction: others write meanwhile


class Holding(StrEnum):
    """What is held, in the order in which it goes."""

    PROCESS = "process"  # of a ticket: how it came about
    LOOSE = "loose"  # of no ticket: texts to staff, waiting lists, messages that were refused or are nobody's
    RECORD = "record"  # of a ticket: all of it
    PATIENT = "patient"  # of a patient without any ticket: all of it


CLOCKS = {
    Holding.PROCESS: Kept.PROCESS,
    Holding.LOOSE: Kept.PROCESS,
    Holding.RECORD: Kept.RECORD,
    Holding.PATIENT: Kept.RECORD,
}


@dataclass(frozen=True, slots=True)
class Ended:
    """Something that is held, and when it ended; ``at`` None: it has not. ``id`` of a ticket, a patient or a row."""

    id: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What is past its clock: how many tickets, patients or rows, none of which ended after ``until``."""

    holding: Holding
    clock: Clock
    count: int
    until: date


@dataclass(frozen=True, slots=True)
class Page:
    """Of what ended before that moment, those whose id comes after ``after_id``."""

    holding: Holding
    before: datetime
    after_id: str = ""
    limit: int = AT_ONCE


class RetentionLook(Protocol):
    async def count(self, holding: Holding, before: datetime) -> int: ...


class RetentionTx(Protocol):
    async def ended(self, page: Page) -> Sequence[Ended]:
        """By id."""
        ...

    async def ticket(self, ticket_id: str) -> Ended | None: ...

    async def delete(self, holding: Holding, ids: Sequence[str]) -> int:
        """How many rows; for this once, what is append-only lets them go."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class Retention:
    """``zone`` is the hospital's, whose days count. A pack without a clock lets nothing go: nobody has said when."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[RetentionTx]],
        look: Callable[[], AbstractAsyncContextManager[RetentionLook]],
        pack: Pack,
        zone: tzinfo,
    ) -> None:
        self._begin = begin
        self._look = look
        self._pack = pack
        self._zone = zone

    async def spent(self, now: datetime) -> list[Spent]:
        """What could be deleted now. Changes nothing."""
        found = []
        for holding, clock in self._clocks():
            async with self._look() as look:
                count = await look.count(holding, self._before(clock, now))
            found.append(Spent(holding, clock, count, clock.spent_on(self._day(now))))
        return found

    async def delete(self, actor: str, now: datetime) -> list[Spent]:
        """Delete it; each ticket and patient is a row of the audit. How much it was."""
        return [await self._empty(holding, clock, actor, now) for holding, clock in self._clocks()]

    async def delete_ticket(self, ticket_id: str, actor: str, now: datetime) -> int:
        """One ticket's record; how many rows. Raises ``NotFound``, ``PolicyRefused`` where it must still be kept."""
        async with self._begin() as tx:
            ended = await tx.ticket(ticket_id)
            if ended is None or Kept.RECORD not in self._pack.clocks:
                raise NotFound("no such ticket, or no rule that says how long it is kept")
            return await self._delete(tx, Holding.RECORD, [ended], AuditEntry(now, actor, "", ""))

    def _clocks(self) -> list[tuple[Holding, Clock]]:
        clocks = self._pack.clocks
        return [(holding, clocks[kept]) for holding, kept in CLOCKS.items() if kept in clocks]

    async def _empty(self, holding: Holding, clock: Clock, actor: str, now: datetime) -> Spent:
        page, count = Page(holding, self._before(clock, now)), 0
        while page.limit:
            async with self._begin() as tx:
                found = await tx.ended(page)
                await self._delete(tx, holding, found, AuditEntry(now, actor, "", ""))
            count += len(found)
            page = Page(holding, page.before, found[-1].id if found else "", AT_ONCE if len(found) == AT_ONCE else 0)
        return Spent(holding, clock, count, clock.spent_on(self._day(now)))

    async def _delete(self, tx: RetentionTx, holding: Holding, found: Sequence[Ended], by: AuditEntry) -> int:
        """The rules are asked for each, whatever the query said. Raises ``PolicyRefused``, and nothing is gone."""
        today, kept = self._day(by.at), CLOCKS[holding]
        for ended in found:
            self._pack.check_deletion(kept, self._day(ended.at) if ended.at else None, today)
        rows = await tx.delete(holding, [ended.id for ended in found]) if found else 0
        for subject in _subjects(holding, found):
            detail: dict[str, str | int | bool | None] = {"held": holding, "rule": self._pack.clocks[kept].name}
            await tx.audit(AuditEntry(by.at, by.actor, "retention.deleted", subject, detail))
        return rows

    def _before(self, clock: Clock, now: datetime) -> datetime:
        return day_bounds(clock.spent_on(self._day(now)), self._zone)[1]

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def _subjects(holding: Holding, found: Sequence[Ended]) -> list[str]:
    """What the audit names: each ticket or patient; rows that are nobody's together."""
    if holding is Holding.LOOSE:
        return ["process:loose"] if found else []
    kind = "patient" if holding is Holding.PATIENT else "ticket"
    return [f"{kind}:{ended.id}" for ended in found]
