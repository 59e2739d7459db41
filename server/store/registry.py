"""The devices as an in-memory snapshot: the broker's thread and ingest ask it, never the database."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.arrivals import KnownDevice
from server.store.device_rows import counting_certificates
from server.store.tables import device_certificates, devices


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device that may connect, with the SHA-256 of its secret, and of the certificates that do as well."""

    known: KnownDevice
    secret_hash: bytes
    certificates: frozenset[bytes] = frozenset()


class DeviceRegistry:
    """Implements devices.arrivals.Registry. Any thread may ask: a snapshot is replaced whole, never changed."""

    def __init__(self, registered: Iterable[RegisteredDevice] = ()) -> None:
        self._snapshot: Mapping[str, RegisteredDevice] = {}
        self._ended: frozenset[str] = frozenset()
        self.replace(registered)

    def replace(self, registered: Iterable[RegisteredDevice], ended: Iterable[str] = ()) -> frozenset[str]:
        """From now on exactly these devices are known, and ``ended`` out of service. The ids of those whose credential
        of before is dead."""
        before, self._snapshot = self._snapshot, {one.known.id: one for one in registered}
        self._ended = frozenset(ended)
        return frozenset(id_ for id_, one in before.items() if not self._still_has(one))

    def on_record(self, device_id: str) -> bool:
        """In service or not."""
        return device_id in self._snapshot or device_id in self._ended

    def _still_has(self, before: RegisteredDevice) -> bool:
        one = self._snapshot.get(before.known.id)
        return one is not None and one.secret_hash == before.secret_hash and one.certificates >= before.certificates

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

    def check_certificate(self, device_id: str, certificate: bytes) -> bool:
        """Whether this one (DER), whose authority was believed at the handshake, is bound to the device."""
        one = self._snapshot.get(device_id)
        return one is not None and sha256(certificate).digest() in one.certificates


class RegistryQueries:
    """What fills the snapshot."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def version(self) -> tuple[int, ...]:
        """Another after every change of any credential: each adds a row, or to a number that never falls."""
        counted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(devices.c.credential_version), 0))
        shown = sa.select(sa.func.count(), sa.func.count(device_certificates.c.ended_at))
        row = (await self._connection.execute(counted.select_from(devices))).one()
        bound = (await self._connection.execute(shown.select_from(device_certificates))).one()
        return int(row[0]), int(row[1]), int(bound[0]), int(bound[1])

    async def registered(self) -> list[RegisteredDevice]:
        """Every device in service."""
        columns = (devices.c.id, devices.c.secret_hash, devices.c.clock_offset_ms)
        rows = await self._connection.execute(sa.select(*columns).where(devices.c.revoked_at.is_(None)))
        bound = await self._bound()
        return [
            RegisteredDevice(
                KnownDevice(row.id, timedelta(milliseconds=row.clock_offset_ms)),
                bytes(row.secret_hash),
                frozenset(bound.get(row.id, ())),
            )
            for row in rows
        ]

    async def _bound(self) -> Mapping[str, list[bytes]]:
        of_device: defaultdict[str, list[bytes]] = defaultdict(list)
        for row in await self._connection.execute(counting_certificates()):
            of_device[row.device_id].append(bytes(row.fingerprint))
        return of_device

    async def ended(self) -> list[str]:
        """The ids of those out of service."""
        return list(await self._connection.scalars(sa.select(devices.c.id).where(devices.c.revoked_at.is_not(None))))
