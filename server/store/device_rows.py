"""Reading the devices' registry: one device, a page of them, how many, what became of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.monitoring.device_list import LOW_PERCENT, Attention, Names, Wanted
from server.monitoring.device_state import DeviceState, state_of
from server.monitoring.plate import Plate
from server.monitoring.registry import DeviceRow
from server.monitoring.views import Battery, CertificateView, LastRefusal, NamedPatient, StepView
from server.store.alarms import CareQueries, seen_by
from server.store.tables import associations, audit, device_certificates, devices, patients, users

STEPS_SHOWN = 50


class DeviceRowQueries(CareQueries):
    """One device, and a page of them."""

    async def device(self, device_id: str) -> DeviceRow | None:
        row = (await self._connection.execute(_devices().where(devices.c.id == device_id))).one_or_none()
        return device_row(row) if row else None

    async def devices(self, wanted: Wanted) -> Sequence[DeviceRow]:
        page = _devices().where(_matches(wanted), devices.c.id > wanted.after)
        rows = await self._connection.execute(page.order_by(devices.c.id).limit(wanted.limit + 1))
        return [device_row(row) for row in rows]

    async def count_devices(self, wanted: Wanted) -> Mapping[DeviceState, int]:
        heard = devices.c.last_received_at.is_not(None)
        counted = _with_wearers(sa.select(devices.c.ended_as, heard, sa.func.count()))
        rows = await self._connection.execute(counted.where(_matches(wanted)).group_by(devices.c.ended_as, heard))
        counts: dict[DeviceState, int] = {}
        for ended_as, was_heard, number in rows:
            state = state_of(ended_as, heard=bool(was_heard))
            counts[state] = counts.get(state, 0) + number
        return counts

    async def registry_revision(self) -> int:
        return await self._connection.scalar(sa.select(sa.func.sum(devices.c.credential_version))) or 0

    async def certificates(self, device_id: str) -> Sequence[CertificateView]:
        own = counting_certificates().where(device_certificates.c.device_id == device_id)
        rows = await self._connection.execute(own.order_by(device_certificates.c.bound_at))
        return [CertificateView(bytes(row.fingerprint).hex(), row.expires_at, row.bound_at) for row in rows]

    async def device_history(self, device_id: str) -> Sequence[StepView]:
        steps = (
            sa.select(audit.c.at, audit.c.action, audit.c.actor, users.c.name)
            .outerjoin(users, sa.literal("user:") + users.c.id == audit.c.actor)
            .where(audit.c.subject == f"device:{device_id}")
            .order_by(audit.c.id.desc())
            .limit(STEPS_SHOWN)
        )
        rows = await self._connection.execute(steps)
        return [StepView(row.at, row.action, row.name or row.actor.partition(":")[0]) for row in rows]


def counting_certificates() -> sa.Select[Any]:
    """Neither ended nor older than the credential of their device."""
    beside = (devices.c.id == device_certificates.c.device_id) & (
        devices.c.credential_version == device_certificates.c.credential_version
    )
    return sa.select(device_certificates).join(devices, beside).where(device_certificates.c.ended_at.is_(None))


def device_row(row: sa.Row[Any]) -> DeviceRow:
    """Of a row of ``devices`` with its wearer beside it."""
    refused = row.refused_at and LastRefusal(row.refused_reason or "", row.refused_detail or "", row.refused_at)
    return DeviceRow(
        id=row.id,
        label=row.label,
        plate=Plate(row.maker, row.model, row.serial),
        created_at=row.created_at,
        ended_as=row.ended_as,
        replaced_by=row.replaced_by,
        credential_version=row.credential_version,
        broker_version=row.broker_version,
        revoked_at=row.revoked_at,
        first_received_at=row.first_received_at,
        last_received_at=row.last_received_at,
        battery=None if row.battery_percent is None else Battery(row.battery_percent, row.battery_at),
        firmware=row.firmware,
        clock_offset_ms=row.clock_offset_ms,
        last_refusal=refused or None,
        claim_until=row.claim_until,
        patient=NamedPatient(row.patient_id, row.name) if row.patient_id else None,
        profile=row.profile,
    )


def _worn() -> sa.ColumnElement[bool]:
    return (associations.c.device_id == devices.c.id) & associations.c.until_at.is_(None)


def _devices() -> sa.Select[Any]:
    return _with_wearers(sa.select(devices, associations.c.profile, patients.c.id.label("patient_id"), patients.c.name))


def _with_wearers(query: sa.Select[Any]) -> sa.Select[Any]:
    joined = query.select_from(devices).outerjoin(associations, _worn())
    return joined.outerjoin(patients, patients.c.id == associations.c.patient_id)


def _matches(wanted: Wanted) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = sa.true()
    if wanted.search:
        columns = (devices.c.id, devices.c.label, devices.c.maker, devices.c.model, devices.c.serial)
        printed = (column.icontains(wanted.search, autoescape=True) for column in columns)
        found &= sa.or_(*printed, *([_worn_by(wanted.names)] if wanted.names else []))
    if wanted.attention is not None:
        found &= devices.c.ended_as.is_(None) & _needs(wanted.attention, wanted.quiet_since)
    if wanted.state is not None:
        found &= _in_state(wanted.state)
    if wanted.worn is not None:
        found &= associations.c.id.is_not(None) if wanted.worn else associations.c.id.is_(None)
    return found


def _worn_by(names: Names) -> sa.ColumnElement[bool]:
    alike = patients.c.name_key.contains(names.key, autoescape=True)
    return alike if names.seen_by is None else alike & patients.c.id.in_(seen_by(names.seen_by))


def _needs(attention: Attention, quiet_since: datetime | None) -> sa.ColumnElement[bool]:
    heard = devices.c.last_received_at
    match attention:
        case Attention.BATTERY:
            return devices.c.battery_percent <= LOW_PERCENT
        case Attention.REFUSED:
            return devices.c.refused_at.is_not(None) & (heard.is_(None) | (devices.c.refused_at >= heard))
        case Attention.QUIET:
            return associations.c.id.is_not(None) & (heard.is_(None) | (heard < quiet_since))


def _in_state(state: DeviceState) -> sa.ColumnElement[bool]:
    if state not in {DeviceState.NEW, DeviceState.ACTIVE}:
        return devices.c.ended_as == state
    heard = devices.c.last_received_at
    return devices.c.ended_as.is_(None) & (heard.is_(None) if state is DeviceState.NEW else heard.is_not(None))
