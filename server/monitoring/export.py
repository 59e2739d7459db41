"""A patient's single readings and waveforms as one file, FHIR R4 or CSV: written page by page, however many there are.

That it was asked for is on record before the first byte leaves.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.access.roles import Action
from server.monitoring import csv_lines, wave_export
from server.monitoring.errors import NotFound
from server.monitoring.fhir import Instrument, Person, Told, device_entry, observation_entries, patient_entry
from server.monitoring.history import check_span
from server.monitoring.wave_export import ToldBlock, block_entry

PAGE: Final = 500  # messages read at once
_END: Final = b"\n]}\n"


class Format(StrEnum):
    FHIR = "fhir"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Extract:
    """What was measured of a patient from ``start`` to before ``until``; ``waves``: the waveforms too."""

    patient_id: str
    format: Format
    start: datetime
    until: datetime
    waves: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a file is written: the message read last, by the time of its newest reading."""

    measured_at: datetime
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a page is told, and where the next one begins; ``place`` None: nowhere."""

    told: Sequence[Told]
    place: Place | None


class ExportTx(Protocol):
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class ReadingsLook(Protocol):
    async def person(self, patient_id: str) -> Person | None: ...
    async def instruments(self, patient_id: str) -> Sequence[Instrument]:
        """All that the patient ever wore."""
        ...

    async def stretch(self, extract: Extract, after: Place, limit: int) -> Stretch: ...


class ExportLook(ReadingsLook, wave_export.RecordedLook, Protocol):
    """Readings and waveforms."""


class Export:
    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ExportTx]],
        look: Callable[[], AbstractAsyncContextManager[ExportLook]],
    ) -> None:
        self._begin = begin
        self._look = look

    async def of(self, who: Principal, extract: Extract, now: datetime) -> AsyncIterator[bytes]:
        """For a doctor who sees the patient. Raises ``NotFound``, ``RangeRefused``."""
        check_span(extract.start, extract.until)
        async with self._begin() as tx:
            if not (who.may(Action.READINGS_EXPORT) and await tx.sees(who.id, extract.patient_id)):
                raise NotFound
            await tx.audit(_entry(who.actor, extract, now))
        return self._chunks(extract, await self._person(extract), now)

    async def by_command(self, actor: str, extract: Extract, now: datetime) -> AsyncIterator[bytes]:
        """For who has the machine. Raises ``NotFound``, ``RangeRefused``."""
        check_span(extract.start, extract.until)
        person = await self._person(extract)
        async with self._begin() as tx:
            await tx.audit(_entry(actor, extract, now))
        return self._chunks(extract, person, now)

    async def _person(self, extract: Extract) -> Person:
        async with self._look() as look:
            person = await look.person(extract.patient_id)
        if person is None:
            raise NotFound
        return person

    def _chunks(self, extract: Extract, person: Person, now: datetime) -> AsyncIterator[bytes]:
        return self._bundle(extract, person, now) if extract.format is Format.FHIR else self._table(extract)

    async def _bundle(self, extract: Extract, person: Person, now: datetime) -> AsyncIterator[bytes]:
        async with self._look() as look:
            instruments = await look.instruments(extract.patient_id)
        told = now.isoformat(timespec="milliseconds")
        yield f'{{"resourceType":"Bundle","type":"collection","timestamp":"{told}","entry":[\n'.encode()
        yield b",\n".join(map(msgspec.json.encode, [patient_entry(person), *map(device_entry, instruments)]))
        async for page in self._pages(extract):
            entries = [entry for told in page for entry in observation_entries(told, extract.patient_id)]
            yield b"".join(b",\n" + msgspec.json.encode(entry) for entry in entries)
        async for blocks in self._waves(extract):
            for block in blocks:
                yield b",\n" + msgspec.json.encode(block_entry(block, extract.patient_id))
        yield _END

    async def _table(self, extract: Extract) -> AsyncIterator[bytes]:
        yield csv_lines.head()
        async for page in self._pages(extract):
            yield csv_lines.lines(page)
        async for blocks in self._waves(extract):
            for block in blocks:
                yield csv_lines.wave_lines([block])

    async def _waves(self, extract: Extract) -> AsyncIterator[Sequence[ToldBlock]]:
        if extract.waves:
            async for page in wave_export.pages(self._look, extract.patient_id, extract.start, extract.until):
                yield page

    async def _pages(self, extract: Extract) -> AsyncIterator[Sequence[Told]]:
        """Each a snapshot of its own: a slow reader holds no transaction open."""
        place: Place | None = Place(extract.start)
        while place is not None:
            async with self._look() as look:
                stretch = await look.stretch(extract, place, PAGE)
            if stretch.told:
                yield stretch.told
            place = stretch.place


def _entry(actor: str, extract: Extract, now: datetime) -> AuditEntry:
    detail: dict[str, str | bool] = {
        "format": extract.format,
        "waves": extract.waves,
        "from": extract.start.isoformat(),
        "until": extract.until.isoformat(),
    }
    return AuditEntry(now, actor, "readings.exported", f"patient:{extract.patient_id}", detail)
