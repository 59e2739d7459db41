"""One step of a line, and whom it gives cause to write to. Pure: the words stand in ``letters``, the rows elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from server.clinic import events, letters
from server.clinic.events import Event
from server.clinic.letters import Contact, session_life
from server.clinic.line import Line, changes
from server.clinic.session import Session, SessionState
from server.clinic.ticket import OVER, Cause, Ticket, TicketState
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender

NEAR = 3  # with so many ahead a patient is told to get ready


@dataclass(frozen=True, slots=True)
class By:
    """Who moved it, as in the audit, and when."""

    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """The line as it was and as it is. ``session`` is as after the step; ``before`` may be of another state."""

    session: Session
    before: Line
    after: Line
    happened: tuple[Event, ...] = ()


class Word(Enum):
    """What a patient is written."""

    THREE_AHEAD = "three_ahead"
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Due:
    ticket_id: str
    word: Word


def due_letters(moved: Movement) -> list[Due]:
    """By event first, then those whose turn has come near."""
    told = [Due(event.ticket_id, word) for event in moved.happened if (word := _word(event))]
    return [*told, *(Due(ticket_id, Word.THREE_AHEAD) for ticket_id in _come_near(moved.before, moved.after))]


def written(sender: Sender, due: Due, moved: Movement, to: Contact, *, now: datetime) -> NewDelivery | None:
    """The delivery; None where the text needs a link and the ticket has none left."""
    if due.word is Word.CANCELLED:
        return letters.cancelled(sender, to, moved.session, now)
    if to.link_id is None:
        return None
    if due.word is Word.MISSED:
        life = session_life(moved.session, now)
        return letters.missed(sender, to, moved.after.ticket(due.ticket_id).missed, life)
    return letters.three_ahead(sender, to, near(moved.after)[due.ticket_id], now)


def ended(moved: Movement) -> list[Ticket]:
    """Those whose way in is dead now. Who goes on elsewhere takes the link along."""
    gone = [ticket for ticket in changes(moved.before, moved.after) if ticket.state in OVER]
    return [ticket for ticket in gone if ticket.state is not TicketState.TRANSFERRED]


def near(line: Line) -> Mapping[str, int]:
    """Who will be called soon, checked in or not, and how many come first. Nobody where nobody is called."""
    if line.session is not SessionState.OPEN:
        return {}
    everybody = {**line.standing(), **line.expected_ahead()}
    return {ticket_id: ahead for ticket_id, ahead in everybody.items() if ahead <= NEAR}


def _come_near(before: Line, after: Line) -> list[str]:
    """Not who came near by the own step: who checks in has the page open, who missed a call or was moved is told that.

    Who was held did nothing: others released them.
    """
    were, states = near(before), {ticket.id: ticket.state for ticket in before.tickets}
    stood = {TicketState.BOOKED: {TicketState.BOOKED}, TicketState.ARRIVED: {TicketState.ARRIVED, TicketState.HELD}}
    return [each for each in near(after) if each not in were and states.get(each) in stood[after.ticket(each).state]]


def _word(event: Event) -> Word | None:
    match event:
        case events.TicketPutBack(cause=Cause.PATIENT_ABSENT):
            return Word.MISSED
        case events.TicketCancelled() | events.TicketWithdrawn() | events.TicketGivenUp():
            return Word.CANCELLED
        case _:
            return None
