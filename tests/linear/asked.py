"""What is asked of a clinic in a history, and how it may be refused: the words of clients, records and model."""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec


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
    """``onward``: the patient goes on there now, else comes then; ``squeezed``: whether there is a place or not."""

    ticket: Where
    session: int
    onward: bool
    squeezed: bool = False


class Hold(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Release(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Classify(msgspec.Struct, frozen=True, tag=True):
    """Into another class of urgency: the lower, the sooner."""

    ticket: Where
    urgency: int


class Suspend(msgspec.Struct, frozen=True, tag=True):
    session: int


class Resume(msgspec.Struct, frozen=True, tag=True):
    session: int


class CallNext(msgspec.Struct, frozen=True, tag=True):
    session: int
    doctor: str


class CallThis(msgspec.Struct, frozen=True, tag=True):
    """Out of turn: one who waits or is held, or else one who has missed a call."""

    ticket: Where
    doctor: str
    recalled: bool


class End(msgspec.Struct, frozen=True, tag=True):
    ticket: Where
    doctor: str
    outcome: str


class Look(msgspec.Struct, frozen=True, tag=True):
    """Read everything, once all is quiet: the result is each session's state and the stand of each of its tickets."""


Op = Book | Arrive | Cancel | Send | Hold | Release | Classify | Suspend | Resume | CallNext | CallThis | End


class Asked(NamedTuple):
    """``at``: the moment that was handed to the service, in microseconds."""

    op: Op | Look
    at: int = 0


class Refused(StrEnum):
    """What a caller may be told instead, by the name of the error."""

    FULL = "SessionFull"
    OVER = "TicketOver"
    BUSY = "AlreadyInVisit"
    NOBODY = "NobodyWaiting"
    NOT_WAITING = "NotWaiting"
    NOT_OPEN = "SessionNotOpen"
    VISIT_OVER = "VisitOver"


DONE: Final = "done"
