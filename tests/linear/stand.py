"""How a clinic stands in the model: lines of tickets, rooms. All tuples, since a search compares thousands of them."""

from enum import IntEnum
from typing import Final, NamedTuple

from tests.linear.asked import Where

ROOM: Final = 1000  # between two numbers in the order of a line
STEP_BACK: Final = 3
ROUTINE: Final = 2


class Stage(IntEnum):
    BOOKED = 0
    HERE = 1
    HELD = 2
    IN_ROOM = 3
    OVER = 4
    NO_SHOW = 5
    GIVEN_BACK = 6  # over as well, but its place is free


FINISHED: Final = frozenset({Stage.OVER, Stage.NO_SHOW, Stage.GIVEN_BACK})


class Spot(NamedTuple):
    """One ticket: its place in the order, whether it was ever called, and when it was to be there."""

    stage: Stage
    place: int
    planned: int
    urgency: int = ROUTINE
    missed: int = 0
    called: bool = False


class Line(NamedTuple):
    """The tickets of a session by number. It opens at ``opens``, in microseconds."""

    opens: int
    spots: tuple[Spot, ...] = ()
    suspended: bool = False

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
    capacity: int
    rooms: frozenset[tuple[str, Where]] = frozenset()

    def line(self, session: int) -> Line:
        return self.lines[session - 1]

    def spot(self, at: Where) -> Spot | None:
        """None for a number that has not been issued at this point of the history."""
        spots = self.lines[at.session - 1].spots
        return spots[at.serial - 1] if at.serial <= len(spots) else None

    def full(self, session: int) -> bool:
        return sum(spot.stage != Stage.GIVEN_BACK for spot in self.line(session).spots) >= self.capacity

    def put(self, at: Where, spot: Spot) -> "Clinic":
        line = self.line(at.session)
        spots = (*line.spots[: at.serial - 1], spot, *line.spots[at.serial :])
        return self.with_line(at.session, line._replace(spots=spots))

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
    return Clinic(tuple(Line(each) for each in opens), capacity)


Stand = tuple[bool, tuple[tuple[Stage, int, int, int], ...]]


def seen(clinic: Clinic) -> tuple[Stand, ...]:
    """Of each session whether it is suspended, and stage, place, urgency and misses of all its tickets."""
    return tuple(
        (line.suspended, tuple((spot.stage, spot.place, spot.urgency, spot.missed) for spot in line.spots))
        for line in clinic.lines
    )
