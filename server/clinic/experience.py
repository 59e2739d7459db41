"""What past days have taught about a clinic's time: how long visits take, what lies between two, who comes. Pure.

Visits are log-normal about what is planned. An effect – of a kind, a doctor, an hour – is the mean of what the effects
before it leave unexplained, pooled. Older visits count less.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from server.clinic.durations import LogNormal, Moments
from server.clinic.pooling import Durations, Means, Measured, by_doctor

HALF_LIFE_DAYS = 14.0  # doctors change
DAY_SPREAD = 0.15  # of a doctor's day as a whole, as the standard deviation of a logarithm
TODAY_FADES = 0.94  # what a visit of today counts after each later one

# What is taken for true before anything is measured, and how many measurements outweigh it.
SPREAD, SPREAD_VISITS = 0.45, 20.0  # of one visit, as the standard deviation of a logarithm
GAP, GAP_VISITS = Moments(75.0, 100.0**2), 10.0  # between two visits
LATE, LATE_SESSIONS = Moments(180.0, 300.0**2), 3.0  # of a session's start
NEVER, GUESTS = 0.1, 20.0  # of those booked
URGENT_PER_H, OPEN_H = 0.3, 10.0
LEAVE_PER_H, WAITED_H = 0.02, 20.0  # who waits and goes
STAY, HELPERS = 0.5, 4.0  # past the hours

EARLIEST_S, STEP_S, STEPS = -10800.0, 300.0, 48  # a histogram of when guests come, about their planned time


@dataclass(frozen=True, slots=True)
class Work:
    """What a visit is told by: the doctor, its kind, the hour of the clinic's day."""

    doctor_id: str
    kind: str
    planned_s: float
    hour: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A completed visit. ``took_s`` from the call to its end; ``gap_s`` for how long doctor and patient were both there
    before it, None where nobody knows."""

    work: Work
    took_s: float
    gap_s: float | None = None
    days_ago: float = 0.0

    @property
    def excess(self) -> float:
        """The logarithm of the factor on what was planned."""
        return math.log(max(self.took_s, 1.0) / self.work.planned_s)

    @property
    def weight(self) -> float:
        return float(0.5 ** (self.days_ago / HALF_LIFE_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What has been measured.

    ``late_s``: doctor, and how long after the hours began the session opened. ``offsets_s``: how long after the planned
    time each booked patient came, None for who never did. ``urgent`` cases came in ``open_h``. In all, ``waited_h``
    were waited, and ``left`` did not wait to the end. Of the ``helpers`` on lines that went on past their hours,
    ``stayed`` saw patients then.
    """

    turns: Sequence[Turn] = ()
    late_s: Sequence[tuple[str, float]] = ()
    offsets_s: Sequence[float | None] = ()
    urgent: int = 0
    open_h: float = 0.0
    left: int = 0
    waited_h: float = 0.0
    helpers: int = 0
    stayed: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """A doctor's day as a whole: its effect on the logarithm, and how unsure that is."""

    effect: float
    variance: float


@dataclass(frozen=True, slots=True)
class Effect:
    """By what visits differ, and how many imaginary visits stand against a difference."""

    key: Callable[[Work], Hashable]
    strength: float


CLINIC, DOCTOR = Effect(lambda _work: None, 3.0), Effect(lambda work: work.doctor_id, 4.0)
EFFECTS = (  # the coarsest first
    CLINIC,
    Effect(lambda work: work.kind, 6.0),
    DOCTOR,
    Effect(lambda work: (work.doctor_id, work.kind), 8.0),
    Effect(lambda work: work.hour, 20.0),
    Effect(lambda work: (work.doctor_id, work.hour), 15.0),
)


