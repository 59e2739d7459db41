"""Queries of waiting times: lines as they stand, sessions that are over, predictions and what came true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from server.clinic.calibration import Fate
from server.clinic.durations import Moments
from server.clinic.measuring import SeenSession, SeenTicket, SeenVisit
from server.clinic.prediction_errors import PredictionErrors
from server.clinic.predictions import Prediction
from server.clinic.ticket import TicketState
from server.clinic.views import DoctorView
from server.clinic.waiting import Outlook, Phase
from server.store.session_rows import find_session
from server.store.tables import openings, predictions, sessions, tickets, users, visits
from server.store.ticket_rows import ticket_of
from server.visits.visit import Outcome

SEEN = frozenset({Outcome.COMPLETED, Outcome.UNFIT_FOR_ONLINE_CARE})  # the doctor has taken the time


class WaitingQueries:
    """server.clinic.predictions.WaitingTx."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def opened(self, session_id: str, at: datetime) -> None:
        row = {"session_id": session_id, "opened_at": at}
        await self._connection.execute(self._once(openings).values(row))

    async def predict(self, made: Sequence[Prediction]) -> None:
        if made:
            await self._connection.execute(self._once(predictions), [_row(each) for each in made])

    async def come_true(self, session_id: str) -> None:
        called = (
            sa.select(predictions.c.ticket_id, predictions.c.ahead, predictions.c.made_at, tickets.c.called_at)
            .join(tickets, tickets.c.id == predictions.c.ticket_id)
            .where(predictions.c.session_id == session_id, predictions.c.waited_s.is_(None))
            .where(tickets.c.called_at > predictions.c.made_at)
            .order_by(predictions.c.ticket_id, predictions.c.ahead)  # two servers that keep the same do not lock apart
        )
        for row in (await self._connection.execute(called)).all():
            one = sa.and_(predictions.c.ticket_id == row.ticket_id, predictions.c.ahead == row.ahead)
            waited_s = (row.called_at - row.made_at).total_seconds()
            await self._connection.execute(sa.update(predictions).where(one).values(waited_s=waited_s))

    def _once(self, table: sa.Table) -> Any:  # noqa: ANN401 – the two dialects' inserts share no type
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        return insert(table).on_conflict_do_nothing()


class WaitingLookQueries:
    """server.clinic.predictions.WaitingLook and server.clinic.prediction_errors.ErrorsLook."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lines(self, since: datetime) -> Sequence[str]:
        waiting = sa.select(tickets.c.session_id).where(tickets.c.state == TicketState.ARRIVED)
        recent = sa.select(sessions.c.id).where(sessions.c.closes_at > since, sessions.c.id.in_(waiting))
        return (await self._connection.scalars(recent.order_by(sessions.c.id))).all()

    async def seen(self, session_id: str) -> SeenSession | None:
        session = await find_session(self._connection, session_id)
        if session is None:
            return None
        opened_at = sa.select(openings.c.opened_at).where(openings.c.session_id == session_id)
        return SeenSession(
            session,
            await self._connection.scalar(opened_at),
            await self._tickets(session_id),
            await self._visits(session_id),
        )

    async def over(self, between: tuple[datetime, datetime]) -> Sequence[str]:
        ended = sa.select(sessions.c.id).where(sessions.c.closes_at.between(*between))
        return (await self._connection.scalars(ended.order_by(sessions.c.closes_at.desc(), sessions.c.id))).all()

    async def fates(self, session_id: str) -> Sequence[Fate]:
        of = sa.and_(predictions.c.session_id == session_id, predictions.c.waited_s.is_not(None))
        rows = await self._connection.execute(sa.select(predictions).where(of).order_by(predictions.c.made_at))
        return [Fate(row.session_id, _outlook_of(row), row.waited_s) for row in rows]

    async def errors(self, since: datetime) -> Sequence[PredictionErrors]:
        waited, kind = predictions.c.waited_s, predictions.c.kind
        query = (
            sa.select(
                users.c.id,
                users.c.name,
                kind,
                sa.func.count().label("n"),
                sa.func.avg(sa.case((waited.between(predictions.c.low_s, predictions.c.high_s), 1.0), else_=0.0)),
                sa.func.avg(sa.func.abs(waited - predictions.c.middle_s)),
                sa.func.avg(predictions.c.middle_s - waited),
            )
            .join(users, users.c.id == predictions.c.doctor_id)
            .where(predictions.c.made_at >= since, waited.is_not(None))
            .group_by(users.c.id, users.c.name, kind)
            .order_by(users.c.name, kind)
        )
        return [PredictionErrors(DoctorView(row[0], row[1]), *row[2:]) for row in await self._connection.execute(query)]

    async def _tickets(self, session_id: str) -> list[SeenTicket]:
        query = sa.select(tickets).where(tickets.c.session_id == session_id).order_by(tickets.c.serial)
        return [SeenTicket(ticket_of(row), row.kind) for row in await self._connection.execute(query)]

    async def _visits(self, session_id: str) -> list[SeenVisit]:
        query = (
            sa.select(visits, tickets.c.kind, tickets.c.arrived_at)
            .join(tickets, tickets.c.id == visits.c.ticket_id)
            .where(visits.c.session_id == session_id, visits.c.ended_at.is_not(None))
            .order_by(visits.c.called_at)
        )
        return [_visit_of(row) for row in await self._connection.execute(query)]


def _row(made: Prediction) -> dict[str, object]:
    outlook, told = made.outlook, made.told
    return {
        "ticket_id": outlook.ticket_id,
        "ahead": outlook.ahead,
        "session_id": made.session_id,
        "doctor_id": made.doctor_id,
        "kind": made.kind,
        "phase": outlook.phase.value,
        "made_at": made.made_at,
        "mean_s": outlook.time.mean,
        "variance_s2": outlook.time.variance,
        "low_s": told.low_s,
        "middle_s": told.middle_s,
        "high_s": told.high_s,
    }


def _outlook_of(row: sa.Row[Any]) -> Outlook:
    return Outlook(row.ticket_id, row.ahead, Phase(row.phase), Moments(row.mean_s, row.variance_s2))


def _visit_of(row: sa.Row[Any]) -> SeenVisit:
    return SeenVisit(
        doctor_id=row.doctor_id,
        kind=row.kind,
        arrived_at=row.arrived_at,
        called_at=row.called_at,
        ended_at=row.ended_at,
        completed=row.outcome in SEEN,
    )
