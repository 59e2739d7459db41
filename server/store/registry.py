"""The devices as an in-memory snapshot: the broker's thread and ingest ask it, never the database."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.ingest import KnownDevice
from server.store.tables import devices


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device that may connect, with the SHA-256 of its secret."""

    known: KnownDevice
    secret_hash: bytes


class DeviceRegistry:
    """Implements devices.ingest.Registry. Safe to ask from any thread: a snapshot is replaced whole, never changed."""

    def __init__(self, registered: Iterable[RegisteredDevice] = ()) -> None:
        self._snapshot: Mapping[str, RegisteredDevice] = {}
        self.replace(registered)

    def replace(self, registered: Iterable[RegisteredDevice]) -> frozenset[str]:
        """From now on exactly these devices are known. The ids of those that no longer are."""
        before, self._snapshot = self._snapshot, {one.known.id: one for one in registered}
        return frozenset(before.keys() - self._snapshot.keys())

    def known(self, device_id: str) -> KnownDevice | None:
        one = self._snapshot.get(device_id)
        return one.known if one else None

    def check(self, device_id: str, secret: str) -> bool:
        """Whether this is the device's secret. An unknown device takes as long as a wrong secret."""
        one = self._snapshot.get(device_id)
        right = hmac.compare_digest(
            one.secret_hash if one else bytes(32), sha256(secret.encode(errors="replace")).digest()
        )
        return right and one is not None


class RegistryQueries:
    """What fills the snapshot."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def registered(self) -> list[RegisteredDevice]:
        """Every device that was added and not revoked."""
        rows = await self._connection.execute(sa.select(devices).where(devices.c.revoked_at.is_(None)))
        return [
            RegisteredDevice(KnownDevice(row.id, timedelta(milliseconds=row.clock_offset_ms)), bytes(row.secret_hash))
            for row in rows
        ]
