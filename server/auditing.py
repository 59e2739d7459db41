"""What the command line does with the audit: ``bedside audit verify`` and ``heads``. Each returns what is printed."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

from server.access.chain import BadHead, Head
from server.access.heads import HEADS, heads_in
from server.access.inspection import Report, inspect
from server.keys import AUDIT_KEY
from server.settings import Settings
from server.store.chain import ChainLookQueries, SealLookQueries
from server.store.engine import Store, open_store, sqlite_path


class AuditError(Exception):
    """The audit cannot be verified, or is not whole; the sentence says why."""


REFUSALS = (AuditError, BadHead)


async def verify(settings: Settings, files: Iterable[Path]) -> str:
    """``files`` hold heads that were kept elsewhere. Raises AuditError that names what does not fit."""
    heads = chain.from_iterable(heads_in(path) for path in (settings.data.directory / HEADS, *_existing(files)))
    key = _key(settings.data.directory)
    async with _store(settings) as store:
        report = await inspect(partial(store.read, ChainLookQueries), key, heads)
    if report.found:
        raise AuditError(_accusation(report))
    return _testimony(report)


async def heads(settings: Settings) -> str:
    """Every head that was handed out, and the one of this moment, in the form that ``verify --heads`` reads."""
    kept = list(heads_in(settings.data.directory / HEADS))
    async with _store(settings) as store, store.read(SealLookQueries) as look:
        tip = await look.tip()
    if tip and tip.number and (not kept or kept[-1].number != tip.number):
        kept.append(Head(datetime.now(UTC), tip.number, tip.mac))
    return "\n".join(head.line for head in kept)


def _existing(files: Iterable[Path]) -> Iterable[Path]:
    for path in files:
        if not path.exists():
            raise AuditError(f"{path}: no such file")
        yield path


def _key(directory: Path) -> bytes:
    """Only read: a key made now would fit no chain."""
    path = directory / AUDIT_KEY
    if not path.exists():
        raise AuditError(f"{path} is missing: without the key that the audit was sealed with, nothing can be told")
    return path.read_bytes()


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[Store]:
    path = sqlite_path(settings.data.database_url)
    if path is not None and not path.exists():
        raise AuditError(f"there is no database at {path}")
    store = await open_store(settings.data.database_url)
    try:
        yield store
    finally:
        await store.close()


def _testimony(report: Report) -> str:
    end = f", seal {report.tip.number} of {report.tip.sealed_at:%Y-%m-%d %H:%M:%S} UTC" if report.tip else ""
    lines = [f"The audit is whole: {report.sealed} rows sealed{end}; {report.heads} heads agree."]
    if report.waiting:
        lines.append(f"{report.waiting} rows are not sealed yet: a running server does it within seconds.")
    if report.late:
        lines.append(
            f"{report.late} rows, row {report.last_late} the last, say that they are more than an hour older than "
            "their seal: written while no server ran, or dated back."
        )
    return "\n".join(lines)


def _accusation(report: Report) -> str:
    named = [finding.sentence for finding in report.findings]
    if more := report.found - len(named):
        named.append(f"… and {more} more")
    return "\n".join([f"The audit is NOT whole ({report.found} found):", *named])
