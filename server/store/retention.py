"""Queries of server.visits.retention. What hangs on a ticket or a patient is read from the tables' own references, so
that a table which is added is not forgotten here."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.alarms import AlarmState
from server.clinic.ticket import OVER
from server.store.append_only import close_tables, open_tables
from server.store.audit import AuditQueries
from server.store.tables import (
    alarms,
    associations,
    deliveries,
    device_gaps,
    device_tests,
    interventions,
    join_links,
    link_recoveries,
    messages,
    metadata,
    patients,
    predictions,
    push_subscriptions,
    quarantine,
    receipts,
    sessions,
    sign_ins,
    tickets,
    transitions,
    visits,
    waiting_list,
)
from server.store.wave_retention import delete_of_patients
from server.visits.retention import Ended, Holding, Page

Ids = Collection[str]

PROCESS: Final = (device_tests, predictions, interventions, join_links, sign_ins)
"""What of a ticket tells how it came about, beside the texts; all else that refers to it is its record."""

LOOSE: Final = (
    (deliveries, deliveries.c.id, deliveries.c.created_at),
    (waiting_list, waiting_list.c.id, waiting_list.c.listed_at),
    (quarantine, quarantine.c.id, quarantine.c.received_at),
    (link_recoveries, link_recoveries.c.id, link_recoveries.c.asked_at),
    (messages, messages.c.id, messages.c.received_at),
    (device_gaps, device_gaps.c.id, device_gaps.c.at),
)
"""Of these, texts of a ticket go with it, and messages that somebody wore the device for with their patient."""
_OF_A_TICKET: Final = ("ticket:", "visit:", "link:")  # a text that goes with its ticket


class RetentionQueries(AuditQueries):
    """RetentionLook and RetentionTx."""

    async def count(self, holding: Holding, before: datetime) -> int:
        counted = sa.select(sa.func.count()).select_from(_ended(holding, before).subquery())
        return await self._connection.scalar(counted) or 0

    async def ended(self, page: Page) -> Sequence[Ended]:
        found = _ended(page.holding, page.before).subquery()
        query = sa.select(found).where(found.c.id > page.after_id).order_by(found.c.id).limit(page.limit)
        return [Ended(row.id, row.ended_at) for row in await self._connection.execute(query)]

    async def ticket(self, ticket_id: str) -> Ended | None:
        query = sa.select(tickets.c.id, ticket_ended().label("ended_at")).where(tickets.c.id == ticket_id)
        row = (await self._connection.execute(query)).one_or_none()
        return Ended(row.id, row.ended_at) if row else None

    async def delete(self, holding: Holding, ids: Sequence[str]) -> int:
        await open_tables(self._connection)
        rows = await _DELETE[holding](self._connection, ids)
        await close_tables(self._connection)
        return rows


def _ended(holding: Holding, before: datetime) -> sa.Select[Any]:
    """``id`` and ``ended_at`` of those of whom there is something, ended before that moment."""
    match holding:
        case Holding.LOOSE:
            return _loose(before)
        case Holding.PATIENT:
            ended, root = _patient_ended(), patients
            there: sa.ColumnElement[bool] = ~_exists(tickets, patients)
        case Holding.RECORD:
            ended, root, there = ticket_ended(), tickets, sa.true()
        case Holding.PROCESS:
            ended, root = ticket_ended(), tickets
            texts = sa.select(deliveries.c.id).where(_texts_of(tickets.c.id)).correlate(tickets).exists()
            there = sa.or_(texts, *(_exists(table, tickets) for table in PROCESS))
    return sa.select(root.c.id, ended.label("ended_at")).where(there, ended < before)


def ticket_ended() -> sa.ColumnElement[Any]:
    """The later one of session and visit; NULL while the ticket stands or the visit runs."""
    visit = sa.select(sa.func.max(visits.c.ended_at)).where(visits.c.ticket_id == tickets.c.id).correlate(tickets)
    closed = sa.select(sessions.c.closes_at).where(sessions.c.id == tickets.c.session_id).correlate(tickets)
    runs = _exists(visits, tickets, visits.c.ended_at.is_(None))
    last = _latest(closed.scalar_subquery(), visit.scalar_subquery())
    return sa.case((tickets.c.state.in_(OVER) & ~runs, last), else_=sa.null())


def _patient_ended() -> sa.ColumnElement[Any]:
    """The last that was heard of the patient; NULL while a device is worn or an alarm open."""
    moments = (
        (messages.c.received_at, messages),
        (associations.c.until_at, associations),
        (alarms.c.resolved_at, alarms),
        (waiting_list.c.listed_at, waiting_list),
    )
    newest = [
        sa.select(sa.func.max(moment)).where(table.c.patient_id == patients.c.id).correlate(patients).scalar_subquery()
        for moment, table in moments
    ]
    worn = _exists(associations, patients, associations.c.until_at.is_(None))
    asked = _exists(alarms, patients, alarms.c.state != AlarmState.RESOLVED)
    return sa.case((~worn & ~asked, _latest(patients.c.created_at, *newest)), else_=sa.null())


def _loose(before: datetime) -> sa.Select[Any]:
    nobodys = {
        deliveries: ~sa.or_(*(deliveries.c.cause.startswith(kind) for kind in _OF_A_TICKET)),
        messages: messages.c.patient_id.is_(None) & ~_stands_on(alarms) & ~_stands_on(transitions),
    }
    rows = [
        sa.select(key.label("id"), moment.label("ended_at")).where(moment < before, nobodys.get(table, sa.true()))
        for table, key, moment in LOOSE
    ]
    return sa.select(sa.union_all(*rows).subquery())


def _stands_on(table: sa.Table) -> sa.ColumnElement[bool]:
    """An alarm, or a step of one, names the message as its proof."""
    return sa.select(table.c.id).where(table.c.message_id == messages.c.id).correlate(messages).exists()


def _latest(first: sa.ColumnElement[Any], *others: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Of those that are there. ``first`` always is."""
    latest = first
    for other in others:
        latest = sa.case((other > latest, other), else_=latest)
    return latest


