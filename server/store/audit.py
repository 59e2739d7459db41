"""The audit's one write, for every feature's transaction to mix in. Rows are never changed: triggers refuse it."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.audit import AuditEntry
from server.store import tables


class AuditQueries:
    """Mixed into a query class, so that what was done and the record of it are one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def audit(self, entry: AuditEntry) -> None:
        await self._connection.execute(sa.insert(tables.audit), audit_row(entry))


def audit_row(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": dict(entry.detail),
    }
