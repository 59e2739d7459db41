"""What has happened to a ticket, in the past tense. The line says so; audit, letters and pages are made from it."""

from dataclasses import dataclass

from server.clinic.ticket import Cause, Urgency


@dataclass(frozen=True, slots=True)
class TicketArrived:
    """``late``: after the number was passed, so behind others."""

    ticket_id: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class TicketCalled:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketAnswered:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketPutBack:
    """Waits again: behind others after a missed call, at the old place after a failure that was not the patient's."""

    ticket_id: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TicketGivenUp:
    """The last allowed call was missed."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketNeverCame:
    """The day is over and nobody has checked in with it."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketCompleted:
    ticket_id: str
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class TicketHeld:
    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketReleased:
    """Waits again after having been held."""

    ticket_id: str


@dataclass(frozen=True, slots=True)
class TicketCancelled:
    """Given back before the visit, by the clinic or by a patient who had not come."""

    ticket_id: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TicketWithdrawn:
    """Left by a patient who was here."""

    ticket_id: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TicketTransferred:
    """Goes on in another session, under a number of that one."""

    ticket_id: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TicketReclassified:
    ticket_id: str
    urgency: Urgency


Event = (
    TicketArrived
    | TicketCalled
    | TicketAnswered
    | TicketPutBack
    | TicketGivenUp
    | TicketNeverCame
    | TicketCompleted
    | TicketHeld
    | TicketReleased
    | TicketCancelled
    | TicketWithdrawn
    | TicketTransferred
    | TicketReclassified
)
