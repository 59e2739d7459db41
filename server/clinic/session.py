"""A session: one doctor's consulting hours on a day, and whether its line moves. Values only."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from server.clinic.errors import InvalidSession, SessionClosed

LONGEST_TITLE = 120
LONGEST_HOURS = timedelta(hours=24)


class SessionState(StrEnum):
    PLANNED = "planned"  # takes bookings and check-ins, calls nobody
    OPEN = "open"
    CLOSED = "closed"  # takes nobody new, calls nobody; those who wait keep their places until it opens again


@dataclass(frozen=True, slots=True)
class Session:
    """``last_serial`` is the number given last; 0 before the first booking."""

    id: str
    title: str
    doctor_id: str
    doctor_name: str
    opens_at: datetime
    closes_at: datetime
    state: SessionState = SessionState.PLANNED
    last_serial: int = 0

    def opened(self) -> "Session":
        """A closed session may open again: closing is easily pressed by mistake."""
        return replace(self, state=SessionState.OPEN)

    def closed(self) -> "Session":
        return replace(self, state=SessionState.CLOSED)

    def check_takes_bookings(self) -> None:
        if self.state is SessionState.CLOSED:
            raise SessionClosed("the session is closed; open it again to book")


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
