"""What a clinic must look like to its callers, one call at a time: a second opinion on the line, from its rules.

No kinds of visit, no waiting list, nobody answers: what concurrency could break is numbers, places, order and rooms.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.linear.asked import (
    DONE,
    Arrive,
    Asked,
    Book,
    CallNext,
    CallThis,
    Cancel,
    Classify,
    End,
    Hold,
    Look,
    Refused,
    Release,
    Resume,
    Send,
    Suspend,
    Where,
)
from tests.linear.stand import FINISHED, Clinic, Spot, Stage, seen

MISSES_ALLOWED: Final = 3
GRACE_US: Final = 600_000_000  # after the planned time nobody is late yet


def step(clinic: Clinic, asked: object, result: object) -> Clinic | None:
    """The clinic after a call that was answered so; None where it cannot have been. Of what was ``Asked``."""
    assert isinstance(asked, Asked)
    return STEPS[type(asked.op)](clinic, asked, result)


def _book(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Book)
    session = asked.op.session
    if clinic.full(session):
        return _refused(clinic, Refused.FULL, result)
    after, serial = clinic.issue(session, Spot(Stage.BOOKED, 0, clinic.line(session).opens))
    return after if result == serial else None


def _arrive(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Arrive)
    at = asked.op.ticket
    spot = clinic.spot(at)
    if spot is None or spot.stage in FINISHED:
        return _refused(clinic, Refused.OVER if spot else None, result)
    if spot.stage != Stage.BOOKED or result != DONE:
        return clinic if result == DONE else None
    line, here = clinic.line(at.session), spot._replace(stage=Stage.HERE)
    if spot.planned + GRACE_US < asked.at and at.serial < line.passed(spot.urgency):
        here = here._replace(place=line.behind_the_third(spot))
    return clinic.put(at, here)


def _cancel(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Cancel)
    spot = clinic.spot(asked.op.ticket)
    refused = spot and _inside_or_over(spot)
    if spot is None or refused:
        return _refused(clinic, refused, result)
    return clinic.put(asked.op.ticket, spot._replace(stage=Stage.GIVEN_BACK)) if result == DONE else None


def _send(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Send)
    ticket, target = asked.op.ticket, asked.op.session
    spot = clinic.spot(ticket)
    if spot is None:
        return None
    refused = Refused.FULL if clinic.full(target) and not asked.op.squeezed else _inside_or_over(spot)
    if refused:
        return _refused(clinic, refused, result)
    stage = Stage.HERE if asked.op.onward and spot.stage != Stage.BOOKED else Stage.BOOKED
    brought = Spot(stage, 0, max(clinic.line(target).opens, asked.at), spot.urgency)
    after, serial = clinic.put(ticket, spot._replace(stage=Stage.GIVEN_BACK)).issue(target, brought)
    return after if result == serial else None


def _hold(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Hold)
    return _turn(clinic, asked.op.ticket, (Stage.HERE, Stage.HELD), result)


def _release(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Release)
    return _turn(clinic, asked.op.ticket, (Stage.HELD, Stage.HERE), result)


def _turn(clinic: Clinic, at: Where, stages: tuple[Stage, Stage], result: object) -> Clinic | None:
    spot = clinic.spot(at)
    if spot is None or spot.stage != stages[0]:
        return _refused(clinic, Refused.NOT_WAITING if spot else None, result)
    return clinic.put(at, spot._replace(stage=stages[1])) if result == DONE else None


def _classify(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Classify)
    spot = clinic.spot(asked.op.ticket)
    if spot is None or spot.stage in FINISHED:
        return _refused(clinic, Refused.OVER if spot else None, result)
    return clinic.put(asked.op.ticket, spot._replace(urgency=asked.op.urgency)) if result == DONE else None


def _suspend(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Suspend)
    line = clinic.line(asked.op.session)
    return clinic.with_line(asked.op.session, line._replace(suspended=True)) if result == DONE else None


def _resume(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Resume)
    line = clinic.line(asked.op.session)
    if not line.suspended:
        return _refused(clinic, Refused.NOT_OPEN, result)
    return clinic.with_line(asked.op.session, line._replace(suspended=False)) if result == DONE else None


def _call_next(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, CallNext)
    waiting = clinic.line(asked.op.session).waiting()
    refused = _cannot_call(clinic, asked.op.session, asked.op.doctor, None if waiting else Refused.NOBODY)
    if refused:
        return _refused(clinic, refused, result)
    return (
        _into_the_room(clinic, Where(asked.op.session, waiting[0]), asked.op.doctor) if result == waiting[0] else None
    )


def _call_this(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, CallThis)
    at, spot = asked.op.ticket, clinic.spot(asked.op.ticket)
    if spot is None:
        return None
    missed = spot.stage == Stage.NO_SHOW or (spot.stage == Stage.HERE and spot.missed > 0)
    possible = missed if asked.op.recalled else spot.stage in {Stage.HERE, Stage.HELD}
    refused = _cannot_call(clinic, at.session, asked.op.doctor, None if possible else Refused.NOT_WAITING)
    if refused:
        return _refused(clinic, refused, result)
    return _into_the_room(clinic, at, asked.op.doctor) if result == DONE else None


def _cannot_call(clinic: Clinic, session: int, doctor: str, unfit: Refused | None) -> Refused | None:
    """The first reason: this session's state and room, whom to call, and then the room of another session."""
    if clinic.line(session).suspended:
        return Refused.NOT_OPEN
    rooms = clinic.rooms_of(doctor)
    if session in rooms:
        return Refused.BUSY
    return unfit or (Refused.BUSY if rooms else None)


