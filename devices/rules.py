"""Profiles and their rules: limit, duration, hysteresis, judged over what one device said of one metric.

A rule says what is true, never how to tell it. Live readings and late ones are judged apart. Pure.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType

import msgspec

from devices.metrics import METRICS

MAX_POINTS = 500  # a device that flaps hundreds of times a minute keeps its newest points
STEP_S = 1.0  # between its ends, a run that matters is kept at this resolution
ADULT_YEARS = 18


class Priority(StrEnum):
    """How bad it is if nobody comes, and how soon (IEC 60601-1-8)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Higher is worse; the names themselves do not sort."""
        return _RANKS[self]


_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"source": "from"}):
    """``metric`` beyond its one limit for ``for_s`` seconds, over when at ``rearm_at`` or better for ``rearm_for_s``.

    Values are in ``unit`` (UCUM), the metric's own. Rules of one ``condition`` are one alarm: the higher worsens it.
    """

    id: str
    condition: str
    metric: str
    unit: str
    for_s: float
    rearm_at: float
    rearm_for_s: float
    priority: Priority
    source: str
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None

    def __post_init__(self) -> None:
        limits = (self.below, self.at_most, self.at_least, self.above)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError(f"{self.id}: exactly one of below, at_most, at_least, above")
        if self.metric not in METRICS or METRICS[self.metric].unit != self.unit:
            raise ValueError(f"{self.id}: unknown metric, or not its unit")
        if self.for_s < 0 or self.rearm_for_s < 0 or self.broken_by(self.rearm_at):
            raise ValueError(f"{self.id}: a negative duration, or a rearm_at that breaks the limit itself")

    def broken_by(self, value: float) -> bool:
        """``below`` and ``above`` exclude their limit, ``at_most`` and ``at_least`` include it."""
        if self.below is not None:
            return value < self.below
        if self.at_most is not None:
            return value <= self.at_most
        if self.at_least is not None:
            return value >= self.at_least
        return self.above is not None and value > self.above

    def rearmed_by(self, value: float) -> bool:
        low = self.below is not None or self.at_most is not None
        return value >= self.rearm_at if low else value <= self.rearm_at


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The rules for one kind of patient and device, and when a device counts as silent or a reading as late."""

    id: str
    silence_s: float
    late_after_s: float
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if len({rule.id for rule in self.rules}) != len(self.rules):
            raise ValueError(f"{self.id}: two rules of one id")

    def watching(self, metric: str) -> tuple[Rule, ...]:
        return self._by_metric.get(metric, ())

    @cached_property
    def _by_metric(self) -> Mapping[str, tuple[Rule, ...]]:
        metrics = {rule.metric for rule in self.rules}
        return {metric: tuple(rule for rule in self.rules if rule.metric == metric) for metric in metrics}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    profiles: tuple[Profile, ...]


def read_profiles(text: bytes) -> Mapping[str, Profile]:
    """By id. Raises ``msgspec.ValidationError`` naming what is wrong: a limit that is not understood watches nobody."""
    return MappingProxyType({profile.id: profile for profile in msgspec.json.decode(text, type=_File).profiles})


PROFILES = read_profiles(Path(__file__).with_name("profiles.json").read_bytes())


class NoLimitsReason(StrEnum):
    NO_LIMITS = "no_limits"
    UNDER_18 = "under_18"


class NoLimits(msgspec.Struct, frozen=True):
    """No rules watch this patient, and the screen must say so."""

    reason: NoLimitsReason


def applicable(profile_id: str | None, age_years: int | None) -> Profile | NoLimits:
    """The limits are those of adults whose age is known; for anybody else there are none rather than wrong ones."""
    if age_years is not None and age_years < ADULT_YEARS:
        return NoLimits(NoLimitsReason.UNDER_18)
    profile = PROFILES.get(profile_id) if profile_id is not None else None
    return NoLimits(NoLimitsReason.NO_LIMITS) if profile is None or age_years is None else profile


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A reading as rules see it: ``at`` on our clock; ``late_at`` is its receipt, if that was too late to be live."""

    at: datetime
    value: float
    message_id: str
    index: int
    late_at: datetime | None = None


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A rule that holds, since the reading that proved it; ``late`` if only late readings did."""

    rule: str
    point: Point
    late: bool


