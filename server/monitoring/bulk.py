"""Many devices at once from a list: looked through first, then added all or none, the same list again without harm."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from devices.topics import readings
from server.access.audit import AuditEntry
from server.monitoring.claiming import DAYS, Codes, new_code
from server.monitoring.credentials import CredentialChange, new_secret, secret_hash
from server.monitoring.device_csv import ListedDevice, Sheet, read_sheet, write_credentials
from server.monitoring.errors import ImportHasErrors
from server.monitoring.registry import Changed, NewDevice
from server.monitoring.views import ImportReport, RowError

SHOWN: Final = 200  # errors


@dataclass(frozen=True, slots=True)
class OnRecord:
    """``unheard``: in service, and never heard."""

    id: str
    key: str | None
    unheard: bool


@dataclass(frozen=True, slots=True)
class Claimable:
    """A new device with the hash of its claim code."""

    device: NewDevice
    claim_hash: bytes
    claim_until: datetime


class BulkLook(Protocol):
    async def on_record(self, ids: Sequence[str], keys: Sequence[str]) -> Sequence[OnRecord]:
        """Those of these ids (without case) or serial keys."""


class BulkTx(BulkLook, Protocol):
    async def add_devices(self, devices: Sequence[Claimable]) -> None: ...
    async def renew(self, devices: Sequence[Claimable]) -> Mapping[str, int]:
        """New credentials and codes of devices on record; their versions."""

    async def audit_all(self, entries: Sequence[AuditEntry]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Made:
    """A credential that is in hand this once."""

    listed: ListedDevice
    row: Claimable
    secret: str
    code: str


class Bulk:
    """``changed`` is called after the commit, once for all."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[BulkTx]],
        look: Callable[[], AbstractAsyncContextManager[BulkLook]],
        codes: Codes,
        changed: Changed,
    ) -> None:
        self._begin = begin
        self._look = look
        self._codes = codes
        self._changed = changed

    async def check(self, content: bytes) -> ImportReport:
        """What would happen; nothing does. Raises ``CsvRefused``."""
        sheet = read_sheet(content)
        async with self._look() as look:
            sorted_out = _sort_out(sheet, await _known(look, sheet))
        return sorted_out.report()

    async def add(self, actor: str, content: bytes, now: datetime, *, reissue: bool) -> bytes:
        """The credentials as CSV, this once. ``reissue``: new ones for those of the list that were never heard, whose
        first were lost. Raises ``CsvRefused``, ``ImportHasErrors``."""
        sheet = read_sheet(content)
        async with self._begin() as tx:
            found = _sort_out(sheet, await _known(tx, sheet))
            if found.errors:
                raise ImportHasErrors(len({error.row for error in found.errors}))
            new = [self._make(device, now) for device in found.new]
            again = [self._make(device, now) for device in found.existing if reissue and device.id in found.unheard]
            await tx.add_devices([one.row for one in new])
            versions = await tx.renew([one.row for one in again])
            await tx.audit_all([*_entries(actor, "device.added", new), *_entries(actor, "device.rotated", again)])
        in_hand = [(one.listed.id, one.secret) for one in [*new, *again]]
        await self._changed([CredentialChange(id_, versions.get(id_, 1), secret) for id_, secret in in_hand])
        left = [device for device in found.existing if device.number not in {one.listed.number for one in again}]
        made = [*self._rows(new, "added"), *self._rows(again, "reissued")]
        return write_credentials(made + [_left(device) for device in left])

    def _rows(self, made: Iterable[_Made], result: str) -> list[list[str]]:
        return [[*_printed(one.listed), result, one.secret, one.code, *self._addresses(one)] for one in made]

    def _addresses(self, one: _Made) -> list[str]:
        """The second is what a label printer makes its QR code of; a command may not know where its pages stand."""
        return [readings(one.listed.id), self._codes.url(one.code) if self._codes.public_url else ""]

    def _make(self, listed: ListedDevice, now: datetime) -> _Made:
        secret, code = new_secret(), new_code()
        device = NewDevice(listed.id, listed.label, secret_hash(secret), now, listed.plate)
        return _Made(listed, Claimable(device, self._codes.hash(code), now + timedelta(days=DAYS)), secret, code)


@dataclass(frozen=True, slots=True)
class _SortedOut:
    new: Sequence[ListedDevice]
    existing: Sequence[ListedDevice]  # under the ids that they have
    unheard: frozenset[str]
    errors: Sequence[RowError]

    def report(self) -> ImportReport:
        rows = len(self.new) + len(self.existing) + len({error.row for error in self.errors})
        shown = list(self.errors[:SHOWN])
        more, unheard = len(self.errors) - len(shown), sum(device.id in self.unheard for device in self.existing)
        return ImportReport(rows, len(self.new), len(self.existing), shown, more, unheard)


async def _known(look: BulkLook, sheet: Sheet) -> Sequence[OnRecord]:
    ids = [device.id.casefold() for device in sheet.devices]
    return await look.on_record(ids, [device.plate.key for device in sheet.devices if device.plate.key is not None])


def _sort_out(sheet: Sheet, known: Iterable[OnRecord]) -> _SortedOut:
    """A device is known by model and serial; its id may be another's."""
    records = list(known)
    by_key = {one.key: one for one in records if one.key is not None}
    ids = {one.id.casefold() for one in records}
    new, existing, errors = [], [], list(sheet.errors)
    for device in sheet.devices:
        record = by_key.get(device.plate.key or "")
        if record is not None:
            existing.append(ListedDevice(device.number, record.id, device.label, device.plate))
        elif device.id.casefold() in ids:
            errors.append(RowError(device.number, "id", "id_taken", f"{device.id} is another device's"))
        else:
            new.append(device)
    unheard = frozenset(one.id for one in records if one.unheard)
    return _SortedOut(new, existing, unheard, sorted(errors, key=lambda error: error.row))


def _entries(actor: str, action: str, made: Iterable[_Made]) -> list[AuditEntry]:
    return [AuditEntry(one.row.device.created_at, actor, action, f"device:{one.listed.id}") for one in made]


def _left(device: ListedDevice) -> list[str]:
    return [*_printed(device), "existing", "", "", readings(device.id), ""]


def _printed(device: ListedDevice) -> list[str]:
    plate = device.plate
    return [device.id, plate.maker or "", plate.model or "", plate.serial or "", device.label]
