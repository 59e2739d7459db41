"""How one session of a made-up clinic passes, event by event. What a server would know of it is public, fate is not."""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from itertools import count
from random import Random

from bench.clinic_days import HOUR_S, MINUTE_S, PLANNED_S, Guest, Kind, SessionPlan, Shift

RING_S = 45.0
STEP_BACK, MISSES_ALLOWED = 3, 3
LATE_GRACE_S = 10 * MINUTE_S
URGENT_TAKES = 1.2
LET_IN_S = 3 * HOUR_S  # before the session opens, nobody checks in earlier


class State(Enum):
    BOOKED = auto()
    ARRIVED = auto()
    IN_ROOM = auto()
    OVER = auto()


class What(Enum):
    OPENED = auto()
    JOINED = auto()
    LEFT = auto()
    ARRIVED = auto()
    CALLED = auto()
    COMPLETED = auto()
    PUT_BACK = auto()
    GIVEN_UP = auto()
    WITHDREW = auto()


@dataclass(frozen=True, slots=True)
class Happened:
    at: float
    what: What
    serial: int | None = None
    doctor: str | None = None


@dataclass(slots=True)
class Place:
    """A ticket as the server has it; ``rank`` orders the line."""

    serial: int
    kind: Kind
    planned_at: float
    urgent: bool
    rank: float
    state: State = State.BOOKED
    arrived_at: float | None = None
    missed: int = 0
    walked_in: bool = False


@dataclass(slots=True)
class OnLine:
    """A doctor as the server sees one: whom since when, or free since when."""

    doctor: str
    free_since: float
    serial: int | None = None
    busy_since: float = 0.0


