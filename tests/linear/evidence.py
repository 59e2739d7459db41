"""What the database says once all is quiet: whether a call that was cut off took effect, how every ticket stands."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server.clinic.roster.waiting_list import GIVEN_BACK, EntryState
from server.clinic.session import SessionState
from server.clinic.ticket import OVER, TicketState
from server.store import tables
from server.store.engine import Store
from tests.clinic.house import connection
from tests.linear.asked import DONE, Accept, Asked, Book, CallNext, JoinList, Look, Send
from tests.linear.checker import Call, Verdict, linearise
from tests.linear.clients import Place, Record
from tests.linear.model import step
from tests.linear.stand import Door, Stage, Stand, empty, seen
from tests.linear.waitlist import Entry, Turn

NS: Final = 1_000_000_000
DYING_NS: Final = 30 * NS  # a commit that was on its way when its caller was cut off is through, or never, after this
NUMBER_OF: Final = {
    Book: "ticket.booked",
    Send: "ticket.booked",
    Accept: "ticket.booked",
    JoinList: "place.listed",
    CallNext: "ticket.called",
}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STAGES: Final = {
    TicketState.BOOKED: Stage.BOOKED,
    TicketState.HELD: Stage.HELD,
    TicketState.CALLED: Stage.CALLED,
    TicketState.IN_VISIT: Stage.IN_VISIT,
    TicketState.NO_SHOW: Stage.NO_SHOW,
}
DOORS: Final = {SessionState.SUSPENDED: Door.SUSPENDED, SessionState.CLOSED: Door.CLOSED}
TURNS: Final = {
    EntryState.WAITING: Turn.WAITING,
    EntryState.OFFERED: Turn.OFFERED,
    EntryState.TAKEN: Turn.TAKEN,
    EntryState.LAPSED: Turn.LAPSED,
}


class Row(NamedTuple):
    """Of the audit, whose numbers grow in the order of the commits of one line. ``subject`` is a ticket or an entry."""

    number: int
    action: str
    subject: str


class Bounds(NamedTuple):
    """``capacity`` of each session at first; ``patience`` of the search."""

    capacity: int
    patience: int


@dataclass(frozen=True)
class Evidence:
    """``rows``: what the audit has of each moment; ``numbers``: a ticket's, or a position; ``stands``: by session."""

    rows: Mapping[datetime, Sequence[Row]]
    numbers: Mapping[str, int]
    stands: Mapping[str, Stand]

    def result(self, record: Record) -> int | str | None:
        """What a call that never returned did; None where it did nothing."""
        rows = self.rows.get(record.at, ())
        wanted = NUMBER_OF.get(type(record.op))
        if not rows or wanted is None:
            return DONE if rows else None
        return next(self.numbers[row.subject] for row in rows if row.action == wanted)

    def witnessed(self, record: Record) -> int | None:
        rows = self.rows.get(record.at)
        return rows[0].number if rows else None

    def unrecorded(self, records: Sequence[Record]) -> list[Record]:
        """Calls that were told a number and left no row of it in the audit."""
        return [each for each in records if isinstance(each.result, int) and each.at not in self.rows]


async def gather(store: Store, places: Sequence[Place], since: datetime) -> Evidence:
    """Of these places, where nothing was asked before ``since``."""
    own = [session_id for place in places for session_id in place.sessions]
    told, booked, listed = tables.audit.c, tables.tickets.c, tables.waiting_list.c
    async with store.read(connection) as of:
        audit = (await of.execute(sa.select(tables.audit).where(told.at >= since).order_by(told.id))).all()
        tickets = (await of.execute(_of(booked.session_id, own).order_by(booked.serial))).all()
        entries = (await of.execute(_of(listed.session_id, own).order_by(listed.position))).all()
        sessions = (await of.execute(_of(tables.sessions.c.id, own))).all()
    rows: dict[datetime, list[Row]] = {}
    for row in audit:
        subject = row.detail.get("entry") or row.subject.partition(":")[2]
        rows.setdefault(row.at, []).append(Row(row.id, row.action, subject))
    numbers = {row.id: row.serial for row in tickets} | {row.id: row.position for row in entries}
    return Evidence(rows, numbers, {of.id: _stand(of, tickets, entries) for of in sessions})


def _of(session: sa.Column[str], own: Sequence[str]) -> sa.Select[Any]:
    return sa.select(session.table).where(session.in_(own))


def _stand(of: sa.Row[Any], tickets: Sequence[sa.Row[Any]], entries: Sequence[sa.Row[Any]]) -> Stand:
    """As ``seen`` of the model."""
    door = DOORS.get(SessionState(of.state), Door.OPEN)
    spots = (row for row in tickets if row.session_id == of.id)
    listed = (row for row in entries if row.session_id == of.id)
    return (
        (door, of.capacity),
        tuple((_stage(TicketState(row.state)), row.place, row.urgency, row.missed) for row in spots),
        tuple(_entry(row) for row in listed),
    )


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(TURNS[EntryState(row.state)], _micros(row.offered_until) if row.offered_until else 0)


def verdict(place: Place, records: Sequence[Record], evidence: Evidence, bounds: Bounds) -> Verdict:
    """Of one place: all its calls, and the look at everything afterwards."""
    calls = [call for record in records if (call := _settled(record, evidence))]
    quiet = time.monotonic_ns() + DYING_NS
    stands = tuple(evidence.stands[session_id] for session_id in place.sessions)
    look = Call("the look afterwards", Asked(Look()), quiet, quiet + 1, stands)
    opens = tuple(_micros(at) for at in place.opens)
    return linearise([*calls, look], empty(opens, bounds.capacity), step, bounds.patience)


def differences(judged: Verdict, place: Place, evidence: Evidence, capacity: int) -> list[str]:
    """Where every call can be ordered and the clinic still is another one than it should be."""
    clinic = empty(tuple(_micros(at) for at in place.opens), capacity)
    for call in judged.order:
        assert isinstance(call.op, Asked)
        clinic = step(clinic, call.op, call.result) or clinic
    pairs = zip(seen(clinic), (evidence.stands[session_id] for session_id in place.sessions), strict=True)
    return [line for session, pair in enumerate(pairs, 1) for line in _other(session, *pair)]


def _other(session: int, should: Stand, stands: Stand) -> list[str]:
    lines = [] if should[0] == stands[0] else [f"session {session} is {stands[0]}, not {should[0]}"]
    for word, kept, expected in (("ticket", stands[1], should[1]), ("entry", stands[2], should[2])):
        pairs = enumerate(zip_longest(expected, kept), 1)
        lines += [f"{word} {session}/{at} is {pair[1]}, not {pair[0]}" for at, pair in pairs if pair[0] != pair[1]]
    return lines


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
    return STAGES.get(state, Stage.OVER if state in OVER else Stage.HERE)
