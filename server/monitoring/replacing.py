"""A new device takes the place of an old one from a moment on: its wearer, its limits; the old one is revoked."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.ids import new_id
from server.monitoring.associations import Association, AssociationTx, Done, put_on, resolve_waiting
from server.monitoring.credentials import CredentialChange
from server.monitoring.device_state import IN_SERVICE, Step, ended_by
from server.monitoring.errors import DeviceRefused, DeviceStateWrong
from server.monitoring.registry import Changed, Ending, RegistryTx, device_view, locked
from server.monitoring.views import DeviceView

BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Replacement:
    """``at`` None: now. Earlier where the devices were changed before somebody came to say so."""

    old: str
    by: str
    at: datetime | None = None


class WornTx(Protocol):
    async def worn_now(self, device_id: str) -> Association | None: ...

    async def worn_until(self, device_id: str) -> datetime | None:
        """When the last who wore it took it off; None where nobody has."""


class ReplaceTx(RegistryTx, AssociationTx, WornTx, Protocol):
    """What changes a device's place in one transaction."""


class Replacing:
    """``changed`` and ``wearer_changed`` are called after the commit."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ReplaceTx]],
        changed: Changed,
        wearer_changed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._changed = changed
        self._wearer_changed = wearer_changed

    async def replace(self, actor: str, wish: Replacement, now: datetime) -> DeviceView:
        """The new device. Raises ``NotFound``, ``DeviceRefused``, ``DeviceStateWrong``, ``DeviceWorn``."""
        if wish.by == wish.old:
            raise DeviceRefused("by", "a device does not replace itself")
        async with self._begin() as tx:
            rows = {device_id: await locked(tx, device_id) for device_id in sorted((wish.old, wish.by))}
            ended = ended_by(rows[wish.old].state, Step.REPLACE)
            if rows[wish.by].state not in IN_SERVICE:
                raise DeviceStateWrong(rows[wish.by].state)
            worn = await self._move(tx, actor, wish, now)
            version = await tx.set_credential(wish.old, None, Ending(ended, now, wish.by))
            await tx.audit(AuditEntry(now, actor, "device.replaced", f"device:{wish.old}", {"by": wish.by}))
            new = await locked(tx, wish.by)
        await self._changed([CredentialChange(wish.old, version)])
        if worn is not None:
            await self._wearer_changed(worn.patient_id)
        return device_view(new, named=False)

    async def _move(self, tx: ReplaceTx, actor: str, wish: Replacement, now: datetime) -> Association | None:
        worn, at = await tx.worn_now(wish.old), wish.at or now
        _check(at, now, worn, await tx.worn_until(wish.by))
        if worn is not None:
            await tx.dissociate(worn.patient_id, wish.old, at)
            await resolve_waiting(tx, worn.patient_id, wish.old, Done(actor.partition(":")[2] or actor, now))
            taken_over = replace(worn, id=new_id(), device_id=wish.by, from_at=at, subject=None)
            await put_on(tx, Done(actor, now), taken_over)
        return worn


def _check(at: datetime, now: datetime, worn: Association | None, free_since: datetime | None) -> None:
    """Raises DeviceRefused."""
    if not now - BACK <= at <= now:
        raise DeviceRefused("at", f"must be now or at most {BACK.days} days ago")
    if worn is not None and at < worn.from_at:
        raise DeviceRefused("at", "must not be before the old device was put on")
    if free_since is not None and at < free_since:
        raise DeviceRefused("at", "must not be while somebody else wore the new device")
