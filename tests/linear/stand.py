"""How a clinic stands in the model: lines of tickets, lists, rooms. All tuples, since a search compares thousands."""

from enum import IntEnum
from typing import Final, NamedTuple

from tests.linear.asked import Refused, Where
from tests.linear.waitlist import Entry, Turn, offered_until, refilled

ROOM: Final = 1000  # between two numbers in the order of a line
STEP_BACK: Final = 3
ROUTINE: Final = 2


class Stage(IntEnum):
    BOOKED = 0
    HERE = 1
    HELD = 2
    CALLED = 3
    IN_VISIT = 4
    OVER = 5
    NO_SHOW = 6
    GIVEN_BACK = 7  # over as well, but its place is free


class Door(IntEnum):
    """Of a session."""

    OPEN = 0
    SUSPENDED = 1
    CLOSED = 2


IN_ROOM: Final = frozenset({Stage.CALLED, Stage.IN_VISIT})
FINISHED: Final = frozenset({Stage.OVER, Stage.NO_SHOW, Stage.GIVEN_BACK})
LASTS_US: Final = 12 * 3_600_000_000


class Spot(NamedTuple):
    """One ticket: its place in the order, whether it was ever called, and when it was to be there."""

    stage: Stage
    place: int
    planned: int
    urgency: int = ROUTINE
    missed: int = 0
    called: bool = False


class Line(NamedTuple):
    """The tickets of a session by number, its list by position. It opens at ``opens``, in microseconds."""

    opens: int
    capacity: int
    spots: tuple[Spot, ...] = ()
    door: Door = Door.OPEN
    entries: tuple[Entry, ...] = ()

    def free(self) -> int:
        """Places that are neither taken nor held for somebody."""
        held = sum(spot.stage != Stage.GIVEN_BACK for spot in self.spots)
        return max(0, self.capacity - held - sum(entry.turn == Turn.OFFERED for entry in self.entries))

    def offering(self, at: int) -> "Line":
        """Offers that have ended lapse, and every free place is held for the next on the list. Not where it closed."""
        until = at if self.door == Door.CLOSED else offered_until(at, self.opens, self.opens + LASTS_US)
        lapsed = self._replace(entries=tuple(entry.lapsed(at) for entry in self.entries))
        return lapsed._replace(entries=refilled(lapsed.entries, lapsed.free() if until > at else 0, until))

    def waiting(self) -> list[int]:
        """The numbers of those who are here, the next one first."""
        here = [(spot.urgency, spot.place, serial) for serial, spot in enumerate(self.spots, 1) if spot.stage == 1]
        return [serial for _, _, serial in sorted(here)]

    def passed(self, urgency: int) -> int:
        """The highest number called of those who are no more urgent."""
        called = (serial for serial, spot in enumerate(self.spots, 1) if spot.called and spot.urgency >= urgency)
        return max(called, default=0)

    def behind_the_third(self, spot: Spot) -> int:
        """Nobody is put behind another class: an urgent one stands before it anyway, and passes the others."""
        first = [self.spots[serial - 1] for serial in self.waiting()[:STEP_BACK]]
        others = [other.place for other in first if other.urgency == spot.urgency]
        if not others or others[-1] < spot.place:
            return spot.place
        taken = {other.place for other in self.spots}
        return next(place for place in range(others[-1] + 1, others[-1] + ROOM) if place not in taken)


class Clinic(NamedTuple):
    """All lines by number, and which doctor has whom in the room."""

    lines: tuple[Line, ...]
    rooms: frozenset[tuple[str, Where]] = frozenset()

    def line(self, session: int) -> Line:
        return self.lines[session - 1]

    def spot(self, at: Where) -> Spot | None:
        """None for a number that has not been issued at this point of the history."""
        spots = self.lines[at.session - 1].spots
        return spots[at.serial - 1] if at.serial <= len(spots) else None

    def full(self, session: int) -> bool:
        return self.line(session).free() == 0

    def closed(self, session: int) -> bool:
        return self.line(session).door == Door.CLOSED

    def put(self, at: Where, spot: Spot) -> "Clinic":
        line = self.line(at.session)
        spots = (*line.spots[: at.serial - 1], spot, *line.spots[at.serial :])
        return self.with_line(at.session, line._replace(spots=spots))

    def give_back(self, at: Where, spot: Spot, now: int) -> "Clinic":
        """The place is the next one's who waits for it."""
        left = self.put(at, spot._replace(stage=Stage.GIVEN_BACK))
        return left.with_line(at.session, left.line(at.session).offering(now))

    def issue(self, session: int, spot: Spot) -> "tuple[Clinic, int]":
        line = self.line(session)
        serial = len(line.spots) + 1
        spots = (*line.spots, spot._replace(place=serial * ROOM))
        return self.with_line(session, line._replace(spots=spots)), serial

    def with_line(self, session: int, line: Line) -> "Clinic":
        return self._replace(lines=(*self.lines[: session - 1], line, *self.lines[session:]))

    def rooms_of(self, doctor: str) -> set[int]:
        """The sessions from which this doctor has somebody in the room."""
        return {ticket.session for who, ticket in self.rooms if who == doctor}


def empty(opens: tuple[int, ...], capacity: int) -> Clinic:
    return Clinic(tuple(Line(each, capacity) for each in opens))


def refused_so(clinic: Clinic, refused: Refused | None, result: object) -> Clinic | None:
    """A refusal changes nothing, and must be the one that was told."""
    return clinic if refused and result == refused else None


Stand = tuple[tuple[Door, int], tuple[tuple[Stage, int, int, int], ...], tuple[Entry, ...]]


def seen(clinic: Clinic) -> tuple[Stand, ...]:
    """Of each session its door and capacity, stage, place, urgency and misses of all its tickets, and its list."""
    return tuple(
        (
            (line.door, line.capacity),
            tuple((spot.stage, spot.place, spot.urgency, spot.missed) for spot in line.spots),
            line.entries,
        )
        for line in clinic.lines
    )
