"""What a clinic must look like to its callers, one call at a time: a second opinion on the line, from its rules.

No kinds of visit, no ring that ends by itself: what concurrency could break is numbers, places, offers, order, rooms.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.linear import rooms
from tests.linear.asked import (
    DONE,
    Accept,
    Answer,
    Arrive,
    Asked,
    Book,
    CallNext,
    CallThis,
    Cancel,
    Classify,
    Close,
    End,
    Hold,
    JoinList,
    Look,
    Open,
    Refused,
    Release,
    Resize,
    Resume,
    Send,
    Suspend,
    Where,
)
from tests.linear.stand import FINISHED, IN_ROOM, Clinic, Door, Spot, Stage, refused_so, seen
from tests.linear.waitlist import Entry, Turn

GRACE_US: Final = 600_000_000  # after the planned time nobody is late yet


def step(clinic: Clinic, asked: object, result: object) -> Clinic | None:
    """The clinic after a call that was answered so; None where it cannot have been. Of what was ``Asked``."""
    assert isinstance(asked, Asked)
    return STEPS[type(asked.op)](clinic, asked, result)


def _book(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Book)
    session = asked.op.session
    refused = _takes_nobody(clinic, session) or (Refused.FULL if clinic.full(session) else None)
    if refused:
        return refused_so(clinic, refused, result)
    after, serial = clinic.issue(session, Spot(Stage.BOOKED, 0, clinic.line(session).opens))
    return after if result == serial else None


def _arrive(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Arrive)
    at = asked.op.ticket
    spot = clinic.spot(at)
    if spot is None or spot.stage in FINISHED:
        return refused_so(clinic, Refused.OVER if spot else None, result)
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
        return refused_so(clinic, refused, result)
    return clinic.give_back(asked.op.ticket, spot, asked.at) if result == DONE else None


def _send(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Send)
    ticket, target = asked.op.ticket, asked.op.session
    spot = clinic.spot(ticket)
    if spot is None:
        return None
    room = (asked.op.doctor, ticket)
    refused = _cannot_send(clinic, asked.op, spot, own=room in clinic.rooms)
    if refused:
        return refused_so(clinic, refused, result)
    stage = Stage.HERE if asked.op.onward and spot.stage != Stage.BOOKED else Stage.BOOKED
    brought = Spot(stage, 0, max(clinic.line(target).opens, asked.at), spot.urgency)
    left = clinic._replace(rooms=clinic.rooms - {room}).give_back(ticket, spot, asked.at)
    after, serial = left.issue(target, brought)
    return after if result == serial else None


def _cannot_send(clinic: Clinic, op: Send, spot: Spot, *, own: bool) -> Refused | None:
    """The first reason: the place there, a colleague's room, hours that are over, and where the ticket stands."""
    if clinic.full(op.session) and not op.squeezed:
        return Refused.FULL
    if op.onward and spot.stage in IN_ROOM and not own:
        return Refused.BUSY
    return _takes_nobody(clinic, op.session) or (None if own else _inside_or_over(spot))


def _join_list(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, JoinList)
    line = clinic.line(asked.op.session)
    refused = _takes_nobody(clinic, asked.op.session) or (Refused.NOT_FULL if line.free() else None)
    if refused:
        return refused_so(clinic, refused, result)
    after = line._replace(entries=(*line.entries, Entry()))
    return clinic.with_line(asked.op.session, after) if result == len(after.entries) else None


def _accept(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    """A place that is held is taken, however many others were squeezed in meanwhile."""
    assert isinstance(asked.op, Accept)
    session, position = asked.op.entry
    line = clinic.line(session)
    if position > len(line.entries):
        return None
    entry = line.entries[position - 1]
    refused = _takes_nobody(clinic, session) if entry.stands(asked.at) else Refused.OFFER_OVER
    if refused:
        return refused_so(clinic, refused, result)
    entries = (*line.entries[: position - 1], entry._replace(turn=Turn.TAKEN), *line.entries[position:])
    taken = clinic.with_line(session, line._replace(entries=entries))
    after, serial = taken.issue(session, Spot(Stage.BOOKED, 0, line.opens))
    return after if result == serial else None


def _resize(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Resize)
    line = clinic.line(asked.op.session)._replace(capacity=asked.op.capacity)
    return clinic.with_line(asked.op.session, line.offering(asked.at)) if result == DONE else None


def _hold(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Hold)
    return _turn(clinic, asked.op.ticket, (Stage.HERE, Stage.HELD), result)


def _release(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Release)
    return _turn(clinic, asked.op.ticket, (Stage.HELD, Stage.HERE), result)


def _turn(clinic: Clinic, at: Where, stages: tuple[Stage, Stage], result: object) -> Clinic | None:
    spot = clinic.spot(at)
    if spot is None or spot.stage != stages[0]:
        return refused_so(clinic, Refused.NOT_WAITING if spot else None, result)
    return clinic.put(at, spot._replace(stage=stages[1])) if result == DONE else None


def _classify(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Classify)
    spot = clinic.spot(asked.op.ticket)
    if spot is None or spot.stage in FINISHED:
        return refused_so(clinic, Refused.OVER if spot else None, result)
    return clinic.put(asked.op.ticket, spot._replace(urgency=asked.op.urgency)) if result == DONE else None


def _suspend(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Suspend)
    refused = Refused.NOT_OPEN if clinic.closed(asked.op.session) else None
    return refused_so(clinic, refused, result) if refused else _to(clinic, asked.op.session, Door.SUSPENDED, result)


def _resume(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Resume)
    if clinic.line(asked.op.session).door != Door.SUSPENDED:
        return refused_so(clinic, Refused.NOT_OPEN, result)
    return _to(clinic, asked.op.session, Door.OPEN, result)


def _close(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    assert isinstance(asked.op, Close)
    return _to(clinic, asked.op.session, Door.CLOSED, result)


def _open(clinic: Clinic, asked: Asked, result: object) -> Clinic | None:
    """What was given back while it was closed is offered now."""
    assert isinstance(asked.op, Open)
    was_closed = clinic.closed(asked.op.session)
    after = _to(clinic, asked.op.session, Door.OPEN, result)
    if after is None or not was_closed:
        return after
    return after.with_line(asked.op.session, after.line(asked.op.session).offering(asked.at))


def _to(clinic: Clinic, session: int, door: Door, result: object) -> Clinic | None:
    return clinic.with_line(session, clinic.line(session)._replace(door=door)) if result == DONE else None


def _takes_nobody(clinic: Clinic, session: int) -> Refused | None:
    return Refused.CLOSED if clinic.closed(session) else None


def _inside_or_over(spot: Spot) -> Refused | None:
    if spot.stage in IN_ROOM:
        return Refused.BUSY
    return Refused.OVER if spot.stage in FINISHED else None


def _look(clinic: Clinic, _asked: Asked, result: object) -> Clinic | None:
    return clinic if seen(clinic) == result else None


STEPS: Final[Mapping[type, Callable[[Clinic, Any, object], Clinic | None]]] = {
    Book: _book,
    Arrive: _arrive,
    Cancel: _cancel,
    Send: _send,
    JoinList: _join_list,
    Accept: _accept,
    Resize: _resize,
    Hold: _hold,
    Release: _release,
    Classify: _classify,
    Suspend: _suspend,
    Resume: _resume,
    Close: _close,
    Open: _open,
    CallNext: rooms.call_next,
    CallThis: rooms.call_this,
    Answer: rooms.answer,
    End: rooms.end,
    Look: _look,
}
