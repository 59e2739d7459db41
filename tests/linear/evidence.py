"""What the database says once all is quiet: whether a call that was cut off took effect, how every ticket stands."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from server.clinic.roster.waiting_list import GIVEN_BACK
from server.clinic.ticket import IN_ROOM, OVER, TicketState
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import connection
from tests.linear.checker import Call, Verdict, linearise
from tests.linear.clients import Place, Record
from tests.linear.model import DONE, Book, CallNext, Look, Send, Stage, empty, step

NS: Final = 1_000_000_000
DYING_NS: Final = 30 * NS  # a commit that was on its way when its caller was cut off is through, or never, after this
SERIAL_OF: Final = {Book: "ticket.booked", Send: "ticket.booked", CallNext: "ticket.called"}


@dataclass(frozen=True)
class Evidence:
    """``steps``: which audit rows each moment has; ``stages``: every ticket of every session of a place."""

    steps: Mapping[datetime, Sequence[tuple[str, str]]]
    serials: Mapping[str, int]
    stages: Mapping[str, tuple[Stage, ...]]

    def result(self, record: Record) -> int | str | None:
        """What a call that never returned did; None where it did nothing."""
        rows = self.steps.get(record.at, ())
        wanted = SERIAL_OF.get(type(record.op))
        if not rows or wanted is None:
            return DONE if rows else None
        return next(self.serials[ticket_id] for action, ticket_id in rows if action == wanted)

    def unrecorded(self, records: Sequence[Record]) -> list[Record]:
        """Calls that were told a number and left no row of it in the audit."""
        return [each for each in records if isinstance(each.result, int) and each.at not in self.steps]


async def gather(store: Store) -> Evidence:
    async with store.read(connection) as of:
        audit = (await of.execute(sa.select(tables.audit).order_by(tables.audit.c.id))).all()
        tickets = (await of.execute(sa.select(tables.tickets).order_by(tables.tickets.c.serial))).all()
    steps: dict[datetime, list[tuple[str, str]]] = {}
    for row in audit:
        steps.setdefault(row.at, []).append((row.action, row.subject.partition(":")[2]))
    stages: dict[str, list[Stage]] = {}
    for row in tickets:
        stages.setdefault(row.session_id, []).append(_stage(row))
    return Evidence(steps, {row.id: row.serial for row in tickets}, {of: tuple(all_) for of, all_ in stages.items()})


def verdict(place: Place, records: Sequence[Record], evidence: Evidence, capacity: int) -> Verdict:
    """Of one place: all its calls, and the look at everything afterwards."""
    calls = [call for record in records if (call := _settled(record, evidence))]
    quiet = time.monotonic_ns() + DYING_NS
    stages = tuple(evidence.stages.get(session_id, ()) for session_id in place.sessions)
    look = Call("the look afterwards", Look(), quiet, quiet + 1, stages)
    return linearise([*calls, look], empty(len(place.sessions), capacity), step)


def _settled(record: Record, evidence: Evidence) -> Call | None:
    if record.returned is not None:
        return Call(record.client, record.op, record.invoked, record.returned, record.result)
    result = evidence.result(record)
    if result is None:
        return None
    given_up = record.given_up or time.monotonic_ns()
    return Call(record.client, record.op, record.invoked, given_up + DYING_NS, result)


def _stage(row: sa.Row[Any]) -> Stage:
    state = TicketState(row.state)
    if state in GIVEN_BACK:
        return Stage.GIVEN_BACK
    if state in OVER:
        return Stage.OVER
    if state in IN_ROOM:
        return Stage.IN_ROOM
    return Stage.BOOKED if state is TicketState.BOOKED else Stage.HERE
