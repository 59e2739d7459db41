"""Writes of the devices' registry: credentials, claims, replacing, lists of devices, and what was seen of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from server.access.audit import AuditEntry
from server.monitoring.associations import Association
from server.monitoring.bulk import Claimable, OnRecord
from server.monitoring.plate import Plate
from server.monitoring.registry import DeviceRow, Ending, NewDevice
from server.monitoring.sightings import News
from server.monitoring.views import CredentialState
from server.store.audit import AuditQueries, audit_row
from server.store.device_rows import DeviceRowQueries
from server.store.engine import Store
from server.store.monitoring import AssociationQueries
from server.store.tables import associations, audit, devices, tickets


class DeviceQueries(DeviceRowQueries, AuditQueries):
    """server.monitoring.registry.RegistryTx and device_list.DeviceLook."""

    async def add_device(self, device: NewDevice) -> str | None:
        insert = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(devices)
        if (await self._connection.execute(insert.on_conflict_do_nothing(), _new_row(device))).rowcount == 1:
            return None
        same = await self._connection.scalar(sa.select(devices.c.id).where(devices.c.id == device.id))
        return "serial" if same is None else "id"

    async def lock_device(self, device_id: str) -> DeviceRow | None:
        locked = sa.select(devices.c.id).where(devices.c.id == device_id)
        await self._connection.execute(locked.with_for_update(key_share=True))
        return await self.device(device_id)

    async def describe(self, device_id: str, label: str, plate: Plate) -> bool:
        said = {"label": label, "maker": plate.maker, "model": plate.model, "serial": plate.serial}
        fresh = sa.update(devices).where(devices.c.id == device_id).values(**said, serial_key=plate.key)
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(fresh)
        except IntegrityError:
            return False
        return True

    async def set_credential(self, device_id: str, secret_hash: bytes | None, ending: Ending) -> int:
        changed: dict[str, Any] = {"ended_as": ending.as_, "revoked_at": ending.at, "replaced_by": ending.replaced_by}
        changed |= {"claim_hash": None, "claim_until": None} if ending.as_ else {}
        changed |= {"secret_hash": secret_hash} if secret_hash else {}
        version = await self._connection.scalar(
            sa.update(devices)
            .where(devices.c.id == device_id)
            .values(**changed, credential_version=devices.c.credential_version + 1)
            .returning(devices.c.credential_version)
        )
        return int(version or 0)


class ClaimQueries(AssociationQueries):
    """server.monitoring.claiming.ClaimTx."""

    async def set_claim(self, device_id: str, hash_: bytes, until: datetime) -> None:
        fresh = sa.update(devices).where(devices.c.id == device_id).values(claim_hash=hash_, claim_until=until)
        await self._connection.execute(fresh)

    async def take_claim(self, hash_: bytes, now: datetime) -> str | None:
        good = (devices.c.claim_hash == hash_) & (devices.c.claim_until > now) & devices.c.ended_as.is_(None)
        taken = sa.update(devices).where(good).values(claim_hash=None, claim_until=None).returning(devices.c.id)
        device_id: str | None = await self._connection.scalar(taken)
        return device_id

    async def ticket_patient(self, ticket_id: str) -> str | None:
        holder = sa.select(tickets.c.patient_id).where(tickets.c.id == ticket_id)
        patient_id: str | None = await self._connection.scalar(holder)
        return patient_id


class ReplaceQueries(DeviceQueries, AssociationQueries):
    """server.monitoring.replacing.ReplaceTx."""

    async def worn_now(self, device_id: str) -> Association | None:
        columns = [associations.c[name] for name in Association.__dataclass_fields__]
        worn = sa.select(*columns).where(associations.c.device_id == device_id, associations.c.until_at.is_(None))
        row = (await self._connection.execute(worn)).one_or_none()
        return Association(*row) if row else None

    async def worn_until(self, device_id: str) -> datetime | None:
        last = sa.select(sa.func.max(associations.c.until_at)).where(associations.c.device_id == device_id)
        until: datetime | None = await self._connection.scalar(last)
        return until


class BulkQueries(AuditQueries):
    """server.monitoring.bulk.BulkTx and BulkLook."""

    async def on_record(self, ids: Sequence[str], keys: Sequence[str]) -> Sequence[OnRecord]:
        unheard = devices.c.ended_as.is_(None) & devices.c.last_received_at.is_(None)
        known = sa.select(devices.c.id, devices.c.serial_key, unheard)
        either = sa.func.lower(devices.c.id).in_(ids) | devices.c.serial_key.in_(keys)
        return [OnRecord(row[0], row[1], bool(row[2])) for row in await self._connection.execute(known.where(either))]

    async def add_devices(self, wanted: Sequence[Claimable]) -> None:
        if wanted:
            rows = [{**_new_row(one.device), **_claim(one)} for one in wanted]
            await self._connection.execute(sa.insert(devices), rows)

    async def renew(self, wanted: Sequence[Claimable]) -> Mapping[str, int]:
        if not wanted:
            return {}
        fresh = sa.update(devices).where(devices.c.id == sa.bindparam("device"))
        fresh = fresh.values(
            secret_hash=sa.bindparam("hash"),
            claim_hash=sa.bindparam("claim"),
            claim_until=sa.bindparam("until"),
            credential_version=devices.c.credential_version + 1,
        )
        rows = [
            {"device": one.device.id, "hash": one.device.secret_hash, "claim": one.claim_hash, "until": one.claim_until}
            for one in sorted(wanted, key=lambda one: one.device.id)  # rows are locked in the order of ingest
        ]
        await self._connection.execute(fresh, rows)
        ids = [one.device.id for one in wanted]
        versions = sa.select(devices.c.id, devices.c.credential_version).where(devices.c.id.in_(ids))
        return {row.id: row.credential_version for row in await self._connection.execute(versions)}

    async def audit_all(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._connection.execute(sa.insert(audit), [audit_row(entry) for entry in entries])


class SightingQueries(AuditQueries):
    """server.monitoring.sightings.SightingsTx."""

    async def write_sightings(self, news: Sequence[tuple[str, News]]) -> None:
        """What is not new stays. ``first_received_at`` is set once."""
        kept = {
            column.name: sa.func.coalesce(sa.bindparam(f"_{column.name}", type_=column.type), column)
            for column in _SEEN
        }
        first = devices.c.first_received_at
        kept["first_received_at"] = sa.func.coalesce(first, sa.bindparam("_heard_at", type_=first.type))
        seen = sa.update(devices).where(devices.c.id == sa.bindparam("_id")).values(**kept)
        await self._connection.execute(seen, [_seen_row(device_id, one) for device_id, one in news])


_SEEN = (
    devices.c.battery_percent,
    devices.c.battery_at,
    devices.c.firmware,
    devices.c.refused_at,
    devices.c.refused_reason,
    devices.c.refused_detail,
)


def _new_row(device: NewDevice) -> dict[str, Any]:
    plate = device.plate
    return {
        "id": device.id,
        "label": device.label,
        "secret_hash": device.secret_hash,
        "created_at": device.created_at,
        "clock_offset_ms": 0,
        "serial_key": plate.key,
        **asdict(plate),
    }


def _claim(one: Claimable) -> dict[str, Any]:
    return {"claim_hash": one.claim_hash, "claim_until": one.claim_until}


def _seen_row(device_id: str, news: News) -> dict[str, Any]:
    return {
        "_id": device_id,
        "_heard_at": news.heard_at,
        "_battery_percent": news.battery,
        "_battery_at": news.battery_at,
        "_firmware": news.firmware,
        "_refused_at": news.refused_at,
        "_refused_reason": news.refused_reason,
        "_refused_detail": news.refused_detail,
    }


class CredentialQueries(AuditQueries):
    """Which credential is the newest of a device, and which an outside broker has."""

    async def credentials(self) -> Sequence[CredentialState]:
        """Of every device, dead ones too."""
        return await self._credentials(sa.true())

    async def pending(self) -> Sequence[CredentialState]:
        return await self._credentials(devices.c.broker_version < devices.c.credential_version)

    async def taken(self, device_id: str, version: int) -> None:
        """A later version that was told meanwhile is not turned back."""
        told = sa.update(devices).where(devices.c.id == device_id, devices.c.broker_version < version)
        await self._connection.execute(told.values(broker_version=version))

    async def _credentials(self, which: sa.ColumnElement[bool]) -> Sequence[CredentialState]:
        columns = (devices.c.id, devices.c.credential_version, devices.c.broker_version, devices.c.ended_as.is_(None))
        rows = await self._connection.execute(sa.select(*columns).where(which).order_by(devices.c.id))
        return [CredentialState(row[0], row[1], row[2], bool(row[3])) for row in rows]


class StoredCredentials:
    """Implements server.monitoring.credentials.PendingStore."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def pending(self) -> Sequence[CredentialState]:
        async with self._store.read(CredentialQueries) as look:
            return await look.pending()

    async def taken(self, device_id: str, version: int) -> None:
        async with self._store.write(CredentialQueries) as tx:
            await tx.taken(device_id, version)
