"""Calls in the model: who is rung, who answers, and what the end of a visit means for the line."""

from typing import Final

from tests.linear.asked import DONE, Answer, Asked, CallNext, CallThis, End, Refused, Where
from tests.linear.stand import IN_ROOM, Clinic, Door, Spot, Stage, refused_so

MISSES_ALLOWED: Final = 3
KEEPS_PLACE: Final = {"technical_failure", "doctor_absent"}


def call_next(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, CallNext)
    waiting = clinic.line(asked.op.session).waiting()
    refused = _cannot_call(clinic, asked.op.session, asked.op.doctor, None if waiting else Refused.NOBODY)
    if refused:
        return refused_so(clinic, refused, result)
    return (
        _into_the_room(clinic, Where(asked.op.session, waiting[0]), asked.op.doctor) if result == waiting[0] else None
    )


def call_this(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, CallThis)
    at, spot = asked.op.ticket, clinic.spot(asked.op.ticket)
    if spot is None:
        return None
    missed = spot.stage == Stage.NO_SHOW or (spot.stage == Stage.HERE and spot.missed > 0)
    possible = missed if asked.op.recalled else spot.stage in {Stage.HERE, Stage.HELD}
    refused = _cannot_call(clinic, at.session, asked.op.doctor, None if possible else Refused.NOT_WAITING)
    if refused:
        return refused_so(clinic, refused, result)
    return _into_the_room(clinic, at, asked.op.doctor) if result == DONE else None


def _cannot_call(clinic: Clinic, session: int, doctor: str, unfit: Refused | None) -> Refused | None:
    """The first reason: this session's state and room, whom to call, and then the room of another session."""
    if clinic.line(session).door != Door.OPEN:
        return Refused.NOT_OPEN
    rooms = clinic.rooms_of(doctor)
    if session in rooms:
        return Refused.BUSY
    return unfit or (Refused.BUSY if rooms else None)


def _into_the_room(clinic: Clinic, at: Where, doctor: str) -> Clinic:
    spot = clinic.spot(at)
    assert spot
    ringing = spot._replace(stage=Stage.CALLED, called=True, missed=min(spot.missed, MISSES_ALLOWED - 1))
    return clinic.put(at, ringing)._replace(rooms=clinic.rooms | {(doctor, at)})


def answer(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    """Again is harmless."""
    assert isinstance(asked.op, Answer)
    spot = clinic.spot(asked.op.ticket)
    if spot is None or spot.stage not in IN_ROOM:
        return refused_so(clinic, Refused.NOT_CALLED if spot else None, result)
    return clinic.put(asked.op.ticket, spot._replace(stage=Stage.IN_VISIT)) if result == DONE else None


def end(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, End)
    at, room = asked.op.ticket, (asked.op.doctor, asked.op.ticket)
    spot = clinic.spot(at)
    if spot is None or room not in clinic.rooms:
        return refused_so(clinic, Refused.VISIT_OVER, result)
    if asked.op.outcome == "completed" and spot.stage == Stage.CALLED:
        return refused_so(clinic, Refused.NOT_ANSWERED, result)
    if result != DONE:
        return None
    return _left(clinic._replace(rooms=clinic.rooms - {room}), at, spot, asked.op.outcome)


def _left(left: Clinic, at: Where, spot: Spot, outcome: str) -> Clinic:
    """What an outcome means for who was in the room."""
    if outcome in KEEPS_PLACE:
        return left.put(at, spot._replace(stage=Stage.HERE))
    if outcome != "patient_absent":
        return left.put(at, spot._replace(stage=Stage.OVER))
    missed = spot._replace(missed=spot.missed + 1)
    if missed.missed >= MISSES_ALLOWED:
        return left.put(at, missed._replace(stage=Stage.NO_SHOW))
    place = left.line(at.session).behind_the_third(spot)
    return left.put(at, missed._replace(stage=Stage.HERE, place=place))
