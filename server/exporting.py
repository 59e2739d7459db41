"""What the command line does with a patient's readings: ``bedside export``. It returns what is printed."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from server.access.audit import SYSTEM
from server.monitoring.export import Export, Extract, Format
from server.monitoring.history import LONGEST
from server.settings import Settings
from server.store.engine import open_store
from server.store.export import ExportQueries


class ExportRefused(Exception):
    """The file cannot be written as asked; the sentence says why."""


REFUSALS = (ExportRefused,)


@dataclass(frozen=True, slots=True)
class ExportWish:
    """Days of the hospital, from ``since`` to before ``until``: as typed, None where nothing was."""

    patient_id: str
    format: str
    since: str | None
    until: str | None
    file: Path
    waves: bool = True


async def export(settings: Settings, wish: ExportWish) -> str:
    """Raises ``ExportRefused``, ``NotFound``, ``RangeRefused``."""
    now = datetime.now(UTC)
    extract = _extract(wish, now.astimezone(ZoneInfo(settings.hospital.time_zone)))
    store = await open_store(settings.data.database_url)
    try:
        exporting = Export(partial(store.write, ExportQueries), partial(store.read, ExportQueries))
        size = await _write(wish.file, await exporting.by_command(SYSTEM, extract, now))
    finally:
        await store.close()
    return f"{size} bytes in {wish.file}. It holds findings: keep it like the database."


def _extract(wish: ExportWish, now: datetime) -> Extract:
    try:
        until = _day(wish.until, now) if wish.until else now
        since = _day(wish.since, now) if wish.since else until - LONGEST
        return Extract(wish.patient_id, Format(wish.format), since, until, wish.waves)
    except ValueError as wrong:
        raise ExportRefused(f"fhir or csv, and days such as 2026-11-21: {wrong}") from wrong


def _day(told: str, now: datetime) -> datetime:
    return datetime.combine(date.fromisoformat(told), time(), now.tzinfo)


async def _write(file: Path, chunks: AsyncIterator[bytes]) -> int:
    """Readable by its owner alone; a file that is there is not replaced, and half a one does not stay."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        try:
            return sum([target.write(chunk) async for chunk in chunks])
        except BaseException:
            file.unlink()  # noqa: ASYNC240 – a command has nothing else to do
            raise
