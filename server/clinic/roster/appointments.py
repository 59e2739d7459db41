"""A ticket as an appointment: the calendar file of one's own ticket, and of a booking that was just made."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.clinic.errors import NotFound
from server.clinic.roster.calendar import Appointment, Organiser, calendar_file
from server.clinic.roster.public import Confirmed
from server.notifications.messages import locale_of


@dataclass(frozen=True, slots=True)
class Kept:
    """An appointment, and in which language its patient reads."""

    appointment: Appointment
    locale: str


class AppointmentLook(Protocol):
    async def appointment(self, ticket_id: str) -> Kept | None: ...


class Appointments:
    """Whose ticket it is, the caller has checked."""

    def __init__(self, look: Callable[[], AbstractAsyncContextManager[AppointmentLook]], organiser: Organiser) -> None:
        self._look = look
        self._organiser = organiser

    async def of_ticket(self, ticket_id: str, now: datetime) -> bytes:
        """Raises ``NotFound``."""
        async with self._look() as look:
            kept = await look.appointment(ticket_id)
        if kept is None:
            raise NotFound("no such ticket")
        return self._file(kept, now)

    def of_booking(self, confirmed: Confirmed, now: datetime) -> str:
        ticket, session = confirmed.ticket, confirmed.session
        appointment = Appointment(ticket.id, ticket.serial, session.opens_at, session.closes_at)
        return self._file(Kept(appointment, confirmed.locale), now).decode()

    def _file(self, kept: Kept, now: datetime) -> bytes:
        return calendar_file(self._organiser, kept.appointment, locale_of(kept.locale), now)
