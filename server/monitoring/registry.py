"""The devices that may speak: adding one, a new credential, its end. Who wears them is associations' business."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from devices.topics import readings
from server.access.audit import AuditEntry
from server.monitoring.credentials import CredentialChange, new_secret, secret_hash
from server.monitoring.device_state import DeviceState, Step, ended_by, state_of
from server.monitoring.errors import DeviceExists, NotFound
from server.monitoring.plate import BLANK, Plate, checked_id, checked_label, checked_plate
from server.monitoring.views import Battery, DeviceAdded, DeviceView, LastRefusal, NamedPatient


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A row to be. ``secret_hash`` is SHA-256 of the secret as the device sends it."""

    id: str
    label: str
    secret_hash: bytes
    created_at: datetime
    plate: Plate = BLANK


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """``ended_as`` says how it went out of service, ``revoked_at`` since when."""

    id: str
    label: str
    plate: Plate
    created_at: datetime
    ended_as: str | None
    replaced_by: str | None
    credential_version: int
    broker_version: int
    revoked_at: datetime | None
    first_received_at: datetime | None
    last_received_at: datetime | None
    battery: Battery | None
    firmware: str | None
    clock_offset_ms: int
    last_refusal: LastRefusal | None
    claim_until: datetime | None
    patient: NamedPatient | None
    profile: str | None

    @property
    def state(self) -> DeviceState:
        return state_of(self.ended_as, heard=self.last_received_at is not None)


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when a credential ends; None for both where a new one takes its place."""

    as_: DeviceState | None
    at: datetime | None
    replaced_by: str | None = None


class RegistryTx(Protocol):
    async def add_device(self, device: NewDevice) -> str | None:
        """None, or the field that is on record already: "id" or "serial"."""

    async def lock_device(self, device_id: str) -> DeviceRow | None: ...

    async def set_credential(self, device_id: str, secret_hash: bytes | None, ending: Ending) -> int:
        """The credential's new version. Without a hash the old one stays, dead."""

    async def describe(self, device_id: str, label: str, plate: Plate) -> bool:
        """False where model and serial are another device's."""

    async def audit(self, entry: AuditEntry) -> None: ...


Changed = Callable[[Sequence[CredentialChange]], Awaitable[None]]


class Devices:
    """``changed`` is called after the commit: who keeps credentials looks again, and cuts who may no longer speak."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[RegistryTx]], changed: Changed) -> None:
        self._begin = begin
        self._changed = changed

    async def add(
        self, actor: str, device_id: str | None, label: str | None, now: datetime, *, plate: Plate = BLANK
    ) -> DeviceAdded:
        """Its secret is in the reply, this once, and kept nowhere. Raises ``DeviceRefused``, ``DeviceExists``."""
        device, secret = new_device(device_id, label, plate, now)
        async with self._begin() as tx:
            row = await added(tx, device, actor)
        await self._changed([CredentialChange(device.id, row.credential_version, secret)])
        return enrolled(row, secret)

    async def rotate(self, actor: str, device_id: str, now: datetime) -> DeviceAdded:
        """A new secret; the old one is dead at once. A lost device is in service again. Raises ``NotFound``,
        ``DeviceStateWrong``."""
        secret = new_secret()
        async with self._begin() as tx:
            row = await locked(tx, device_id)
            ended_by(row.state, Step.ROTATE)
            version = await tx.set_credential(device_id, secret_hash(secret), Ending(None, None))
            await tx.audit(AuditEntry(now, actor, "device.rotated", f"device:{device_id}"))
            row = await locked(tx, device_id)
        await self._changed([CredentialChange(device_id, version, secret)])
        return enrolled(row, secret)

    async def describe(
        self, actor: str, device_id: str, label: str | None, now: datetime, *, plate: Plate
    ) -> DeviceView:
        """What was typed wrong, put right, in whatever state it is; the id stays, since topics and credentials hang on
        it. Raises ``NotFound``, ``DeviceRefused``, ``DeviceExists``."""
        plate = checked_plate(plate)
        label = checked_label(label, device_id, plate)
        async with self._begin() as tx:
            before = await locked(tx, device_id)
            if not await tx.describe(device_id, label, plate):
                raise DeviceExists("serial")
            detail = {"fields": ", ".join(_changed_fields(before, label, plate))}
            await tx.audit(AuditEntry(now, actor, "device.described", f"device:{device_id}", detail))
            row = await locked(tx, device_id)
        await self._changed(())
        return device_view(row, named=False)

    async def lose(self, actor: str, device_id: str, now: datetime) -> DeviceView:
        """Its credential is dead until it is found and rotated. Raises ``NotFound``, ``DeviceStateWrong``."""
        return await self._end(actor, device_id, Step.LOSE, now)

    async def revoke(self, actor: str, device_id: str, now: datetime) -> DeviceView:
        """From here on it is refused at the door, for good. Raises ``NotFound``, ``DeviceStateWrong``."""
        return await self._end(actor, device_id, Step.REVOKE, now)

    async def _end(self, actor: str, device_id: str, step: Step, now: datetime) -> DeviceView:
        async with self._begin() as tx:
            row = await locked(tx, device_id)
            version = await tx.set_credential(device_id, None, Ending(ended_by(row.state, step), now))
            await tx.audit(AuditEntry(now, actor, f"device.{step}", f"device:{device_id}"))
            row = await locked(tx, device_id)
        await self._changed([CredentialChange(device_id, version)])
        return device_view(row, named=False)


def _changed_fields(before: DeviceRow, label: str, plate: Plate) -> list[str]:
    """Their names alone: what somebody wrote on a device may name a person, and the audit is never thinned."""
    printed = [name for name in ("maker", "model", "serial") if getattr(before.plate, name) != getattr(plate, name)]
    return [*(["label"] if before.label != label else []), *printed]


def new_device(device_id: str | None, label: str | None, plate: Plate, now: datetime) -> tuple[NewDevice, str]:
    """With its secret. Raises ``DeviceRefused``."""
    secret, plate = new_secret(), checked_plate(plate)
    id_ = checked_id(device_id, plate)
    return NewDevice(id_, checked_label(label, id_, plate), secret_hash(secret), now, plate), secret


async def added(tx: RegistryTx, device: NewDevice, actor: str) -> DeviceRow:
    """Raises ``DeviceExists``."""
    if (field := await tx.add_device(device)) is not None:
        raise DeviceExists(field)
    await tx.audit(AuditEntry(device.created_at, actor, "device.added", f"device:{device.id}"))
    return await locked(tx, device.id)


async def locked(tx: RegistryTx, device_id: str) -> DeviceRow:
    """Raises ``NotFound``."""
    row = await tx.lock_device(device_id)
    if row is None:
        raise NotFound
    return row


def enrolled(row: DeviceRow, secret: str) -> DeviceAdded:
    return DeviceAdded(device_view(row, named=False), secret, readings(row.id))


def device_view(row: DeviceRow, *, named: bool, connection: str = "never") -> DeviceView:
    return DeviceView(
        id=row.id,
        label=row.label,
        state=row.state,
        created_at=row.created_at,
        maker=row.plate.maker,
        model=row.plate.model,
        serial=row.plate.serial,
        replaced_by=row.replaced_by,
        first_received_at=row.first_received_at or row.last_received_at,
        last_received_at=row.last_received_at,
        battery=row.battery,
        firmware=row.firmware,
        clock_offset_ms=row.clock_offset_ms,
        connection=connection,
        patient=row.patient if named else None,
        worn=row.patient is not None,
        profile=row.profile if named else None,
        claimable_until=row.claim_until,
    )
