"""Who wears which device, from when to when. A reading belongs to whoever wore the device when it was measured."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Protocol

import msgspec

from devices.alarms import AlarmKind, AlarmState, Episode, Transition, TransitionKind
from devices.rules import NoLimits, applicable
from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.access.roles import Role
from server.ids import new_id
from server.monitoring.device_state import IN_SERVICE
from server.monitoring.errors import DeviceWorn, NobodyResponsible, NotFound, ProfileNotApplicable
from server.monitoring.registry import DeviceRow, device_view
from server.monitoring.views import DeviceView
from server.patients.patient import age_on


@dataclass(frozen=True, slots=True)
class Association:
    """A device on a patient. ``responsible_id`` is whom an alarm reaches first; ``profile`` None: no limits are set."""

    id: str
    device_id: str
    patient_id: str
    profile: str | None
    responsible_id: str
    from_at: datetime
    created_by: str
    subject: str | None = None  # how the device names the patient; None until it does


@dataclass(frozen=True, slots=True)
class Wearer:
    """What associating must know of a patient. ``doctor_id``: whose session the patient was booked into last."""

    id: str
    birth_date: date
    doctor_id: str | None
    seen: bool  # by the doctor who asks


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: this device on this patient, watched by these limits or by none."""

    patient_id: str
    device_id: str
    profile: str | None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """By whom, and when."""

    by: str
    at: datetime


class AssociateTx(Protocol):
    async def wearer(self, patient_id: str, doctor_id: str) -> Wearer | None: ...
    async def lock_device(self, device_id: str) -> DeviceRow | None: ...
    async def associate(self, association: Association) -> bool: ...
    async def adopt(self, device_id: str, patient_id: str, from_at: datetime, until_at: datetime | None) -> int: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class DissociateTx(Protocol):
    async def dissociate(self, patient_id: str, device_id: str, at: datetime) -> bool: ...
    async def open_episodes(self, patient_id: str) -> Sequence[Episode]: ...
    async def save_episode(self, episode: Episode, transitions: Sequence[Transition]) -> Sequence[str]: ...


class AssociationTx(AssociateTx, DissociateTx, Protocol):
    """Both use cases' needs; each function asks for its own."""


class Associations:
    """``changed`` is called after commit with the patient's id: evaluation and pages look again."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[AssociationTx]],
        changed: Callable[[str], Awaitable[None]],
        zone: tzinfo,
    ) -> None:
        self._begin = begin
        self._changed = changed
        self._zone = zone

    async def associate(self, who: Principal, wish: Wish, now: datetime) -> DeviceView:
        """Raises ``NotFound``, ``DeviceWorn``, ``ProfileNotApplicable``, ``NobodyResponsible``."""
        async with self._begin() as tx:
            wearer = await _wearer(tx, who, wish.patient_id)
            check_profile(wish.profile, age_on(wearer.birth_date, now.astimezone(self._zone).date()))
            worn = await put_on(tx, Done(who.actor, now), association_of(who, wish, wearer, now))
        await self._changed(wish.patient_id)
        return device_view(worn, named=True)

    async def dissociate(self, who: Principal, patient_id: str, device_id: str, now: datetime) -> None:
        """End it; what of this device only waits to be seen is resolved with it. Raises ``NotFound``.

        What is still active evaluation ends, within a second: only it knows whether another device says the same.
        """
        async with self._begin() as tx:
            await _wearer(tx, who, patient_id)
            await tx.lock_device(device_id)
            if not await tx.dissociate(patient_id, device_id, now):
                raise NotFound
            await resolve_waiting(tx, patient_id, device_id, Done(who.id, now))
            detail = {"patient": patient_id}
            await tx.audit(AuditEntry(now, who.actor, "device.dissociated", f"device:{device_id}", detail))
        await self._changed(patient_id)


async def put_on(tx: AssociateTx, done: Done, association: Association) -> DeviceRow:
    """The device as it is worn now, with what was held for its wearer. Raises ``NotFound``, ``DeviceWorn``."""
    device = await tx.lock_device(association.device_id)
    if device is None or device.state not in IN_SERVICE:
        raise NotFound
    if not await tx.associate(association):
        raise DeviceWorn
    await tx.adopt(association.device_id, association.patient_id, association.from_at, None)
    await tx.audit(_entry(done, association))
    return await tx.lock_device(association.device_id) or device


async def resolve_waiting(tx: DissociateTx, patient_id: str, device_id: str, done: Done) -> None:
    """What of a device that was taken off only waits to be seen."""
    for episode in await tx.open_episodes(patient_id):
        if _only_waits(episode, device_id):
            await tx.save_episode(*_resolved(episode, done.by, done.at))


def check_profile(profile: str | None, age: int) -> None:
    """Raises ``ProfileNotApplicable``."""
    if profile is None:
        return
    limits = applicable(profile, age)
    if isinstance(limits, NoLimits):
        raise ProfileNotApplicable(limits.reason)


def association_of(who: Principal, wish: Wish, wearer: Wearer, now: datetime) -> Association:
    """Raises ``NobodyResponsible``."""
    responsible_id = who.id if who.role is Role.DOCTOR else wearer.doctor_id
    if responsible_id is None:
        raise NobodyResponsible
    return Association(
        id=new_id(),
        device_id=wish.device_id,
        patient_id=wish.patient_id,
        profile=wish.profile,
        responsible_id=responsible_id,
        from_at=now,
        created_by=who.id,
        subject=wish.subject,
    )


async def _wearer(tx: AssociateTx, who: Principal, patient_id: str) -> Wearer:
    wearer = await tx.wearer(patient_id, who.id)
    if wearer is None or not (wearer.seen or who.role is Role.OPERATOR):
        raise NotFound
    return wearer


def _only_waits(episode: Episode, device_id: str) -> bool:
    technical = episode.kind is AlarmKind.TECHNICAL and episode.device_id == device_id
    return technical and episode.state is AlarmState.ENDED


def _resolved(episode: Episode, by: str, at: datetime) -> tuple[Episode, tuple[Transition, ...]]:
    resolved = msgspec.structs.replace(episode, state=AlarmState.RESOLVED, resolved_at=at)
    transition = Transition(
        alarm_id=episode.id,
        kind=TransitionKind.RESOLVED,
        priority=episode.priority,
        round=episode.round,
        rule=episode.rule,
        at=at,
        by=by,
    )
    return resolved, (transition,)


def _entry(done: Done, association: Association) -> AuditEntry:
    detail = {
        "patient": association.patient_id,
        "profile": association.profile,
        "responsible": association.responsible_id,
    }
    return AuditEntry(done.at, done.by, "device.associated", f"device:{association.device_id}", detail)
