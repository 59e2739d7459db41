"""Tickets as rows: what is made of them, and what else is known of the ticket of a query around it."""

from typing import Any

import sqlalchemy as sa

from server.clinic.ticket import Cause, Ticket, TicketState, Urgency
from server.clinic.views import DeviceTestView
from server.store.tables import consent_withdrawals, consents, device_tests, tickets, visits


def ticket_of(row: sa.Row[Any]) -> Ticket:
    return Ticket(
        id=row.id,
        serial=row.serial,
        place=row.place,
        state=TicketState(row.state),
        missed=row.missed,
        urgency=Urgency(row.urgency),
        cause=Cause(row.cause) if row.cause else None,
        late=row.late,
        planned_at=row.planned_at,
        arrived_at=row.arrived_at,
        called_at=row.called_at,
        called_by=row.called_by,
        came_from=row.came_from,
    )


def latest_visit_id() -> sa.ScalarSelect[Any]:
    """Of the ticket of the query around it."""
    latest = sa.select(visits.c.id).where(visits.c.ticket_id == tickets.c.id)
    return latest.order_by(*latest_first()).limit(1).correlate(tickets).scalar_subquery()


def latest_first() -> tuple[sa.ColumnElement[Any], ...]:
    """Of the visits of a ticket: the one that runs, whatever the clocks of others say, who came first and waited."""
    return visits.c.ended_at.is_(None).desc(), visits.c.called_at.desc()


def is_consented() -> sa.ColumnElement[bool]:
    """Of the ticket of the query around it."""
    return sa.select(consents.c.id).where(in_force(tickets.c.id)).correlate(tickets).exists()


def in_force(ticket_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Consents of this ticket that were given after the last time that they were withdrawn."""
    withdrawn = sa.select(sa.func.count()).select_from(consent_withdrawals)
    rounds = withdrawn.where(consent_withdrawals.c.ticket_id == consents.c.ticket_id).correlate(consents)
    return sa.and_(consents.c.ticket_id == ticket_id, consents.c.round == rounds.scalar_subquery())


def device_test_columns() -> list[sa.Label[Any]]:
    """Of the outer join of device_tests."""
    return [column.label(f"test_{column.name}") for column in device_tests.c]


def device_test_of(row: sa.Row[Any]) -> DeviceTestView | None:
    if row.test_tested_at is None:
        return None
    return DeviceTestView(
        camera=row.test_camera,
        microphone=row.test_microphone,
        speaker=row.test_speaker,
        rtt_ms=row.test_rtt_ms,
        kbps=row.test_kbps,
        kbps_up=row.test_kbps_up,
        tested_at=row.test_tested_at,
    )
