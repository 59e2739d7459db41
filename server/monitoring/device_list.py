"""Devices as staff read them: a page of the list, one with its connection and its history, the two live topics."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from server.access.principal import Principal
from server.access.roles import Action, Role
from server.monitoring.device_state import IN_SERVICE, DeviceState
from server.monitoring.errors import NotFound
from server.monitoring.registry import DeviceRow, device_view
from server.monitoring.sightings import Connection, Sightings
from server.monitoring.views import (
    CertificateView,
    Connectivity,
    DeviceDetail,
    DevicesPage,
    DeviceView,
    NamedPatient,
    StepView,
)
from server.patients.known import name_key

LOW_PERCENT: Final = 20.0
QUIET_AFTER: Final = timedelta(days=1)  # a scale or a cuff is used once or twice a day; of others the alarms tell


class Attention(StrEnum):
    """What somebody has to see to, of a device in service."""

    QUIET = "quiet"  # worn, and not heard for a day
    BATTERY = "battery"
    REFUSED = "refused"  # it, or something in its newest message


@dataclass(frozen=True, slots=True)
class Names:
    """Patients whose name is like this, of those whom this doctor sees; None: of all."""

    key: str
    seen_by: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which devices: ``after`` is the id of the last one seen; ``names``: worn by one of these will do as well;
    ``quiet_since``: a device not heard since then is quiet."""

    search: str = ""
    state: DeviceState | None = None
    worn: bool | None = None
    after: str = ""
    limit: int = 50
    attention: Attention | None = None
    names: Names | None = None
    quiet_since: datetime | None = None


class ListLook(Protocol):
    async def devices(self, wanted: Wanted) -> Sequence[DeviceRow]:
        """By id, one more than ``limit`` where there are more."""

    async def count_devices(self, wanted: Wanted) -> Mapping[DeviceState, int]:
        """Of all that match, whatever ``after`` and ``limit`` say."""

    async def registry_revision(self) -> int:
        """Another after every change of a credential."""

    async def patients_seen_by(self, doctor_id: str) -> frozenset[str]: ...


class DeviceLook(ListLook, Protocol):
    async def device(self, device_id: str) -> DeviceRow | None: ...
    async def certificates(self, device_id: str) -> Sequence[CertificateView]: ...
    async def device_history(self, device_id: str) -> Sequence[StepView]: ...


class DeviceReader:
    """``outside_broker``: it does not say who comes and goes. ``tells_accounts``: it keeps accounts of its own that the
    registry drives, and may be behind."""

    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[DeviceLook]],
        sightings: Sightings,
        *,
        outside_broker: bool = False,
        tells_accounts: bool = False,
    ) -> None:
        self._look = look
        self._sightings = sightings
        self._outside_broker = outside_broker
        self._tells_accounts = tells_accounts

    async def page(self, who: Principal, wanted: Wanted) -> DevicesPage:
        """A search finds who wears a device, too, where the asker may know it."""
        wanted = replace(wanted, names=_names(who, wanted.search))
        async with self._look() as look:
            rows = await look.devices(wanted)
            counts = await look.count_devices(wanted)
            seen = await look.patients_seen_by(who.id)
        shown = [self._view(row, named=may_name(who, row.patient, seen)) for row in rows[: wanted.limit]]
        following = shown[-1].id if len(rows) > wanted.limit else None
        return DevicesPage(shown, following, sum(counts.values()))

    async def detail(self, who: Principal, device_id: str) -> DeviceDetail:
        """Raises ``NotFound``."""
        async with self._look() as look:
            row = await look.device(device_id)
            if row is None:
                raise NotFound
            seen = await look.patients_seen_by(who.id)
            history = await look.device_history(device_id)
            certificates = await look.certificates(device_id)
        view = self._view(row, named=may_name(who, row.patient, seen))
        return DeviceDetail(view, self._connectivity(row), list(history), list(certificates))

    async def knows(self, device_id: str) -> bool:
        async with self._look() as look:
            return await look.device(device_id) is not None

    async def topic(self, device_id: str) -> Mapping[str, object]:
        """Of ``device:{id}``, or of ``devices``."""
        return await (self._device_topic(device_id) if device_id else self._devices_topic())

    async def _device_topic(self, device_id: str) -> Mapping[str, object]:
        """The same for all who watch, so that nobody is named."""
        async with self._look() as look:
            row = await look.device(device_id)
        if row is None:
            return {}
        return {
            "device": msgspec.to_builtins(self._view(row, named=False)),
            "connectivity": msgspec.to_builtins(self._connectivity(row)),
        }

    async def _devices_topic(self) -> Mapping[str, object]:
        async with self._look() as look:
            counts = await look.count_devices(Wanted())
            revision = await look.registry_revision()
        states = {state.value: counts.get(state, 0) for state in DeviceState}
        return {"total": sum(states.values()), "states": states, "revision": revision}

    def _view(self, row: DeviceRow, *, named: bool) -> DeviceView:
        connection = self._connection(row).state
        pending = self._tells_accounts and row.broker_version < row.credential_version
        return msgspec.structs.replace(device_view(row, named=named, connection=connection), credential_pending=pending)

    def _connectivity(self, row: DeviceRow) -> Connectivity:
        connection = self._connection(row)
        return Connectivity(
            state=connection.state,
            since=connection.since,
            first_message_at=row.first_received_at or row.last_received_at,
            last_message_at=row.last_received_at,
            last_refusal=row.last_refusal,
        )

    def _connection(self, row: DeviceRow) -> Connection:
        """A live session; else what was last: a refusal, a message, or nothing."""
        seen = self._sightings.connection(row.id)
        if seen is not None and seen.state == "connected" and row.state in IN_SERVICE:
            return seen
        gone = max(filter(None, (seen.since if seen else None, row.last_received_at)), default=None)
        refused = row.last_refusal
        if refused is not None and (gone is None or refused.at > gone):
            return Connection("refused", refused.at)
        if self._outside_broker and seen is None:
            return Connection("unknown", None)
        return Connection("never", None) if gone is None else Connection("disconnected", gone)


def _names(who: Principal, search: str) -> Names | None:
    """As ``may_name`` has it, for all devices at once."""
    key = name_key(search)
    if not key or not who.may(Action.PATIENT_READ):
        return None
    return Names(key, None if who.role is Role.OPERATOR else who.id)


def may_name(principal: Principal, patient: NamedPatient | None, seen: frozenset[str]) -> bool:
    if patient is None or not principal.may(Action.PATIENT_READ):
        return False
    return principal.role is Role.OPERATOR or patient.id in seen