@dataclass
class ClinicHours:
    """``pass_by`` runs the session; between two events ``places`` and ``doctors`` are what a server knows then."""

    plan: SessionPlan
    dice: Random
    places: dict[int, Place] = field(default_factory=dict)
    doctors: dict[str, OnLine] = field(default_factory=dict)
    opened_at: float | None = None

    def __post_init__(self) -> None:
        self._now = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._news: list[Happened] = []
        self._shifts = {shift.nature.id: shift for shift in self.plan.shifts}
        self._interrupts_at: dict[str, float] = {}
        self._idle: set[str] = set()
        self._guests: dict[int, Guest] = {}
        for guest in self.plan.guests:
            self._expect(guest)
        for shift in self.plan.shifts:
            self._at(shift.starts_at, partial(self._join, shift))

    def pass_by(self) -> Iterator[Happened]:
        while self._due:
            self._now, _, act = heapq.heappop(self._due)
            act()
            yield from self._news
            self._news.clear()

    def waiting(self) -> list[Place]:
        """The next one first."""
        here = [place for place in self.places.values() if place.state is State.ARRIVED]
        return sorted(here, key=order)

    def _expect(self, guest: Guest) -> None:
        if not guest.walks_in:
            serial = self._book(guest)
        if guest.comes_at is None:
            return
        comes_at = max(guest.comes_at, self.plan.opens_at - LET_IN_S)
        if guest.walks_in:
            self._at(comes_at, lambda: self._arrive(self._book(guest)))
        else:
            self._at(comes_at, lambda: self._arrive(serial))

    def _book(self, guest: Guest) -> int:
        serial = len(self.places) + 1
        place = Place(serial, guest.kind, guest.planned_at, guest.urgent, rank=serial, walked_in=guest.walks_in)
        self.places[serial], self._guests[serial] = place, guest
        return serial

    def _arrive(self, serial: int) -> None:
        place = self.places[serial]
        if self._is_late(place):
            place.rank = self._behind_others(place)
        place.state, place.arrived_at = State.ARRIVED, self._now
        self._tell(What.ARRIVED, serial)
        self._at(self._now + self._guests[serial].patience_s, lambda: self._withdraw(place))
        self._rouse()

    def _is_late(self, place: Place) -> bool:
        passed = any(
            other.state in {State.IN_ROOM, State.OVER} and other.serial > place.serial for other in self.places.values()
        )
        return passed and not place.urgent and self._now > place.planned_at + LATE_GRACE_S

    def _behind_others(self, place: Place) -> float:
        others = self.waiting()[:STEP_BACK]
        return max(place.rank, others[-1].rank + 1e-6 * next(self._number)) if others else place.rank

    def _withdraw(self, place: Place) -> None:
        if place.state is State.ARRIVED:
            place.state = State.OVER
            self._tell(What.WITHDREW, place.serial)

    def _join(self, shift: Shift) -> None:
        doctor = shift.nature.id
        if self.opened_at is None and shift is not self.plan.shifts[0]:
            self._at(self._now + MINUTE_S, lambda: self._join(shift))  # the owner opens the session
            return
        if self.opened_at is None:
            self.opened_at = self._now
            self._tell(What.OPENED)
        self.doctors[doctor] = OnLine(doctor, free_since=self._now)
        self._next_interruption(doctor)
        self._tell(What.JOINED, doctor=doctor)
        self._at(self._now + self._lognormal(20, 0.7), lambda: self._ready(doctor))
        self._at(shift.leaves_at, lambda: self._look_up(doctor))

    def _ready(self, doctor: str) -> None:
        """The doctor looks up: leaves, is called away, calls the next one, or waits for somebody."""
        seen = self.doctors.get(doctor)
        if seen is None or seen.serial is not None:
            return
        if self._goes_home(doctor):
            del self.doctors[doctor]
            self._tell(What.LEFT, doctor=doctor)
        elif self._now >= self._interrupts_at[doctor]:
            self._next_interruption(doctor)
            self._at(self._now + self._interruption_s(doctor), lambda: self._ready(doctor))
        elif waiting := self.waiting():
            self._call(seen, waiting[0])
        else:
            self._idle.add(doctor)

    def _goes_home(self, doctor: str) -> bool:
        return self._now >= self._shifts[doctor].leaves_at and doctor != self.plan.shifts[0].nature.id

    def _call(self, seen: OnLine, place: Place) -> None:
        place.state = State.IN_ROOM
        seen.serial, seen.busy_since = place.serial, self._now
        self._tell(What.CALLED, place.serial, seen.doctor)
        if self.dice.random() < self.plan.customs.absent_at_call:
            self._at(self._now + RING_S, lambda: self._missed(seen, place))
            return
        takes_s = self._lognormal(6, 0.5) + self._takes_s(seen.doctor, place)
        if self.dice.random() < self.plan.customs.technical_failures:
            self._at(self._now + takes_s * self.dice.uniform(0.1, 0.6), lambda: self._broken_off(seen, place))
        else:
            self._at(self._now + takes_s, lambda: self._completed(seen, place))

    def _takes_s(self, doctor: str, place: Place) -> float:
        shift, kind = self._shifts[doctor], place.kind
        nature = shift.nature
        at_work_h = (self._now - shift.starts_at) / HOUR_S
        hurry = nature.hurries if self._now > self.plan.closes_at - HOUR_S else 0.0
        factor = nature.pace + nature.kinds[kind] + self.plan.customs.misplanned[kind] + shift.mood
        factor += nature.tires * at_work_h - hurry + self.dice.gauss(0, nature.uneven)
        takes_s = PLANNED_S[kind] * math.exp(factor) * (URGENT_TAKES if place.urgent else 1)
        return takes_s + self._interruption_within(doctor, takes_s)

    def _interruption_within(self, doctor: str, takes_s: float) -> float:
        """Now and then the telephone does not wait until the visit is over."""
        if self._now + takes_s < self._interrupts_at[doctor] or self.dice.random() > 0.3:
            return 0.0
        self._next_interruption(doctor)
        return self._interruption_s(doctor) / 2

    def _completed(self, seen: OnLine, place: Place) -> None:
        place.state = State.OVER
        self._freed(What.COMPLETED, seen, place)

    def _broken_off(self, seen: OnLine, place: Place) -> None:
        place.state = State.ARRIVED
        self._freed(What.PUT_BACK, seen, place)
        self._rouse()

    def _missed(self, seen: OnLine, place: Place) -> None:
        place.missed += 1
        if place.missed >= MISSES_ALLOWED:
            place.state = State.OVER
            self._freed(What.GIVEN_UP, seen, place)
            return
        place.rank, place.state = self._behind_others(place), State.ARRIVED
        self._freed(What.PUT_BACK, seen, place)
        self._rouse()

    def _freed(self, what: What, seen: OnLine, place: Place) -> None:
        seen.serial, seen.free_since = None, self._now
        self._tell(what, place.serial, seen.doctor)
        writes_s = self._shifts[seen.doctor].nature.writes_s
        self._at(self._now + self._lognormal(writes_s, 0.6), lambda: self._ready(seen.doctor))

    def _rouse(self) -> None:
        """Doctors with nothing to do see after a moment that somebody waits; who writes or is away does not."""
        for doctor in sorted(self._idle):
            self._at(self._now + self._lognormal(15, 0.7), partial(self._look_up, doctor))

    def _look_up(self, doctor: str) -> None:
        if doctor in self._idle:
            self._idle.discard(doctor)
            self._ready(doctor)

    def _next_interruption(self, doctor: str) -> None:
        per_s = self._shifts[doctor].nature.interruptions_per_h / HOUR_S
        self._interrupts_at[doctor] = self._now + self.dice.expovariate(per_s)

    def _interruption_s(self, doctor: str) -> float:
        return self._lognormal(self._shifts[doctor].nature.interruption_s, 0.8)

    def _lognormal(self, median: float, sigma: float) -> float:
        return self.dice.lognormvariate(math.log(median), sigma)

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (max(when, self._now), next(self._number), act))

    def _tell(self, what: What, serial: int | None = None, doctor: str | None = None) -> None:
        self._news.append(Happened(self._now, what, serial, doctor))


def order(place: Place) -> tuple[bool, float]:
    """Urgent ones first, then by rank."""
    return not place.urgent, place.rank