def _exists(table: sa.Table, root: sa.Table, *which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    refers = next(key for key in table.foreign_keys if key.column.table is root)
    return sa.select(sa.literal(1)).where(refers.parent == root.c.id, *which).correlate(root).exists()


# Deleting.


async def _delete_process(connection: AsyncConnection, ids: Ids) -> int:
    rows, below = await _delete_texts(connection, ids), set().union(*map(_below, PROCESS))
    return rows + sum([await _delete_under(connection, table, tickets, ids) for table in _last_first(below)])


async def _delete_record(connection: AsyncConnection, ids: Ids) -> int:
    rows = await _delete_texts(connection, ids)
    return rows + await _delete_tree(connection, tickets, ids)


async def _delete_patient(connection: AsyncConnection, ids: Ids) -> int:
    named = [f"patient:{patient_id}" for patient_id in ids]
    for table in (deliveries, push_subscriptions):
        await connection.execute(sa.delete(table).where(table.c.recipient.in_(named)))
    await delete_of_patients(connection, list(ids))
    return await _delete_tree(connection, patients, ids)


async def _delete_loose(connection: AsyncConnection, ids: Ids) -> int:
    await _delete_receipts(connection, deliveries.c.id.in_(ids))
    gone = [await connection.execute(sa.delete(table).where(key.in_(ids))) for table, key, _ in LOOSE]
    return sum(each.rowcount for each in gone)


_DELETE: Final[dict[Holding, Callable[[AsyncConnection, Ids], Awaitable[int]]]] = {
    Holding.PROCESS: _delete_process,
    Holding.LOOSE: _delete_loose,
    Holding.RECORD: _delete_record,
    Holding.PATIENT: _delete_patient,
}


async def _delete_tree(connection: AsyncConnection, root: sa.Table, ids: Ids) -> int:
    """These rows and all that refer to them, the last ones first."""
    return sum([await _delete_under(connection, table, root, ids) for table in _last_first(_below(root))])


async def _delete_under(connection: AsyncConnection, table: sa.Table, root: sa.Table, ids: Ids) -> int:
    return (await connection.execute(sa.delete(table).where(_under(table, root, ids)))).rowcount


def _last_first(chosen: Collection[sa.Table]) -> list[sa.Table]:
    """What refers before what is referred to."""
    return [table for table in reversed(metadata.sorted_tables) if table in chosen]


def _below(root: sa.Table) -> set[sa.Table]:
    """``root`` and every table that refers to it, directly or by another."""
    below = {root}
    for table in metadata.sorted_tables:  # what is referred to comes before what refers
        if any(key.column.table in below for key in table.foreign_keys):
            below.add(table)
    return below


def _under(table: sa.Table, root: sa.Table, ids: Ids) -> sa.ColumnElement[bool]:
    """The rows of ``table`` that are these, or refer to one of them, directly or by another."""
    if table is root:
        return root.c.id.in_(ids)
    above = _below(root)
    refers = [key for key in table.foreign_keys if key.column.table in above]
    return sa.or_(*(key.parent.in_(sa.select(key.column).where(_under(key.column.table, root, ids))) for key in refers))


def _texts_of(ticket_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """What was written to the patient about this ticket."""
    own = deliveries.c.cause.startswith(sa.literal("ticket:") + ticket_id)
    linked = sa.select(join_links.c.id).where(join_links.c.ticket_id == ticket_id)
    called = sa.select(visits.c.id).where(
        visits.c.ticket_id == ticket_id, deliveries.c.cause.startswith(sa.literal("visit:") + visits.c.id)
    )
    return sa.or_(own, deliveries.c.link_id.in_(linked), called.correlate(deliveries, tickets).exists())


async def _delete_texts(connection: AsyncConnection, ids: Ids) -> int:
    rows = 0
    for ticket_id in ids:
        which = _texts_of(sa.literal(ticket_id))
        await _delete_receipts(connection, which)
        rows += (await connection.execute(sa.delete(deliveries).where(which))).rowcount
    return rows


async def _delete_receipts(connection: AsyncConnection, which: sa.ColumnElement[bool]) -> None:
    answered = sa.select(deliveries.c.provider_id).where(which, deliveries.c.provider_id.is_not(None))
    await connection.execute(sa.delete(receipts).where(receipts.c.provider_id.in_(answered)))
