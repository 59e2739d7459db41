"""A ticket: one place in one line, with its serial number. What may become of it stands in ``line``."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

PLACES_PER_SERIAL = 1000  # room between two serial numbers for those who are put back


class TicketState(StrEnum):
    BOOKED = "booked"
    ARRIVED = "arrived"
    CALLED = "called"
    IN_VISIT = "in_visit"
    HELD = "held"  # is here, keeps the place and is not called until released: a result is awaited
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"  # was here and left by the patient's own wish
    TRANSFERRED = "transferred"  # goes on as another ticket, which names this one in ``came_from``


class Cause(StrEnum):
    """Why a ticket stands where it stands, or is over without an ordinary visit. Only absence costs a place."""

    PATIENT_ABSENT = "patient_absent"
    DOCTOR_ABSENT = "doctor_absent"
    TECHNICAL_FAILURE = "technical_failure"
    UNFIT_FOR_ONLINE_CARE = "unfit_for_online_care"
    BY_PATIENT = "by_patient"
    BY_CLINIC = "by_clinic"
    LATE = "late"
    MOVED = "moved"
    TRANSFERRED = "transferred"
    NO_CONSENT = "no_consent"


class Urgency(IntEnum):
    """The lower, the sooner: a class goes wholly before the next one."""

    URGENT = 0
    SOON = 1
    ROUTINE = 2


IN_ROOM = frozenset({TicketState.CALLED, TicketState.IN_VISIT})
OUTSIDE = frozenset({TicketState.BOOKED, TicketState.ARRIVED, TicketState.HELD})
MOVED_BY_PATIENT = frozenset({TicketState.BOOKED, TicketState.ARRIVED})  # a held one the doctor waits for
OVER = frozenset(TicketState) - IN_ROOM - OUTSIDE


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the line. No two tickets of a session share a ``place``.

    ``planned_at`` is when the patient was asked to come, ``called_at`` the last call, ``called_by`` the doctor in
    whose room it is, ``came_from`` the ticket of another session that this one goes on from.
    """

    id: str
    serial: int
    place: int
    state: TicketState = TicketState.BOOKED
    urgency: Urgency = Urgency.ROUTINE
    missed: int = 0
    cause: Cause | None = None
    late: bool = False
    planned_at: datetime | None = None
    arrived_at: datetime | None = None
    called_at: datetime | None = None
    called_by: str | None = None
    came_from: str | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """Orders those who wait: urgency first, then place; the lower, the sooner."""
        return (self.urgency, self.place)


def new_ticket(ticket_id: str, serial: int, planned_at: datetime | None = None) -> Ticket:
    """A ticket as booked. ``serial`` is the session's next number, from 1 without gaps; the store issues it."""
    return Ticket(ticket_id, serial, place=serial * PLACES_PER_SERIAL, planned_at=planned_at)
