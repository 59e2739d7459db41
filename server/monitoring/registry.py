"""The devices that may speak: adding one, revoking it, listing them. Who wears them is associations' business."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from devices.topics import DEVICE_ID, readings
from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.access.roles import Action, Role
from server.monitoring.errors import DeviceExists, DeviceRefused, NotFound
from server.monitoring.views import DeviceAdded, DeviceView, NamedPatient

RESERVED = frozenset({"bedside-server", "bedside-registry"})  # the server's own names at the broker
LABEL_LIMIT = 120
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A row to be. ``secret_hash`` is SHA-256 of the secret as the device sends it."""

    id: str
    label: str
    secret_hash: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceRow:
    id: str
    label: str
    last_received_at: datetime | None
    revoked_at: datetime | None
    patient: NamedPatient | None
    profile: str | None


class RegistryTx(Protocol):
    async def add_device(self, device: NewDevice) -> bool: ...
    async def revoke_device(self, device_id: str, at: datetime) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class RegistryLook(Protocol):
    async def devices(self) -> Sequence[DeviceRow]: ...
    async def patients_seen_by(self, doctor_id: str) -> frozenset[str]: ...


class Devices:
    """``changed`` is called after commit with a device's id: whoever keeps credentials in memory reads it again."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[RegistryTx]],
        look: Callable[[], AbstractAsyncContextManager[RegistryLook]],
        changed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._look = look
        self._changed = changed

    async def add(self, actor: str, device_id: str, label: str, now: datetime) -> DeviceAdded:
        """Its secret is in the reply, this once, and kept nowhere. Raises ``DeviceRefused``, ``DeviceExists``."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        device = NewDevice(_device_id(device_id), _label(label), secret_hash(secret), now)
        async with self._begin() as tx:
            if not await tx.add_device(device):
                raise DeviceExists
            await tx.audit(AuditEntry(now, actor, "device.added", f"device:{device_id}"))
        await self._changed(device_id)
        return DeviceAdded(DeviceView(id=device.id, label=device.label), secret, readings(device.id))

    async def revoke(self, actor: str, device_id: str, now: datetime) -> None:
        """From here on it is refused at the door. Raises ``NotFound``."""
        async with self._begin() as tx:
            if not await tx.revoke_device(device_id, now):
                raise NotFound
            await tx.audit(AuditEntry(now, actor, "device.revoked", f"device:{device_id}"))
        await self._changed(device_id)

    async def devices(self, principal: Principal) -> list[DeviceView]:
        """Every device; by whom it is worn only where the principal may know that."""
        async with self._look() as look:
            rows = await look.devices()
            seen = await look.patients_seen_by(principal.id)
        return [device_view(row, named=_may_name(principal, row.patient, seen)) for row in rows]


def secret_hash(secret: str) -> bytes:
    """SHA-256 will do: the secret is 256 random bits, and a slow hash turns a reconnect storm into an outage."""
    return hashlib.sha256(secret.encode()).digest()


def device_view(row: DeviceRow, *, named: bool) -> DeviceView:
    return DeviceView(
        id=row.id,
        label=row.label,
        last_received_at=row.last_received_at,
        patient=row.patient if named else None,
        worn=row.patient is not None,
        profile=row.profile if named else None,
        revoked=row.revoked_at is not None,
    )


def _may_name(principal: Principal, patient: NamedPatient | None, seen: frozenset[str]) -> bool:
    if patient is None or not principal.may(Action.PATIENT_READ):
        return False
    return principal.role is Role.OPERATOR or patient.id in seen


def _device_id(device_id: str) -> str:
    if not DEVICE_ID.fullmatch(device_id):
        raise DeviceRefused("id", "must be 1 to 64 letters, digits, hyphens or underscores")
    if device_id in RESERVED:
        raise DeviceRefused("id", "is the server's own name at the broker")
    return device_id


def _label(label: str) -> str:
    kept = " ".join(label.split())
    if not kept or len(kept) > LABEL_LIMIT or not kept.isprintable():
        raise DeviceRefused("label", f"must be 1 to {LABEL_LIMIT} printable characters")
    return kept
