"""The calendar file of a booking (RFC 5545). The only file that imports icalendar, and not before one is asked for.

A calendar is read by a family and kept by strangers' servers: it names hospital, time and serial number, no person, no
department, and never the join link.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from server.notifications.templates import Locale

if TYPE_CHECKING:
    from icalendar import Alarm, Calendar, Event

PRODUCT = "-//Bedside//Internet hospital//EN"
REMIND_BEFORE = timedelta(minutes=10)
SUMMARY = {Locale.ZH: "{hospital} 视频就诊 {serial}号", Locale.EN: "{hospital}: video visit, number {serial}"}
DESCRIPTION = {
    Locale.ZH: "请在开始看诊后用短信中的链接签到候诊。您的号码是{serial}号，就诊时间随队伍而定。咨询电话: {telephone}",
    Locale.EN: "Check in with the link in your SMS once consulting hours have begun. Your number is {serial}; "
    "when it is called depends on the line. Telephone: {telephone}",
}
REMINDER = {Locale.ZH: "十分钟后开始看诊", Locale.EN: "Consulting hours start in ten minutes"}


@dataclass(frozen=True, slots=True)
class Appointment:
    """What a calendar may know of a ticket. ``cancelled`` takes the entry off a calendar that has it.

    ``first_id`` is the ticket that was booked, before so many ``moves``: a calendar has one entry for all of them.
    """

    first_id: str
    serial: int
    opens_at: datetime
    closes_at: datetime
    moves: int = 0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Organiser:
    """In whose name, and where to ask."""

    hospital: str
    telephone: str


def calendar_file(organiser: Organiser, appointment: Appointment, locale: Locale, now: datetime) -> bytes:
    """The text/calendar of one appointment. Its UID is the same for ever, so that a later file replaces an earlier one
    (RFC 5545 §3.8.7.4: SEQUENCE grows)."""
    from icalendar import Event  # noqa: PLC0415 – an idle server does without

    words = {"hospital": organiser.hospital, "telephone": organiser.telephone, "serial": appointment.serial}
    event = Event()
    event.add("uid", f"{sha256(appointment.first_id.encode()).hexdigest()[:32]}@bedside")
    event.add("dtstamp", now)
    event.add("dtstart", appointment.opens_at)
    event.add("dtend", appointment.closes_at)
    event.add("summary", SUMMARY[locale].format(**words))
    event.add("description", DESCRIPTION[locale].format(**words))
    event.add("location", organiser.hospital)
    event.add("status", "CANCELLED" if appointment.cancelled else "CONFIRMED")
    event.add("sequence", appointment.moves + appointment.cancelled)
    event.add_component(_reminder(locale))
    return bytes(_calendar(event, cancelled=appointment.cancelled).to_ical())


def _reminder(locale: Locale) -> "Alarm":
    from icalendar import Alarm  # noqa: PLC0415 – see above

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMIND_BEFORE)
    alarm.add("description", REMINDER[locale])
    return alarm


def _calendar(event: "Event", *, cancelled: bool) -> "Calendar":
    from icalendar import Calendar  # noqa: PLC0415 – see above

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    return calendar
