"""Which live topics a change of the line touches, and what of it goes into the audit. Pure."""

from collections.abc import Iterable
from datetime import datetime

from server.access.audit import AuditEntry
from server.clinic import line as events
from server.clinic.line import Event, Line, changes

ACTIONS: dict[type[Event], str] = {
    events.TicketArrived: "ticket.arrived",
    events.TicketCalled: "ticket.called",
    events.TicketAnswered: "ticket.answered",
    events.TicketPutBack: "ticket.put_back",
    events.TicketGivenUp: "ticket.given_up",
    events.TicketCompleted: "ticket.completed",
}


def line_topics(session_id: str) -> list[str]:
    """The same line twice: with alarm priorities for its doctor, without for those who arrange."""
    return [f"session:{session_id}", f"line:{session_id}"]


def topics(session_id: str, before: Line, after: Line) -> list[str]:
    """The line's, and the tickets' whose own state or number of people ahead may be another now."""
    touched = {ticket.id for ticket in [*changes(before, after), *after.waiting()]}
    return [*line_topics(session_id), *(f"ticket:{ticket_id}" for ticket_id in sorted(touched))]


def audit_entries(happened: Iterable[Event], actor: str, now: datetime) -> list[AuditEntry]:
    return [
        AuditEntry(now, actor, ACTIONS[type(event)], f"ticket:{event.ticket_id}", _detail(event)) for event in happened
    ]


def _detail(event: Event) -> dict[str, str | int | bool | None]:
    if isinstance(event, events.TicketPutBack | events.TicketCompleted):
        return {"cause": event.cause}
    return {}
