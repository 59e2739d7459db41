"""What a clinic must look like to its callers, one call at a time: a second opinion on the line, from its rules.

Routine urgency, nobody late, no kinds of visit: what concurrency could break is numbers, places, order and rooms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple

import msgspec

ROOM: Final = 1000  # between two numbers in the order of a line
MISSES_ALLOWED: Final = 3
STEP_BACK: Final = 3


class Stage(Enum):
    BOOKED = "booked"
    HERE = "here"
    IN_ROOM = "in a room"
    OVER = "over"
    GIVEN_BACK = "given back"  # over as well, but its place is free


class Where(NamedTuple):
    """A ticket: its session and its number there, both from 1."""

    session: int
    serial: int


class Book(msgspec.Struct, frozen=True, tag=True):
    session: int


class Arrive(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Cancel(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Send(msgspec.Struct, frozen=True, tag=True):
    """``onward``: the patient goes on there now; else comes then, if there is a place."""

    ticket: Where
    session: int
    onward: bool


class CallNext(msgspec.Struct, frozen=True, tag=True):
    session: int
    doctor: str


class End(msgspec.Struct, frozen=True, tag=True):
    ticket: Where
    outcome: str


class Look(msgspec.Struct, frozen=True, tag=True):
    """Read everything, once all is quiet: the result is the stage of every ticket by session and number."""


Op = Book | Arrive | Cancel | Send | CallNext | End


class Refused(StrEnum):
    """What a caller may be told instead, by the name of the error."""

    FULL = "SessionFull"
    OVER = "TicketOver"
    BUSY = "AlreadyInVisit"
    NOBODY = "NobodyWaiting"


DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Spot:
    """One ticket: where it is, and its place in the order."""

    stage: Stage
    place: int
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Clinic:
    """All tickets of all sessions by number, and which doctor has whom in the room."""

    lines: tuple[tuple[Spot, ...], ...]
    capacity: int
    rooms: frozenset[tuple[str, Where]] = frozenset()

    def spot(self, at: Where) -> Spot:
        return self.lines[at.session - 1][at.serial - 1]

    def known(self, at: Where) -> bool:
        return at.serial <= len(self.lines[at.session - 1])

    def full(self, session: int) -> bool:
        return sum(spot.stage is not Stage.GIVEN_BACK for spot in self.lines[session - 1]) >= self.capacity

    def put(self, at: Where, spot: Spot) -> "Clinic":
        line = self.lines[at.session - 1]
        return self._with(at.session, (*line[: at.serial - 1], spot, *line[at.serial :]))

    def issue(self, session: int, stage: Stage) -> "tuple[Clinic, int]":
        line = self.lines[session - 1]
        serial = len(line) + 1
        return self._with(session, (*line, Spot(stage, serial * ROOM))), serial

    def waiting(self, session: int) -> list[Where]:
        """Those who have arrived, the next one first."""
        line = self.lines[session - 1]
        here = [Where(session, serial) for serial, spot in enumerate(line, 1) if spot.stage is Stage.HERE]
        return sorted(here, key=lambda at: self.spot(at).place)

    def busy(self, doctor: str) -> bool:
        return any(who == doctor for who, _ in self.rooms)

    def _with(self, session: int, line: tuple[Spot, ...]) -> "Clinic":
        return replace(self, lines=(*self.lines[: session - 1], line, *self.lines[session:]))


def empty(sessions: int, capacity: int) -> Clinic:
    return Clinic(((),) * sessions, capacity)


def step(clinic: Clinic, op: object, result: object) -> Clinic | None:
    """The clinic after a call that was answered so; None where it cannot have been."""
    return STEPS[type(op)](clinic, op, result)


def _book(clinic: Clinic, op: Book, result: object) -> Clinic | None:
    if clinic.full(op.session):
        return clinic if result == Refused.FULL else None
    after, serial = clinic.issue(op.session, Stage.BOOKED)
    return after if result == serial else None


def _arrive(clinic: Clinic, op: Arrive, result: object) -> Clinic | None:
    spot = _of(clinic, op.ticket)
    if spot is None or spot.stage in {Stage.OVER, Stage.GIVEN_BACK}:
        return clinic if spot and result == Refused.OVER else None
    if result != DONE:
        return None
    return clinic.put(op.ticket, replace(spot, stage=Stage.HERE)) if spot.stage is Stage.BOOKED else clinic


def _cancel(clinic: Clinic, op: Cancel, result: object) -> Clinic | None:
    spot = _of(clinic, op.ticket)
    refused = spot and _inside_or_over(spot)
    if spot is None or refused:
        return clinic if refused and result == refused else None
    return clinic.put(op.ticket, replace(spot, stage=Stage.GIVEN_BACK)) if result == DONE else None


def _send(clinic: Clinic, op: Send, result: object) -> Clinic | None:
    spot = _of(clinic, op.ticket)
    if spot is None:
        return None
    refused = Refused.FULL if not op.onward and clinic.full(op.session) else _inside_or_over(spot)
    if refused:
        return clinic if result == refused else None
    brought = spot.stage if op.onward else Stage.BOOKED
    after, serial = clinic.put(op.ticket, replace(spot, stage=Stage.GIVEN_BACK)).issue(op.session, brought)
    return after if result == serial else None


def _call_next(clinic: Clinic, op: CallNext, result: object) -> Clinic | None:
    waiting = clinic.waiting(op.session)
    if result == Refused.BUSY:
        return clinic if clinic.busy(op.doctor) else None
    if result == Refused.NOBODY:
        return clinic if not waiting else None
    if clinic.busy(op.doctor) or not waiting or waiting[0].serial != result:
        return None
    called = clinic.put(waiting[0], replace(clinic.spot(waiting[0]), stage=Stage.IN_ROOM))
    return replace(called, rooms=called.rooms | {(op.doctor, waiting[0])})


def _end(clinic: Clinic, op: End, result: object) -> Clinic | None:
    spot = _of(clinic, op.ticket)
    if spot is None or spot.stage is not Stage.IN_ROOM or result != DONE:
        return None
    left = replace(clinic, rooms=frozenset(room for room in clinic.rooms if room[1] != op.ticket))
    if op.outcome == "technical_failure":
        return left.put(op.ticket, replace(spot, stage=Stage.HERE))
    if op.outcome != "patient_absent":
        return left.put(op.ticket, replace(spot, stage=Stage.OVER))
    missed = replace(spot, missed=spot.missed + 1)
    if missed.missed == MISSES_ALLOWED:
        return left.put(op.ticket, replace(missed, stage=Stage.OVER))
    return left.put(op.ticket, replace(missed, stage=Stage.HERE, place=_behind_the_third(left, op.ticket)))


def _behind_the_third(clinic: Clinic, at: Where) -> int:
    own = clinic.spot(at).place
    third = [clinic.spot(other).place for other in clinic.waiting(at.session)[:STEP_BACK]]
    if not third or third[-1] < own:
        return own
    taken = {spot.place for spot in clinic.lines[at.session - 1]}
    return next(place for place in range(third[-1] + 1, third[-1] + ROOM) if place not in taken)


def _of(clinic: Clinic, at: Where) -> Spot | None:
    """None for a number that has not been issued at this point of the history."""
    return clinic.spot(at) if clinic.known(at) else None


def _inside_or_over(spot: Spot) -> Refused | None:
    if spot.stage is Stage.IN_ROOM:
        return Refused.BUSY
    return Refused.OVER if spot.stage in {Stage.OVER, Stage.GIVEN_BACK} else None


def seen(clinic: Clinic) -> tuple[tuple[Stage, ...], ...]:
    return tuple(tuple(spot.stage for spot in line) for line in clinic.lines)


def _look(clinic: Clinic, _op: Look, result: object) -> Clinic | None:
    return clinic if seen(clinic) == result else None


STEPS: Final[Mapping[type, Callable[[Clinic, Any, object], Clinic | None]]] = {
    Book: _book,
    Arrive: _arrive,
    Cancel: _cancel,
    Send: _send,
    CallNext: _call_next,
    End: _end,
    Look: _look,
}
