"""What the database says once all is quiet: whether a call that was cut off took effect, how every ticket stands."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final, NamedTuple

import sqlalchemy as sa

from server.clinic.roster.waiting_list import GIVEN_BACK
from server.clinic.session import SessionState
from server.clinic.ticket import IN_ROOM, OVER, TicketState
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import connection
from tests.linear.asked import DONE, Asked, Book, CallNext, Look, Send
from tests.linear.checker import Call, Verdict, linearise
from tests.linear.clients import Place, Record
from tests.linear.model import step
from tests.linear.stand import Stage, Stand, empty, seen

NS: Final = 1_000_000_000
DYING_NS: Final = 30 * NS  # a commit that was on its way when its caller was cut off is through, or never, after this
SERIAL_OF: Final = {Book: "ticket.booked", Send: "ticket.booked", CallNext: "ticket.called"}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STAGES: Final = {TicketState.BOOKED: Stage.BOOKED, TicketState.HELD: Stage.HELD, TicketState.NO_SHOW: Stage.NO_SHOW}


class Row(NamedTuple):
    """Of the audit, whose numbers grow in the order of the commits of one line."""

    number: int
    action: str
    subject: str


@dataclass(frozen=True)
class Evidence:
    """``rows``: what the audit has of each moment; ``stands``: every session, by its id."""

    rows: Mapping[datetime, Sequence[Row]]
    serials: Mapping[str, int]
    stands: Mapping[str, Stand]

    def result(self, record: Record) -> int | str | None:
        """What a call that never returned did; None where it did nothing."""
        rows = self.rows.get(record.at, ())
        wanted = SERIAL_OF.get(type(record.op))
        if not rows or wanted is None:
            return DONE if rows else None
        return next(self.serials[row.subject] for row in rows if row.action == wanted)

    def witnessed(self, record: Record) -> int | None:
        rows = self.rows.get(record.at)
        return rows[0].number if rows else None

    def unrecorded(self, records: Sequence[Record]) -> list[Record]:
        """Calls that were told a number and left no row of it in the audit."""
        return [each for each in records if isinstance(each.result, int) and each.at not in self.rows]


async def gather(store: Store) -> Evidence:
    async with store.read(connection) as of:
        audit = (await of.execute(sa.select(tables.audit).order_by(tables.audit.c.id))).all()
        tickets = (await of.execute(sa.select(tables.tickets).order_by(tables.tickets.c.serial))).all()
        sessions = (await of.execute(sa.select(tables.sessions.c.id, tables.sessions.c.state))).all()
    rows: dict[datetime, list[Row]] = {}
    for row in audit:
        rows.setdefault(row.at, []).append(Row(row.id, row.action, row.subject.partition(":")[2]))
    spots: dict[str, list[tuple[Stage, int, int, int]]] = {session.id: [] for session in sessions}
    for row in tickets:
        spots[row.session_id].append((_stage(TicketState(row.state)), row.place, row.urgency, row.missed))
    stands = {of.id: (of.state == SessionState.SUSPENDED, tuple(spots[of.id])) for of in sessions}
    return Evidence(rows, {row.id: row.serial for row in tickets}, stands)


def verdict(place: Place, records: Sequence[Record], evidence: Evidence, capacity: int) -> Verdict:
    """Of one place: all its calls, and the look at everything afterwards."""
    calls = [call for record in records if (call := _settled(record, evidence))]
    quiet = time.monotonic_ns() + DYING_NS
    stands = tuple(evidence.stands[session_id] for session_id in place.sessions)
    look = Call("the look afterwards", Asked(Look()), quiet, quiet + 1, stands)
    opens = tuple(_micros(at) for at in place.opens)
    return linearise([*calls, look], empty(opens, capacity), step)


def differences(judged: Verdict, place: Place, evidence: Evidence, capacity: int) -> list[str]:
    """Where every call can be ordered and the clinic still is another one than it should be."""
    clinic = empty(tuple(_micros(at) for at in place.opens), capacity)
    for call in judged.order:
        assert isinstance(call.op, Asked)
        clinic = step(clinic, call.op, call.result) or clinic
    pairs = zip(seen(clinic), (evidence.stands[session_id] for session_id in place.sessions), strict=True)
    return [line for session, pair in enumerate(pairs, 1) for line in _other(session, *pair)]


def _other(session: int, should: Stand, stands: Stand) -> list[str]:
    lines = [] if should[0] == stands[0] else [f"session {session} is suspended: {stands[0]}"]
    spots = enumerate(zip_longest(should[1], stands[1]), 1)
    return lines + [f"{session}/{serial} is {spot[1]}, not {spot[0]}" for serial, spot in spots if spot[0] != spot[1]]


def _settled(record: Record, evidence: Evidence) -> Call | None:
    asked, witnessed = Asked(record.op, _micros(record.at)), evidence.witnessed(record)
    if record.returned is not None:
        refused = isinstance(record.result, str) and record.result != DONE
        return Call(record.client, asked, record.invoked, record.returned, record.result, witnessed, idle=refused)
    result = evidence.result(record)
    if result is None:
        return None
    given_up = record.given_up or time.monotonic_ns()
    return Call(record.client, asked, record.invoked, given_up + DYING_NS, result, witnessed)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _stage(state: TicketState) -> Stage:
    if state in GIVEN_BACK:
        return Stage.GIVEN_BACK
    if state in IN_ROOM:
        return Stage.IN_ROOM
    return STAGES.get(state, Stage.OVER if state in OVER else Stage.HERE)