class Experience:
    """Never changes once it is learned; what today adds is asked for as a ``Pace``."""

    def __init__(self, past: Past) -> None:
        rests = self._learn_effects(past.turns)
        self._spreads = by_doctor(rests, SPREAD_VISITS, SPREAD**2)
        gaps = (Measured(turn.work.doctor_id, turn.gap_s, turn.weight) for turn in past.turns if turn.gap_s is not None)
        self._gaps = Durations(gaps, GAP_VISITS, GAP)
        self._late = Durations((Measured(*late) for late in past.late_s), LATE_SESSIONS, LATE)
        self._come_by = _come_by(past.offsets_s)
        self._leave_per_s = (past.left + LEAVE_PER_H * WAITED_H) / (past.waited_h + WAITED_H) / 3600
        self.urgent_per_s = (past.urgent + URGENT_PER_H * OPEN_H) / (past.open_h + OPEN_H) / 3600
        self.helpers_stay = (past.stayed + STAY * HELPERS) / (past.helpers + HELPERS)
        self._visits: dict[Work, LogNormal] = {}

    def visit(self, work: Work) -> LogNormal:
        """On an ordinary day."""
        found = self._visits.get(work)
        if found is None:
            excess = sum(means[effect.key(work)] for effect, means in self._effects.items())
            spread = math.sqrt(self._spreads[work.doctor_id])
            found = self._visits[work] = LogNormal(math.log(work.planned_s) + excess, spread)
        return found

    def gap(self, doctor_id: str) -> LogNormal:
        """From one visit's end to the next call, somebody waiting: notes, telephone calls, absences."""
        return self._gaps.of(doctor_id)

    def late(self, doctor_id: str) -> LogNormal:
        """How long after its hours begin a session of this doctor opens."""
        return self._late.of(doctor_id)

    def pace(self, doctor_id: str, today: Iterable[Turn]) -> Pace:
        """``today``: this doctor's visits in their order. The mean of a normal with a normal prior: days differ, and
        the doctor's ordinary day is known only so well."""
        spread, count, total = self._spreads[doctor_id], 0.0, 0.0
        for turn in today:
            rest = turn.excess - self.visit(turn.work).mu + math.log(turn.work.planned_s)
            count, total = count * TODAY_FADES + 1, total * TODAY_FADES + rest
        doubt = self._effects[CLINIC].doubt(None) + self._effects[DOCTOR].doubt(doctor_id)
        precision = 1 / (DAY_SPREAD**2 + spread * doubt) + count / spread
        return Pace(total / spread / precision, 1 / precision)

    def stays(self, wait_s: float) -> float:
        """The probability that somebody who waits does so for another ``wait_s``."""
        return math.exp(-self._leave_per_s * wait_s)

    def comes(self, from_s: float, until_s: float) -> float:
        """The probability that a patient who has not come by ``from_s`` after the planned time does by ``until_s``."""
        gone = self._come_by[_step(from_s)]
        return max(self._come_by[_step(until_s)] - gone, 0.0) / (1 - gone)

    def _learn_effects(self, turns: Sequence[Turn]) -> list[Measured]:
        """The squares of what they all leave unexplained."""
        self._effects: dict[Effect, Means] = {}
        rests = [turn.excess for turn in turns]
        for effect in EFFECTS:
            means = self._effects[effect] = Means(effect.strength)
            for turn, rest in zip(turns, rests, strict=True):
                means.add(effect.key(turn.work), rest, turn.weight)
            rests = [rest - means[effect.key(turn.work)] for turn, rest in zip(turns, rests, strict=True)]
        return [Measured(turn.work.doctor_id, rest**2, turn.weight) for turn, rest in zip(turns, rests, strict=True)]


def _come_by(offsets_s: Sequence[float | None]) -> list[float]:
    """The share of those booked who have come by each step about their planned time."""
    counts = [GUESTS * (1 - NEVER) / STEPS] * STEPS
    for offset_s in offsets_s:
        if offset_s is not None:
            counts[_step(offset_s)] += 1
    return [total / (len(offsets_s) + GUESTS) for total in accumulate(counts)]


def _step(offset_s: float) -> int:
    return min(max(int((offset_s - EARLIEST_S) / STEP_S), 0), STEPS - 1)
