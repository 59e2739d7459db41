"""The audit keeps what was written: on both databases a row can be added, and nothing else."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.audit import AuditEntry
from server.store import tables
from server.store.audit import AuditQueries
from server.store.engine import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BOOKED = AuditEntry(at=NOON, actor="user:a", action="ticket.booked", subject="ticket:b", detail={"serial": 1})


def plain(connection: AsyncConnection) -> AsyncConnection:
    return connection


async def test_what_was_done_is_kept_as_it_was_said(store: Store) -> None:
    async with store.write(AuditQueries) as queries:
        await queries.audit(BOOKED)
    async with store.read(plain) as connection:
        row = (await connection.execute(sa.select(tables.audit))).one()
    assert (row.at, row.actor, row.action, row.subject, row.detail) == (
        NOON, "user:a", "ticket.booked", "ticket:b", {"serial": 1},
    )  # fmt: skip


@pytest.mark.parametrize("change", [sa.update(tables.audit).values(actor="user:c"), sa.delete(tables.audit)])
async def test_nothing_in_the_audit_is_changed_or_deleted(store: Store, change: sa.Update | sa.Delete) -> None:
    async with store.write(AuditQueries) as queries:
        await queries.audit(BOOKED)
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.write(plain) as connection:
            await connection.execute(change)
    async with store.read(plain) as connection:
        assert await connection.scalar(sa.select(tables.audit.c.actor)) == "user:a"
