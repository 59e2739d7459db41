"""Queries of server.clinic.recognition: who may be meant, and how a known patient is reached from now on."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.booking import Issued
from server.clinic.recognition import MOST_SHOWN
from server.clinic.ticket import OVER
from server.ids import new_id
from server.patients.known import Acquaintance, name_key
from server.patients.patient import Patient
from server.store.places import patient_of
from server.store.tables import former_contacts, patients, tickets, visits

MOST_READ: Final = 1000  # a commit; the oldest records first, so that a flood of namesakes hides nobody
ADDING: Final = 7_310_921  # class of the advisory locks, one a day of birth

_NOW_BY: Final[dict[str, Any]] = {
    "phone": sa.bindparam("to"),
    "locale": sa.bindparam("in"),
    "email": sa.bindparam("mail"),
}
_REACH = sa.update(patients).where(patients.c.id == sa.bindparam("whose")).values(_NOW_BY)


class RecognitionQueries:
    """Mixed in where patients are booked."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def alike(self, asked: Sequence[Patient]) -> Sequence[Patient]:
        await self._lock_days(asked)
        rows = await self._connection.execute(found_alike(asked))
        return [patient_of(row) for row in rows]

    async def acquaintances(self, session_id: str, patient_ids: Sequence[str]) -> Sequence[Acquaintance]:
        rows = await self._connection.execute(_acquaintances(session_id, patient_ids))
        return [Acquaintance(patient_of(row), row.last_visit, row.serial) for row in rows]

    async def change_contacts(self, issued: Sequence[Issued]) -> None:
        changed = [(each, each.who.was) for each in issued if each.who.was is not None]
        if not changed:
            return
        await self._connection.execute(sa.insert(former_contacts), [_former(*each) for each in changed])
        now = [each.who.patient for each, _was in changed]
        reached = [{"whose": each.id, "to": each.phone, "in": each.locale, "mail": each.email} for each in now]
        await self._connection.execute(_REACH, reached)

    async def _lock_days(self, asked: Iterable[Patient]) -> None:
        """Two transactions that would add the same person are one after the other. SQLite has one writer anyway.

        In the order of the days, after the sessions' rows: who waits here holds nothing that the holder waits for.
        """
        if self._connection.dialect.name != "postgresql":
            return
        days = sa.literal(sorted({each.birth_date.toordinal() for each in asked}), postgresql.ARRAY(sa.Integer))
        day: sa.ColumnElement[int] = sa.func.unnest(days).column_valued("day")
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADDING, day)))


def found_alike(asked: Sequence[Patient]) -> sa.Select[Any]:
    """By either index: what is asked of both at once is answered by reading all. A few too many: one's day with
    another's name. Pairs of values would be exact, and SQLite finds them by no index."""
    born = patients.c.birth_date.in_({each.birth_date for each in asked})
    by_name = sa.select(patients.c.id).where(born, patients.c.name_key.in_({name_key(each.name) for each in asked}))
    by_phone = sa.select(patients.c.id).where(born, patients.c.phone.in_({each.phone for each in asked}))
    found = sa.select(patients).where(patients.c.id.in_(by_name.union(by_phone)))
    return found.order_by(patients.c.created_at, patients.c.id).limit(MOST_READ)


def _acquaintances(session_id: str, patient_ids: Sequence[str]) -> sa.Select[Any]:
    seen = sa.select(sa.func.max(visits.c.answered_at)).where(visits.c.patient_id == patients.c.id)
    last_visit = seen.correlate(patients).scalar_subquery()
    held = sa.select(sa.func.min(tickets.c.serial)).where(
        tickets.c.session_id == session_id, tickets.c.patient_id == patients.c.id, tickets.c.state.not_in(OVER)
    )
    holds = held.correlate(patients).scalar_subquery().label("serial")
    shown = sa.select(patients, last_visit.label("last_visit"), holds).where(patients.c.id.in_(patient_ids))
    return shown.order_by(last_visit.desc().nulls_last(), patients.c.created_at, patients.c.id).limit(MOST_SHOWN)


def _former(issued: Issued, was: Patient) -> dict[str, object]:
    how, booking = {"phone": was.phone, "locale": was.locale, "email": was.email}, issued.booking
    until = {"until_at": booking.booked_at, "changed_by": booking.booked_by}
    return {"id": new_id(), "patient_id": was.id, **how, **until}
