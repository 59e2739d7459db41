"""An appointment as a message needs it: whose, with which number, when, by which link; when to remind of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender, locale_of
from server.notifications.templates import Text


@dataclass(frozen=True, slots=True)
class Appointment:
    """A ticket that is still to be seen, with its living link. ``planned_at`` is its own time within the session."""

    ticket_id: str
    serial: int
    patient_id: str
    phone: str
    locale: str
    link_id: str
    booked_at: datetime
    planned_at: datetime
    opens_at: datetime
    closes_at: datetime


class Reminder(StrEnum):
    DAY = "reminder-day"
    SOON = "reminder-soon"


@dataclass(frozen=True, slots=True)
class Window:
    """From ``before`` the planned time on, until ``latest`` before it: what comes later than that is not sent."""

    before: timedelta
    latest: timedelta


WINDOWS: Final = {
    Reminder.DAY: Window(timedelta(hours=24), timedelta(hours=2)),
    Reminder.SOON: Window(timedelta(minutes=10), timedelta()),
}
FURTHEST: Final = max(window.before for window in WINDOWS.values())


def due(appointment: Appointment, now: datetime) -> tuple[Reminder, ...]:
    """The reminders whose window is open. Who booked within a window has just been told and is not reminded of it."""
    planned = appointment.planned_at
    return tuple(
        reminder
        for reminder, window in WINDOWS.items()
        if appointment.booked_at < planned - window.before <= now < planned - window.latest
    )


def cause(appointment: Appointment, reminder: Reminder) -> str:
    """Unique in the outbox: however often it is written, it is told once."""
    return f"ticket:{appointment.ticket_id}:{reminder}"


def reminding(appointment: Appointment, reminder: Reminder, sender: Sender, now: datetime) -> NewDelivery:
    window, locale = WINDOWS[reminder], locale_of(appointment.locale)
    word = messages.reminder_day if reminder is Reminder.DAY else messages.reminder_soon
    text = word(sender, locale, serial=appointment.serial, opens_at=appointment.opens_at)
    until = max(appointment.planned_at - window.latest, now + timedelta(minutes=1))
    return _letter(appointment, cause(appointment, reminder), text, (now, until))


def recovering(appointment: Appointment, recovery_id: str, sender: Sender, now: datetime) -> NewDelivery:
    """Again to the number that asked; every asking is a cause of its own."""
    text = messages.link_recovered(
        sender, locale_of(appointment.locale), serial=appointment.serial, opens_at=appointment.opens_at
    )
    until = now + timedelta(hours=1)
    return _letter(appointment, f"recovery:{recovery_id}:{appointment.ticket_id}", text, (now, until))


def _letter(appointment: Appointment, because: str, text: Text, life: tuple[datetime, datetime]) -> NewDelivery:
    return NewDelivery(
        cause=because,
        recipient=f"patient:{appointment.patient_id}",
        address=appointment.phone,
        text=text,
        created_at=life[0],
        expires_at=life[1],
        link_id=appointment.link_id,
    )