class Track(msgspec.Struct, frozen=True, array_like=True):
    """What one device said of one metric, as far back as the rules look, by time of measurement."""

    points: tuple[Point, ...] = ()
    held: tuple[Held, ...] = ()

    def add(self, rules: Sequence[Rule], point: Point) -> "Track":
        """The point in its place by time of measurement; one equally old comes after."""
        points = list(self.points)
        place = bisect_right(points, point.at, key=lambda known: known.at)
        points.insert(place, point)
        for index in (place + 1, place, place - 1):
            if 0 < index < len(points) - 1 and _says_nothing(points[index - 1 : index + 2], rules):
                del points[index]
        return Track(_recent(points, max(max(rule.for_s, rule.rearm_for_s) for rule in rules)), self.held)

    def judge(self, rules: Sequence[Rule], now: datetime | None = None) -> "Track":
        """What live readings prove. With ``now``, the newest one stands until then: nothing contradicted it.

        A rule that holds is over by readings alone, never by the passing of time.
        """
        held = {held.rule: held for held in self.held}
        after = [self._live(rule, held.get(rule.id), now) for rule in rules]
        return Track(self.points, tuple(held for held in after if held is not None))

    def judge_late(self, rules: Sequence[Rule], now: datetime | None = None) -> "Track":
        """What late readings prove, if no newer reading contradicts: they may begin a rule, never end one."""
        held = {held.rule: held for held in self.held}
        after = [held.get(rule.id) or self._late(rule, now) for rule in rules]
        return Track(self.points, tuple(held for held in after if held is not None))

    def stand(self, rules: Sequence[Rule], now: datetime) -> "Track":
        """What is proven by nothing having contradicted until ``now``."""
        return self.judge(rules, now).judge_late(rules, now)

    def _live(self, rule: Rule, held: Held | None, now: datetime | None) -> Held | None:
        if held is not None:
            run = [p for p in _run(self.points, lambda p: rule.rearmed_by(p.value)) if p.late_at is None]
            return None if run and _span_s(run) >= rule.rearm_for_s else held
        live = [point for point in self.points if point.late_at is None]
        run = _run(live, lambda p: rule.broken_by(p.value))
        return Held(rule.id, run[-1], late=False) if run and _span_s(run, now) >= rule.for_s else None

    def _late(self, rule: Rule, now: datetime | None) -> Held | None:
        run = _run(self.points, lambda p: rule.broken_by(p.value))
        late = [point for point in run if point.late_at is not None]
        if not late:
            return None
        waited_s = (now - min(p.late_at for p in late if p.late_at is not None)).total_seconds() if now else 0.0
        return Held(rule.id, late[-1], late=True) if max(waited_s, _span_s(late)) >= rule.for_s else None


def _run(points: Sequence[Point], holds: Callable[[Point], bool]) -> list[Point]:
    """The newest points for which ``holds``, without a break, oldest first."""
    return list(takewhile(holds, reversed(points)))[::-1]


def _span_s(run: Sequence[Point], until: datetime | None = None) -> float:
    last = run[-1].at if until is None else max(until, run[-1].at)
    return (last - run[0].at).total_seconds()


def _says_nothing(three: Sequence[Point], rules: Sequence[Rule]) -> bool:
    """Whether the middle one could be left out: all say the same, and it is good news or its neighbours are close."""
    if len({p.late_at is None for p in three}) > 1:
        return False
    kinds = {tuple((rule.broken_by(p.value), rule.rearmed_by(p.value)) for rule in rules) for p in three}
    if len(kinds) > 1:
        return False
    good = all(rearmed and not broken for broken, rearmed in kinds.pop())
    return good or _span_s(three) <= STEP_S


def _recent(points: list[Point], keep_s: float) -> tuple[Point, ...]:
    """Those that a run of ``keep_s`` can reach, and one older than that, so that a sparse run keeps its beginning."""
    cut = points[-1].at - timedelta(seconds=keep_s)
    first = max(bisect_right(points, cut, key=lambda point: point.at) - 1, 0)
    return tuple(points[first:][-MAX_POINTS:])