def _into_the_room(clinic: Clinic, at: Where, doctor: str) -> Clinic:
    spot = clinic.spot(at)
    assert spot
    ringing = spot._replace(stage=Stage.IN_ROOM, called=True, missed=min(spot.missed, MISSES_ALLOWED - 1))
    return clinic.put(at, ringing)._replace(rooms=clinic.rooms | {(doctor, at)})


def _end(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, End)
    at, room = asked.op.ticket, (asked.op.doctor, asked.op.ticket)
    spot = clinic.spot(at)
    if spot is None or room not in clinic.rooms:
        return _refused(clinic, Refused.VISIT_OVER, result)
    if result != DONE:
        return None
    left = clinic._replace(rooms=clinic.rooms - {room})
    if asked.op.outcome == "technical_failure":
        return left.put(at, spot._replace(stage=Stage.HERE))
    if asked.op.outcome != "patient_absent":
        return left.put(at, spot._replace(stage=Stage.OVER))
    missed = spot._replace(missed=spot.missed + 1)
    if missed.missed >= MISSES_ALLOWED:
        return left.put(at, missed._replace(stage=Stage.NO_SHOW))
    place = left.line(at.session).behind_the_third(spot)
    return left.put(at, missed._replace(stage=Stage.HERE, place=place))


def _refused(clinic: Clinic, refused: Refused | None, result: object) -> Clinic | None:
    return clinic if refused and result == refused else None


def _inside_or_over(spot: Spot) -> Refused | None:
    if spot.stage == Stage.IN_ROOM:
        return Refused.BUSY
    return Refused.OVER if spot.stage in FINISHED else None


def _look(clinic: Clinic, _asked: Asked, result: object) -> Clinic | None:
    return clinic if seen(clinic) == result else None


STEPS: Final[Mapping[type, Callable[[Clinic, Any, object], Clinic | None]]] = {
    Book: _book,
    Arrive: _arrive,
    Cancel: _cancel,
    Send: _send,
    Hold: _hold,
    Release: _release,
    Classify: _classify,
    Suspend: _suspend,
    Resume: _resume,
    CallNext: _call_next,
    CallThis: _call_this,
    End: _end,
    Look: _look,
}
