"""Which range is told: an outlook, corrected by what became of earlier ones. Pure.

A past prediction leaves the level at which reality fell in it, uniform where predictions are right. The range reaches
from the 10 % to the 90 % quantile of the levels that its own kind of prediction has left: conformal prediction of a
distribution (Chernozhukov, Wüthrich & Zhu 2021), for groups apart (Mondrian: Vovk, Gammerman & Shafer 2005, §4.5).
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from server.clinic.durations import STANDARD, LogNormal
from server.clinic.waiting import Outlook, Phase

LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
AHEAD_TO = (0, 1, 3, 6, 10, 15, 1000)  # where a group of positions ends
IMAGINED_SESSIONS = 5.0  # that say the same as what a group starts from
POINTS = 40  # equally likely levels, by which a distribution is kept
WIDER = 1.4  # than the outlook says, as long as nothing has been measured
START = tuple(STANDARD.cdf(WIDER * STANDARD.inv_cdf((number + 0.5) / POINTS)) for number in range(POINTS))


@dataclass(frozen=True, slots=True)
class Range:
    """10 %, 50 % and 90 % of waits like this one are at most so long."""

    low_s: float
    middle_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Fate:
    """A past prediction made in ``session``, and its wait."""

    session: Hashable
    outlook: Outlook
    waited_s: float

    @property
    def level(self) -> float:
        return LogNormal.like(self.outlook.time).level(self.waited_s)


class Calibration:
    """Never changes; a later one is made from more fates.

    The predictions of one session share its luck: together they weigh as one. A group of positions starts from what
    is known of its phase.
    """

    def __init__(self, fates: Iterable[Fate] = ()) -> None:
        phases: defaultdict[Phase, _Sessions] = defaultdict(_sessions)
        groups: defaultdict[tuple[Phase, int], _Sessions] = defaultdict(_sessions)
        for fate in fates:
            phases[fate.outlook.phase][fate.session].append(fate.level)
            groups[_group(fate.outlook)][fate.session].append(fate.level)
        starts = {phase: _points(phases[phase], START) for phase in Phase}
        self._phases = {phase: _corrected(start) for phase, start in starts.items()}
        self._groups = {group: _corrected(_points(found, starts[group[0]])) for group, found in groups.items()}

    def range(self, outlook: Outlook) -> Range:
        wait = LogNormal.like(outlook.time)
        levels = self._groups.get(_group(outlook), self._phases[outlook.phase])
        return Range(*(wait.quantile(level) for level in levels))


_Sessions = defaultdict[Hashable, list[float]]  # levels by session


def _sessions() -> _Sessions:
    return defaultdict(list)


def _group(outlook: Outlook) -> tuple[Phase, int]:
    return outlook.phase, next(end for end in AHEAD_TO if outlook.ahead <= end)


def _points(sessions: _Sessions, start: Sequence[float]) -> list[float]:
    """The distribution of what the sessions have left and of the imagined ones."""
    measured = [(level, 1 / len(levels)) for levels in sessions.values() for level in levels]
    weighted = sorted([*measured, *((level, IMAGINED_SESSIONS / POINTS) for level in start)])
    step = (len(sessions) + IMAGINED_SESSIONS) / POINTS
    points: list[float] = []
    reached = 0.0
    for level, weight in weighted:
        reached += weight
        points += [level] * min(int(reached / step + 0.5) - len(points), POINTS - len(points))
    return points


def _corrected(points: Sequence[float]) -> tuple[float, ...]:
    return tuple(_quantile(points, share) for share in (LOW, MIDDLE, HIGH))


def _quantile(ordered: Sequence[float], share: float) -> float:
    position = share * len(ordered) - 0.5
    below = min(max(math.floor(position), 0), len(ordered) - 2)
    return ordered[below] + (position - below) * (ordered[below + 1] - ordered[below])
