"""Days of a made-up clinic, all from one seed: its doctors, who is booked, and what nobody can know in the morning.

How the hours then pass is in ``clinic_hours``. Nothing here knows how waiting times are estimated.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
WINDOWS = ((8.0, 12.0), (13.5, 17.0))  # the online room's hours
TEAM_SIZES, TEAM_ODDS = (1, 2, 3), (0.5, 0.3, 0.2)
DRIFT_A_DAY = 0.03  # of a doctor's pace, as a random walk of its logarithm


class Kind(StrEnum):
    FIRST = "first"
    FOLLOW_UP = "follow_up"
    RENEWAL = "renewal"


PLANNED_S: Mapping[Kind, float] = {Kind.FIRST: 600.0, Kind.FOLLOW_UP: 420.0, Kind.RENEWAL: 240.0}


@dataclass(frozen=True, slots=True)
class Nature:
    """A doctor's ways. ``pace``, ``kinds`` and ``tires`` are logarithms of factors on the planned minutes."""

    id: str
    pace: float
    kinds: Mapping[Kind, float]
    tires: float  # for each hour at work
    hurries: float  # in the last hour before the window ends
    uneven: float  # standard deviation of the logarithm
    writes_s: float  # median between two visits
    interruptions_per_h: float
    interruption_s: float  # median
    comes_late: float  # how often
    late_s: float  # mean, where late


@dataclass(frozen=True, slots=True)
class Customs:
    """What patients of this clinic are like."""

    mix: tuple[float, float, float]  # of the kinds
    misplanned: Mapping[Kind, float]  # logarithm of the factor by which planned minutes are wrong
    load: float  # planned minutes booked, as a share of the hours
    no_shows: float
    early_s: float  # mean of those who come early
    tardy: float  # how many come around or after their time
    absent_at_call: float
    technical_failures: float
    urgent_per_h: float
    walk_ins_per_h: float
    patience_s: float  # median


@dataclass(frozen=True, slots=True)
class Guest:
    """A patient as fate knows one. ``comes_at`` None: never. Walk-ins are booked at the moment they come."""

    kind: Kind
    planned_at: float
    comes_at: float | None
    patience_s: float
    urgent: bool = False
    walks_in: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """A doctor on one day: from when to when on this line; ``mood`` is the day's own factor, as a logarithm."""

    nature: Nature
    starts_at: float
    leaves_at: float
    mood: float


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """One window of one day. The first shift is the owner's: who stays until everybody has been seen."""

    opens_at: float
    closes_at: float
    shifts: Sequence[Shift]
    guests: Sequence[Guest]
    customs: Customs


@dataclass(frozen=True, slots=True)
class Clinic:
    natures: Sequence[Nature]
    customs: Customs

    @classmethod
    def of(cls, dice: Random) -> "Clinic":
        return cls([_nature(f"doctor-{number}", dice) for number in range(dice.randint(3, 6))], _customs(dice))

    def days(self, count: int, dice: Random) -> Iterator[list[SessionPlan]]:
        """The plans of so many days, one a window. Doctors drift from day to day."""
        natures = list(self.natures)
        for day in range(count):
            natures = [replace(nature, pace=nature.pace + dice.gauss(0, DRIFT_A_DAY)) for nature in natures]
            yield [_plan(self.customs, _team(natures, dice), _hours(day, window), dice) for window in WINDOWS]


def _nature(name: str, dice: Random) -> Nature:
    return Nature(
        id=name,
        pace=dice.gauss(0, 0.25),
        kinds={kind: dice.gauss(0, 0.15) for kind in Kind},
        tires=dice.gauss(0, 0.05),
        hurries=dice.uniform(0, 0.2),
        uneven=dice.uniform(0.35, 0.65),
        writes_s=dice.uniform(20, 90),
        interruptions_per_h=dice.uniform(0.1, 0.8),
        interruption_s=dice.uniform(2, 8) * MINUTE_S,
        comes_late=dice.uniform(0.1, 0.6),
        late_s=dice.uniform(3, 15) * MINUTE_S,
    )


