"""Alarms whose doctor has left: who they are, and who answers for them from now on.

A doctor who may not sign in any more is told of no alarm; operators are, but none of them can answer one. So a
colleague of the department takes over what is left, or an administrator says who does.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.access.roles import Role
from server.ids import new_id
from server.monitoring.errors import NotFound, TakenOver
from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.ladder import Person
from server.notifications.messages import Sender, locale_of

MEANS_SOMETHING_FOR = timedelta(hours=24)


class Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class Unattended(msgspec.Struct, frozen=True):
    """``patients`` counts those for whose alarms this doctor, who left at ``since``, still stands on record."""

    doctor: Named
    department: Named | None
    since: datetime
    patients: int


@dataclass(frozen=True, slots=True)
class Doctor:
    """``since``: may not sign in from then on; None: works."""

    person: Person
    department_id: str | None
    since: datetime | None


class DoctorLook(Protocol):
    async def doctor(self, doctor_id: str) -> Doctor | None: ...


class HandoverLook(DoctorLook, Protocol):
    async def unattended(self) -> Sequence[Unattended]:
        """Of those who left, who still has patients; the longest gone first."""
        ...


class HandoverTx(DoctorLook, Protocol):
    async def hand_over(self, former_id: str, successor_id: str) -> Sequence[str]:
        """The patients who were the one doctor's and are the other's now; each goes to one successor alone."""
        ...

    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class Told(Protocol):
    """Called after a commit. It never fails."""

    async def alarms_changed(self, patient_ids: Sequence[str]) -> None: ...
    async def unattended_changed(self) -> None: ...


class Handover:
    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[HandoverTx]],
        look: Callable[[], AbstractAsyncContextManager[HandoverLook]],
        told: Told,
        sender: Sender,
    ) -> None:
        self._begin = begin
        self._look = look
        self._told = told
        self._sender = sender

    async def unattended(self, who: Principal) -> list[Unattended]:
        """Of a doctor's own department; of all for those who arrange."""
        return await self._shown_to(who.id)

    async def topic(self, user_id: str) -> Mapping[str, Unattended]:
        """The same, as this person's page watches it."""
        return {f"doctor/{each.doctor.id}": each for each in await self._shown_to(user_id)}

    async def _shown_to(self, user_id: str) -> list[Unattended]:
        async with self._look() as look:
            own, found = await look.doctor(user_id), await look.unattended()
        if own is None:
            return list(found)
        return [each for each in found if each.department and each.department.id == own.department_id]

    async def take_over(self, who: Principal, former_id: str, successor_id: str | None, now: datetime) -> None:
        """``successor_id`` None: who asks. A doctor names nobody else. Raises ``NotFound``, ``TakenOver``."""
        async with self._begin() as tx:
            former, successor = await _both(tx, who, former_id, successor_id)
            patients = await tx.hand_over(former.id, successor.id)
            if not patients:
                raise TakenOver
            for patient_id in patients:
                detail: dict[str, str | int | bool | None] = {"from": former.id, "to": successor.id}
                await tx.audit(AuditEntry(now, who.actor, "alarms.taken_over", f"patient:{patient_id}", detail))
            for letter in self._letters(former, successor, now):
                await tx.add_delivery(letter)
        await self._told.alarms_changed(patients)
        await self._told.unattended_changed()

    def _letters(self, former: Person, successor: Person, now: datetime) -> list[NewDelivery]:
        """To both, as far as they have a telephone: nobody believes to be watching, or that nobody does."""
        cause = f"handover:{new_id()}"
        return [
            NewDelivery(
                cause=cause,
                recipient=f"user:{to.id}",
                address=to.phone,
                text=messages.handover(
                    self._sender, locale_of(to.locale), doctor=former.name, successor=successor.name
                ),
                created_at=now,
                expires_at=now + MEANS_SOMETHING_FOR,
            )
            for to in (former, successor)
            if to.phone
        ]


async def _both(tx: HandoverTx, who: Principal, former_id: str, successor_id: str | None) -> tuple[Person, Person]:
    """Who left, and who takes over: a doctor who works, and who is of the same department unless an admin says so."""
    former, successor = await tx.doctor(former_id), await tx.doctor(successor_id or who.id)
    if former is None or former.since is None or successor is None or successor.since is not None:
        raise NotFound
    if who.role is Role.DOCTOR and not (successor.person.id == who.id and _are_colleagues(former, successor)):
        raise NotFound
    return former.person, successor.person


def _are_colleagues(one: Doctor, other: Doctor) -> bool:
    return one.department_id is not None and one.department_id == other.department_id
