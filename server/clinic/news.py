"""Which live topics a change of the line touches, and what of it goes into the audit. Pure."""

from collections.abc import Iterable
from datetime import datetime

from server.access.audit import AuditEntry
from server.clinic import events
from server.clinic.events import Event
from server.clinic.line import Line, changes
from server.clinic.ticket import TicketState

ACTIONS: dict[type[Event], str] = {
    events.TicketArrived: "ticket.arrived",
    events.TicketCalled: "ticket.called",
    events.TicketAnswered: "ticket.answered",
    events.TicketPutBack: "ticket.put_back",
    events.TicketGivenUp: "ticket.given_up",
    events.TicketNeverCame: "ticket.never_came",
    events.TicketCompleted: "ticket.completed",
    events.TicketHeld: "ticket.held",
    events.TicketReleased: "ticket.released",
    events.TicketCancelled: "ticket.cancelled",
    events.TicketWithdrawn: "ticket.withdrawn",
    events.TicketTransferred: "ticket.transferred",
    events.TicketReclassified: "ticket.reclassified",
}


def line_topics(session_id: str) -> list[str]:
    """The same line twice: with alarm priorities for its doctors, without for those who arrange."""
    return [f"session:{session_id}", f"line:{session_id}"]


def topics(session_id: str, before: Line, after: Line) -> list[str]:
    """The line's, and the tickets' whose own state or number of people ahead may be another now.

    Where it opens or closes, theirs too who are booked: they may check in.
    """
    booked = [] if before.session is after.session else [t for t in after.tickets if t.state is TicketState.BOOKED]
    touched = {ticket.id for ticket in [*changes(before, after), *after.waiting(), *booked]}
    return [*line_topics(session_id), *(f"ticket:{ticket_id}" for ticket_id in sorted(touched))]


def audit_entries(happened: Iterable[Event], actor: str, now: datetime) -> list[AuditEntry]:
    return [
        AuditEntry(now, actor, ACTIONS[type(event)], f"ticket:{event.ticket_id}", _detail(event)) for event in happened
    ]


def _detail(event: Event) -> dict[str, str | int | bool | None]:
    match event:
        case events.TicketArrived(late=True):
            return {"late": True}
        case events.TicketReclassified(urgency=urgency):
            return {"urgency": int(urgency)}
        case (
            events.TicketPutBack(cause=cause)
            | events.TicketCompleted(cause=cause)
            | events.TicketCancelled(cause=cause)
            | events.TicketWithdrawn(cause=cause)
            | events.TicketTransferred(cause=cause)
        ):
            return {"cause": cause}
        case _:
            return {}
