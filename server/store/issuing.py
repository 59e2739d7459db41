"""Bookings in SQL: what a group of them writes, table by table, each in one statement."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from server.clinic.booking import Booking, Issued
from server.patients.known import name_key
from server.patients.patient import Patient
from server.store.access import TicketAccessQueries, link_row
from server.store.audit import AuditQueries, audit_row
from server.store.notifications import DeliveryQueries
from server.store.recognition import RecognitionQueries
from server.store.tables import audit, join_links, patients, sessions, tickets

_RAISE = sa.update(sessions).where(sessions.c.id == sa.bindparam("session")).values(last_serial=sa.bindparam("last"))


class IssuingQueries(AuditQueries, DeliveryQueries, TicketAccessQueries, RecognitionQueries):
    """server.clinic.booking.BookingTx, but for the locks; mixed in."""

    async def add_bookings(self, issued: Sequence[Issued]) -> None:
        if not issued:
            return
        execute = self._connection.execute
        newcomers = [each for each in issued if not each.who.known]
        if newcomers:
            rows = [_patient_row(each.who.patient, each.entry.at, each.who.by) for each in newcomers]
            await execute(sa.insert(patients), rows)
        await self.change_contacts(issued)
        await execute(sa.insert(tickets), [ticket_row(each.booking) for each in issued])
        await execute(sa.insert(join_links), [link_row(each.link) for each in issued])
        await self.add_fresh([each.letter for each in issued])
        await execute(sa.insert(audit), [audit_row(each.entry) for each in issued])
        last = {each.session.id: each.session.last_serial for each in issued}  # in the order of issue: the last stays
        await execute(_RAISE, [{"session": session_id, "last": serial} for session_id, serial in last.items()])

    async def add_patient(self, patient: Patient, at: datetime, by: str) -> None:
        await self._connection.execute(sa.insert(patients), _patient_row(patient, at, by))


def ticket_row(booking: Booking) -> dict[str, object]:
    ticket = {name: getattr(booking.ticket, name) for name in booking.ticket.__slots__}
    of = {"session_id": booking.session_id, "patient_id": booking.patient_id}
    by = {"booked_at": booking.booked_at, "booked_by": booking.booked_by}
    return {**ticket, "kind": booking.wish.kind, "guardian": booking.wish.guardian, **of, **by}


def _patient_row(patient: Patient, at: datetime, by: str) -> dict[str, object]:
    said = {name: getattr(patient, name) for name in patient.__slots__}
    return {**said, "name_key": name_key(patient.name), "created_at": at, "created_by": by}
