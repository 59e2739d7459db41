"""THE ROSTER: weekly windows of the hospital's wall clock → sessions in real time. Pure; nothing is stored.

One template is one weekday and one window; a doctor's morning and afternoon are two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import combinations

from server.clinic.kinds import LONGEST_MINUTES, Kinds
from server.clinic.roster.errors import InvalidRoster, TemplateOverlaps
from server.clinic.session import LONGEST_TITLE

LARGEST_CAPACITY = 500
LONGEST_NAME = 60
DAYS_OF_WEEK = 7
FARTHEST = 92  # days ahead that a roster is worked out for
CLOCK_FORM = "%H:%M"


@dataclass(frozen=True, slots=True)
class Window:
    """Consulting hours by the wall clock, within one day."""

    opens: time
    closes: time

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime] | None:
        """The window's real moments, in UTC; None where it falls into a gap of the clock, or the day does not exist.

        A wall time that comes twice is its first, one that is jumped over is as late as it would have been
        (RFC 5545 §3.3.5): the window then opens later or is shorter, and closes by the clock on the wall.
        """
        opens_at, closes_at = _moment(day, self.opens, zone), _moment(day, self.closes, zone)
        there = opens_at.astimezone(zone).date() == day and opens_at < closes_at
        return (opens_at, closes_at) if there else None

    def meets(self, other: "Window") -> bool:
        return self.opens < other.closes and other.opens < self.closes


@dataclass(frozen=True, slots=True)
class Template:
    """``weekday`` as of ``date.weekday()``: 0 is Monday. ``last_day`` None: until somebody ends it."""

    id: str
    doctor_id: str
    department_id: str
    title: str
    weekday: int
    window: Window
    first_day: date
    last_day: date | None = None
    capacity: int | None = None
    kinds: Kinds = ()

    def check(self) -> None:
        """Raises ``InvalidRoster`` for the first field that cannot be taken."""
        if not 1 <= len(self.title.strip()) <= LONGEST_TITLE:
            raise InvalidRoster("title", f"has 1 to {LONGEST_TITLE} characters")
        if not 0 <= self.weekday < DAYS_OF_WEEK:
            raise InvalidRoster("weekday", "is 0 (Monday) to 6 (Sunday)")
        if self.window.opens >= self.window.closes:
            raise InvalidRoster("closes", "lies after opens, on the same day")
        if self.last_day is not None and self.last_day < self.first_day:
            raise InvalidRoster("last_day", "does not lie before first_day")
        check_capacity(self.capacity)
        _check_kinds(self.kinds)

    def runs(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)

    def overlaps(self, other: "Template") -> bool:
        """Would the doctor have to be in both at once, on some day?"""
        if (self.doctor_id, self.weekday) != (other.doctor_id, other.weekday):
            return False
        together = max(self.first_day, other.first_day)
        return self.window.meets(other.window) and all(
            template.last_day is None or together <= template.last_day for template in (self, other)
        )


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off. With ``runs_as`` a day that is worked instead of another: by the templates of that weekday (调休)."""

    day: date
    name: str
    runs_as: int | None = None

    def check(self) -> None:
        """Raises ``InvalidRoster``."""
        check_name("name", self.name)
        if self.runs_as is not None and not 0 <= self.runs_as < DAYS_OF_WEEK:
            raise InvalidRoster("runs_as", "is 0 (Monday) to 6 (Sunday), or nothing")


@dataclass(frozen=True, slots=True)
class DueSession:
    """A session that the roster asks for: unique by template and local day."""

    template: Template
    day: date
    opens_at: datetime
    closes_at: datetime


def check_templates(templates: Sequence[Template]) -> None:
    """Raises ``TemplateOverlaps`` where a doctor would have to be in two places."""
    if any(one.overlaps(other) for one, other in combinations(templates, 2)):
        raise TemplateOverlaps


def due_sessions(
    templates: Iterable[Template], days: Iterable[date], holidays: Mapping[date, Holiday], zone: tzinfo
) -> list[DueSession]:
    """What is to take place on ``days``, in order of time."""
    kept = list(templates)
    due = [
        DueSession(template, day, *moments)
        for day in days
        for template in kept
        if template.weekday == weekday_worked(day, holidays) and template.runs(day)
        if (moments := template.window.on(day, zone))
    ]
    return sorted(due, key=lambda session: (session.opens_at, session.template.id))


def weekday_worked(day: date, holidays: Mapping[date, Holiday]) -> int | None:
    """Whose weekday's templates run on ``day``; None on a day off."""
    holiday = holidays.get(day)
    return day.weekday() if holiday is None else holiday.runs_as


def days_ahead(first: date, count: int) -> list[date]:
    """``first`` and the days after it. Raises ``InvalidRoster`` beyond ``FARTHEST``."""
    if not 1 <= count <= FARTHEST:
        raise InvalidRoster("days", f"is 1 to {FARTHEST}")
    return [first + timedelta(days=number) for number in range(count)]


def clock(text: str, field: str) -> time:
    """A wall time as "08:00". Raises ``InvalidRoster``."""
    try:
        return datetime.strptime(text, CLOCK_FORM).time()  # noqa: DTZ007 – a time of the wall clock, of no day
    except ValueError:
        raise InvalidRoster(field, "is a time like 08:00") from None


def check_name(field: str, name: str) -> None:
    """Raises ``InvalidRoster``."""
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise InvalidRoster(field, f"has 1 to {LONGEST_NAME} characters")


def check_capacity(capacity: int | None) -> None:
    """Raises ``InvalidRoster``."""
    if capacity is not None and not 1 <= capacity <= LARGEST_CAPACITY:
        raise InvalidRoster("capacity", f"is 1 to {LARGEST_CAPACITY}, or nothing for no bound")


def _check_kinds(kinds: Kinds) -> None:
    if len({planned.kind for planned in kinds}) != len(kinds):
        raise InvalidRoster("kinds", "names a kind twice")
    if not all(1 <= planned.minutes <= LONGEST_MINUTES for planned in kinds):
        raise InvalidRoster("kinds", f"plans 1 to {LONGEST_MINUTES} minutes for each")


def _moment(day: date, wall: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)
