"""The roster at work: departments, profiles, templates and days off, and the sessions that follow from them.

What is booked is never taken away: a change reaches the sessions that nobody has booked yet, the others are named.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.roster.errors import DepartmentTaken
from server.clinic.roster.profile import NewDepartment, Profile
from server.clinic.roster.templates import (
    DueSession,
    Holiday,
    Template,
    check_templates,
    days_ahead,
    due_sessions,
)
from server.ids import new_id

DAYS_AHEAD = 14  # how far the roster is worked out by itself
EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Unbooked:
    """Sessions that the roster made and nobody has booked yet: of a template or of a day, that open after ``after``."""

    after: datetime
    template_id: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class DayOff:
    """What a day off did: how many sessions are gone, and which are booked and want to be moved by a person."""

    removed: int
    booked: tuple[str, ...]


class PeopleTx(Protocol):
    async def save_department(self, department: NewDepartment) -> bool:
        """False where the name is taken. Replaces the one with this id."""
        ...

    async def has_department(self, department_id: str) -> bool: ...

    async def lock_doctor(self, doctor_id: str) -> bool:
        """Is there such a doctor? One editor at a time for each."""
        ...

    async def save_profile(self, profile: Profile) -> None: ...
    async def consented_at(self, doctor_id: str) -> datetime | None: ...


class TemplateTx(Protocol):
    async def templates(self, doctor_id: str | None) -> Sequence[Template]:
        """Those that are in use."""
        ...

    async def save_template(self, template: Template) -> None: ...
    async def end_template(self, template_id: str, at: datetime) -> None: ...


class DaysTx(Protocol):
    async def holidays(self, days: Sequence[date]) -> Mapping[date, Holiday]: ...
    async def save_holiday(self, holiday: Holiday) -> None: ...
    async def drop_holiday(self, day: date) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class DueTx(Protocol):
    async def add_due(self, session_id: str, due: DueSession) -> bool:
        """False where this template has its session of this day."""
        ...

    async def withdraw(self, which: Unbooked) -> int: ...
    async def booked_on(self, day: date) -> Sequence[str]: ...


class RosterTx(PeopleTx, TemplateTx, DaysTx, DueTx, Protocol):
    """One transaction of the roster."""


class Roster:
    """All methods raise ``InvalidRoster`` for a field that cannot be taken, ``NotFound`` for what is missing."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[RosterTx]], zone: tzinfo) -> None:
        self._begin = begin
        self._zone = zone
        self._next_at = datetime.min.replace(tzinfo=UTC)

    async def save_department(self, principal: Principal, department: NewDepartment, now: datetime) -> None:
        """Add it, or change the one with this id. Raises ``DepartmentTaken``."""
        department.check()
        async with self._begin() as tx:
            if not await tx.save_department(department):
                raise DepartmentTaken
            await tx.audit(_entry(principal, "department.saved", f"department:{department.id}", now))

    async def save_profile(self, principal: Principal, profile: Profile, now: datetime) -> None:
        """The moment of an institution's consent is kept as it was first put on record."""
        profile.check()
        async with self._begin() as tx:
            await _check_place(tx, profile.doctor_id, profile.department_id)
            before = await tx.consented_at(profile.doctor_id)
            kept = replace(profile, consented_at=profile.consented_at and (before or profile.consented_at))
            await tx.save_profile(kept)
            await tx.audit(_entry(principal, "doctor.profile_saved", f"user:{profile.doctor_id}", now))

    async def save_template(self, principal: Principal, template: Template, now: datetime) -> int:
        """Add it, or change it where it is in use; unbooked sessions follow. How many sessions there are more.

        Raises ``TemplateOverlaps``.
        """
        template.check()
        async with self._begin() as tx:
            await _check_place(tx, template.doctor_id, template.department_id)
            others = [other for other in await tx.templates(template.doctor_id) if other.id != template.id]
            check_templates([*others, template])
            await tx.save_template(template)
            removed = await tx.withdraw(Unbooked(now, template_id=template.id))
            made = await self._make(tx, [template], DAYS_AHEAD, now)
            await tx.audit(_entry(principal, "template.saved", f"template:{template.id}", now))
        return made - removed

    async def end_template(self, principal: Principal, template_id: str, now: datetime) -> None:
        """It makes no more sessions; those that nobody has booked are gone with it."""
        async with self._begin() as tx:
            if template_id not in {template.id for template in await tx.templates(None)}:
                raise NotFound("no such template")
            await tx.end_template(template_id, now)
            await tx.withdraw(Unbooked(now, template_id=template_id))
            await tx.audit(_entry(principal, "template.ended", f"template:{template_id}", now))

    async def save_holiday(self, principal: Principal, holiday: Holiday, now: datetime) -> DayOff:
        holiday.check()
        async with self._begin() as tx:
            await tx.save_holiday(holiday)
            removed = await tx.withdraw(Unbooked(now, day=holiday.day))
            booked = tuple(await tx.booked_on(holiday.day))
            await self._make(tx, await tx.templates(None), DAYS_AHEAD, now)
            await tx.audit(_entry(principal, "holiday.saved", f"day:{holiday.day}", now))
        return DayOff(removed, booked)

    async def drop_holiday(self, principal: Principal, day: date, now: datetime) -> None:
        """The day is worked like any other again."""
        async with self._begin() as tx:
            if not await tx.drop_holiday(day):
                raise NotFound("no such day off")
            await tx.withdraw(Unbooked(now, day=day))
            await self._make(tx, await tx.templates(None), DAYS_AHEAD, now)
            await tx.audit(_entry(principal, "holiday.dropped", f"day:{day}", now))

    async def generate(self, actor: str, days: int, now: datetime) -> int:
        """Make the sessions of today and the days after it that are not there yet. How many were made."""
        async with self._begin() as tx:
            made = await self._make(tx, await tx.templates(None), days, now)
            if made:
                await tx.audit(AuditEntry(now, actor, "roster.generated", "roster", {"days": days, "sessions": made}))
        return made

    async def tick(self, now: datetime) -> None:
        """The next ``DAYS_AHEAD`` days have their sessions; looked after once in ``EVERY``."""
        if now < self._next_at:
            return
        await self.generate("system", DAYS_AHEAD, now)
        self._next_at = now + EVERY

    async def _make(self, tx: RosterTx, templates: Sequence[Template], count: int, now: datetime) -> int:
        days = days_ahead(now.astimezone(self._zone).date(), count)
        due = due_sessions(templates, days, await tx.holidays(days), self._zone)
        added = [await tx.add_due(new_id(), session) for session in due if session.closes_at > now]
        return sum(added)


async def _check_place(tx: PeopleTx, doctor_id: str, department_id: str | None) -> None:
    if not await tx.lock_doctor(doctor_id):
        raise NotFound("no such doctor")
    if department_id is not None and not await tx.has_department(department_id):
        raise NotFound("no such department")


def _entry(principal: Principal, action: str, subject: str, now: datetime) -> AuditEntry:
    return AuditEntry(now, principal.actor, action, subject)
