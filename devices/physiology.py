"""A small physiological model for the simulator: pure, seeded, the time handed in. Plausible numbers, no patient.

Resting values and their spread are those of a healthy adult as a monitor shows them; the swing of the pulse with
breathing is respiratory sinus arrhythmia, the pulse rising in hypoxaemia the expected reflex. Sizes are ours.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

LOWEST_SPO2 = 79.0  # just under the limit of 80 of the rule that it is there to show
PULSE_RISE = 28.0  # /min, at the bottom of a desaturation


class EpisodeKind(StrEnum):
    """What may be scripted."""

    DESATURATION = "desaturation"
    SILENCE = "silence"


@dataclass(frozen=True)
class Episode:
    """Begins at ``start_s``, falls, holds, recovers; again ``every_s`` after its start where that is given. Silence
    only holds."""

    kind: EpisodeKind
    start_s: float = 20.0
    fall_s: float = 30.0
    hold_s: float = 60.0
    recover_s: float = 45.0
    every_s: float | None = None

    def depth(self, t_s: float) -> float:
        """0 before and after, 1 at the bottom, smooth between."""
        t_s -= self.start_s
        if t_s < 0:
            return 0.0
        if self.every_s:
            t_s %= self.every_s
        if t_s < self.fall_s + self.hold_s:
            return _smooth(t_s / self.fall_s)
        return 1 - _smooth((t_s - self.fall_s - self.hold_s) / self.recover_s)

    def silent(self, t_s: float) -> bool:
        """Whether a silence is on: from its start for ``hold_s``."""
        t_s -= self.start_s
        if self.kind is not EpisodeKind.SILENCE or t_s < 0:
            return False
        return (t_s % self.every_s if self.every_s else t_s) < self.hold_s


@dataclass(frozen=True)
class Vitals:
    """What a pulse oximeter would show: % and per minute, whole numbers."""

    spo2: int
    pulse_rate: int
    resp_rate: int


class Physiology:
    """One person. The same seed and time give the same vitals, in whatever order they are asked."""

    def __init__(self, seed: str, episodes: Sequence[Episode] = ()) -> None:
        born = random.Random(seed)  # noqa: S311 - a model, not a secret
        self._seed = seed
        self._episodes = episodes
        self._spo2 = born.uniform(96.5, 98.5)
        self._pulse = born.uniform(62.0, 82.0)
        self._resp = born.uniform(13.0, 17.0)

    def at(self, t_s: float) -> Vitals | None:
        """The vitals ``t_s`` seconds into the simulation; None while a silence is on."""
        if any(episode.silent(t_s) for episode in self._episodes):
            return None
        down = max((e.depth(t_s) for e in self._episodes if e.kind is EpisodeKind.DESATURATION), default=0.0)
        resp = self._resp + self._drift("resp", t_s, 45.0) * 1.2 + down * 6.0
        breath = math.sin(2 * math.pi * t_s * self._resp / 60)
        pulse = self._pulse + self._drift("pulse", t_s, 20.0) * 2.5 + breath * 1.5 + down * PULSE_RISE
        resting = self._spo2 + self._drift("spo2", t_s, 30.0) * 0.5
        spo2 = resting + (LOWEST_SPO2 - resting) * down
        return Vitals(min(100, round(spo2)), round(pulse), round(resp))

    def _drift(self, channel: str, t_s: float, period_s: float) -> float:
        """Smooth noise of about unit size, |x| ≤ 2.5: random knots every ``period_s``, eased between."""
        knot, between = divmod(t_s / period_s, 1.0)
        here, there = (_knot(f"{self._seed}/{channel}/{int(knot) + step}") for step in (0, 1))
        return here + (there - here) * _smooth(between)


@lru_cache(maxsize=8192)
def _knot(name: str) -> float:
    return max(-2.5, min(2.5, random.Random(name).gauss(0.0, 1.0)))  # noqa: S311


def _smooth(x: float) -> float:
    """3x² − 2x³ between 0 and 1, level outside."""
    x = max(0.0, min(1.0, x))
    return x * x * (3 - 2 * x)
