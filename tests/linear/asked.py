"""What is asked of a clinic in a history, and how it may be refused: the words of clients, records and model."""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec


class Where(NamedTuple):
    """A ticket: its session and its number there, both from 1."""

    session: int
    serial: int


class Listed(NamedTuple):
    """Somebody on a waiting list: the session, and the position there from 1."""

    session: int
    position: int


class Book(msgspec.Struct, frozen=True, tag=True):
    session: int


class Arrive(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Cancel(msgspec.Struct, frozen=True, tag=True):
    ticket: Where


class Send(msgspec.Struct, frozen=True, tag=True):
    """``onward``: the patient goes on there now, else comes then; ``squeezed``: whether there is a place or not.

    ``doctor`` sends on from the own room, nobody else from any.
    """

    ticket: Where
    session: int
    onward: bool
    squeezed: bool = False
    doctor: str = ""


class JoinList(msgspec.Struct, frozen=True, tag=True):
    """Wait for a place of a full session."""

    session: int


class Accept(msgspec.Struct, frozen=True, tag=True):
    """Take the place that is held."""

    entry: Listed


class Resize(msgspec.Struct, frozen=True, tag=True):
    """So many places from now on."""

    session: int
    capacity: int


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


class Close(msgspec.Struct, frozen=True, tag=True):
    session: int


class Open(msgspec.Struct, frozen=True, tag=True):
    """Whatever it was."""

    session: int


class CallNext(msgspec.Struct, frozen=True, tag=True):
    session: int
    doctor: str


class CallThis(msgspec.Struct, frozen=True, tag=True):
    """Out of turn: one who waits or is held, or else one who has missed a call."""

    ticket: Where
    doctor: str
    recalled: bool


class Answer(msgspec.Struct, frozen=True, tag=True):
    """By the patient."""

    ticket: Where


class End(msgspec.Struct, frozen=True, tag=True):
    ticket: Where
    doctor: str
    outcome: str


class Look(msgspec.Struct, frozen=True, tag=True):
    """Read everything, once all is quiet: the result is how each session, its tickets and its list stand."""


Waiting = JoinList | Accept | Resize
Hours = Suspend | Resume | Close | Open
Visiting = CallNext | CallThis | Answer | End
Op = Book | Arrive | Cancel | Send | Hold | Release | Classify | Waiting | Hours | Visiting


class Asked(NamedTuple):
    """``at``: the moment that was handed to the service, in microseconds."""

    op: Op | Look
    at: int = 0


class Refused(StrEnum):
    """What a caller may be told instead, by the name of the error."""

    FULL = "SessionFull"
    NOT_FULL = "PlacesFree"
    OFFER_OVER = "OfferOver"
    OVER = "TicketOver"
    BUSY = "AlreadyInVisit"
    NOBODY = "NobodyWaiting"
    NOT_WAITING = "NotWaiting"
    NOT_CALLED = "NotCalled"
    NOT_OPEN = "SessionNotOpen"
    CLOSED = "SessionClosed"
    NOT_ANSWERED = "NotInVisit"
    VISIT_OVER = "VisitOver"


DONE: Final = "done"
