"""A session: consulting hours of one or several doctors on a day, and whether its line moves. Values only."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from server.clinic.errors import InvalidSession, SessionClosed, SessionNotOpen, TooEarly
from server.clinic.kinds import Kinds, VisitKind
from server.clinic.wording import one_line

LONGEST_TITLE = 120
LONGEST_HOURS = timedelta(hours=24)
LINK_OUTLIVES_SESSION = timedelta(hours=6)  # sessions run late; who waits must be able to come back
CHECK_IN_BEFORE = timedelta(hours=1)  # the opening: who would wait longer waits at home


class SessionState(StrEnum):
    PLANNED = "planned"  # takes bookings and check-ins, calls nobody
    OPEN = "open"
    SUSPENDED = "suspended"  # as open, but calls nobody; those who wait stay and are told why
    CLOSED = "closed"  # takes nobody new, calls nobody; those who wait keep their places until it opens again


@dataclass(frozen=True, slots=True)
class Doctor:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Department:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """``last_serial`` is the number given last; 0 before the first booking.

    ``doctor_id`` owns the session, ``joined`` call from it too. ``message`` is shown while it is suspended.
    ``capacity`` None has no bound; ``kinds`` are those that it offers, none: a booking names none.
    """

    id: str
    title: str
    doctor_id: str
    doctor_name: str
    opens_at: datetime
    closes_at: datetime
    state: SessionState = SessionState.PLANNED
    last_serial: int = 0
    message: str | None = None
    joined: tuple[Doctor, ...] = ()
    department: Department | None = None
    capacity: int | None = None
    kinds: Kinds = ()

    @property
    def doctors(self) -> tuple[Doctor, ...]:
        """All who may call from it, the owner first."""
        return (Doctor(self.doctor_id, self.doctor_name), *self.joined)

    def opened(self) -> "Session":
        """From any state. A closed session may open again: closing is easily pressed by mistake."""
        return replace(self, state=SessionState.OPEN, message=None)

    def suspended(self, message: str) -> "Session":
        """Again with another message says that one. Raises ``SessionNotOpen``, ``InvalidWords``."""
        if self.state not in {SessionState.OPEN, SessionState.SUSPENDED}:
            raise SessionNotOpen("only an open session is suspended")
        return replace(self, state=SessionState.SUSPENDED, message=one_line(message, "message"))

    def resumed(self) -> "Session":
        """Raises ``SessionNotOpen`` where it is not suspended."""
        if self.state is not SessionState.SUSPENDED:
            raise SessionNotOpen("only a suspended session is resumed")
        return self.opened()

    def closed(self) -> "Session":
        return replace(self, state=SessionState.CLOSED, message=None)

    def calls(self, doctor_id: str) -> bool:
        return any(doctor.id == doctor_id for doctor in self.doctors)

    def minutes(self, kind: VisitKind | None) -> int:
        """What is planned for a visit of this kind here."""
        return next((planned.minutes for planned in self.kinds if planned.kind is kind), 0)

    @property
    def check_in_from(self) -> datetime | None:
        """None: now, since the doctor has opened it, on time or not."""
        return self.opens_at - CHECK_IN_BEFORE if self.state is SessionState.PLANNED else None

    def check_takes_check_ins(self, now: datetime) -> None:
        """Raises ``TooEarly``: who looks at the link on the day before is not in the line, and wants reminders."""
        if self.check_in_from is not None and now < self.check_in_from:
            raise TooEarly("checking in begins an hour before the session")

    def turn_at(self, minutes: int) -> datetime:
        """When to come behind so many planned minutes."""
        return min(self.opens_at + timedelta(minutes=minutes), self.closes_at)

    def check_takes_bookings(self, now: datetime) -> None:
        """Raises ``SessionClosed``; hours after its end too, where every number left in it gets its end."""
        if self.state is SessionState.CLOSED:
            raise SessionClosed("the session is closed; open it again to book")
        if now >= self.closes_at + LINK_OUTLIVES_SESSION:
            raise SessionClosed("the session is over")


@dataclass(frozen=True, slots=True)
class Hours:
    """What a new session is made from."""

    doctor_id: str
    title: str
    opens_at: datetime
    closes_at: datetime

    def check(self) -> None:
        """Raises ``InvalidSession``."""
        if not 1 <= len(self.title.strip()) <= LONGEST_TITLE:
            raise InvalidSession(f"a title has 1 to {LONGEST_TITLE} characters")
        if not timedelta(0) < self.closes_at - self.opens_at <= LONGEST_HOURS:
            raise InvalidSession("a session closes after it opens, within 24 hours")


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """First moment of the local ``day`` and of the next one."""
    return (
        datetime.combine(day, time.min, tzinfo=zone),
        datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone),
    )