def _customs(dice: Random) -> Customs:
    first, follow_up = dice.uniform(0.2, 0.5), dice.uniform(0.2, 0.4)
    return Customs(
        mix=(first, follow_up, 1 - first - follow_up),
        misplanned={kind: dice.gauss(0, 0.2) for kind in Kind},
        load=dice.uniform(0.5, 0.85),
        no_shows=dice.uniform(0.03, 0.18),
        early_s=dice.uniform(5, 20) * MINUTE_S,
        tardy=dice.uniform(0.1, 0.3),
        absent_at_call=dice.uniform(0.01, 0.06),
        technical_failures=dice.uniform(0.01, 0.05),
        urgent_per_h=dice.uniform(0.1, 0.8),
        walk_ins_per_h=dice.uniform(0, 1.5),
        patience_s=dice.uniform(150, 300) * MINUTE_S,
    )


def _team(natures: Sequence[Nature], dice: Random) -> list[Nature]:
    [size] = dice.choices(TEAM_SIZES, TEAM_ODDS)
    return dice.sample(natures, size)


def _hours(day: int, window: tuple[float, float]) -> tuple[float, float]:
    return day * DAY_S + window[0] * HOUR_S, day * DAY_S + window[1] * HOUR_S


def _plan(customs: Customs, team: Sequence[Nature], hours: tuple[float, float], dice: Random) -> SessionPlan:
    opens_at, closes_at = hours
    owner = _shift(team[0], opens_at, closes_at, dice)
    others = [_shift(nature, *_guest_hours(owner, dice), dice) for nature in team[1:]]
    guests = [*_booked(customs, hours, len(team), dice), *_unannounced(customs, hours, dice)]
    return SessionPlan(opens_at, closes_at, [owner, *others], guests, customs)


def _shift(nature: Nature, starts_at: float, leaves_at: float, dice: Random) -> Shift:
    late = dice.expovariate(1 / nature.late_s) if dice.random() < nature.comes_late else 0.0
    return Shift(nature, starts_at + late, leaves_at, mood=dice.gauss(0, 0.12))


def _guest_hours(owner: Shift, dice: Random) -> tuple[float, float]:
    """Who helps on a colleague's line comes after it has opened, and may go early."""
    length = owner.leaves_at - owner.starts_at
    leaves_at = owner.starts_at + length * (dice.uniform(0.5, 1) if dice.random() < 0.3 else 1)
    return owner.starts_at + dice.uniform(0, 20) * MINUTE_S, leaves_at


def _booked(customs: Customs, hours: tuple[float, float], team: int, dice: Random) -> Iterator[Guest]:
    opens_at, closes_at = hours
    planned_at = opens_at
    while planned_at < opens_at + (closes_at - opens_at) * customs.load:
        [kind] = dice.choices(list(Kind), customs.mix)
        comes_at = None if dice.random() < customs.no_shows else planned_at + _offset_s(customs, dice)
        yield Guest(kind, planned_at, comes_at, _patience_s(customs, dice))
        planned_at += PLANNED_S[kind] / team


def _offset_s(customs: Customs, dice: Random) -> float:
    if dice.random() < customs.tardy:
        return dice.gauss(5, 12) * MINUTE_S
    return dice.gauss(-customs.early_s, 6 * MINUTE_S)


def _unannounced(customs: Customs, hours: tuple[float, float], dice: Random) -> Iterator[Guest]:
    """Urgent cases, and those who book on the day and wait at once."""
    for urgent, rate in ((True, customs.urgent_per_h), (False, customs.walk_ins_per_h)):
        at = hours[0]
        while rate and (at := at + dice.expovariate(rate / HOUR_S)) < hours[1]:
            [kind] = dice.choices(list(Kind), customs.mix)
            yield Guest(kind, at, at, _patience_s(customs, dice), urgent, walks_in=True)


def _patience_s(customs: Customs, dice: Random) -> float:
    return dice.lognormvariate(math.log(customs.patience_s), 0.6)
