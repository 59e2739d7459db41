"""How long something takes, as far as it can be known: moments that add up, and the log-normal. Pure; seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from statistics import NormalDist

STANDARD = NormalDist()
SHORTEST_S = 1.0  # what is shorter is as good as now
RAREST = 1e-6


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean in s and variance in s²; of independent durations both add up."""

    mean: float
    variance: float

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.mean + other.mean, self.variance + other.variance)

    @property
    def square(self) -> float:
        """The second moment, in s²."""
        return self.variance + self.mean**2

    def happening(self, odds: float) -> "Moments":
        """Of what takes this long with probability ``odds``, else no time."""
        return Moments(odds * self.mean, odds * self.variance + odds * (1 - odds) * self.mean**2)


NOTHING = Moments(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """``mu`` and ``sigma`` are of the logarithm of seconds."""

    mu: float
    sigma: float

    @classmethod
    def like(cls, moments: Moments) -> "LogNormal":
        """The one with this mean and variance."""
        mean = max(moments.mean, SHORTEST_S)
        variance = math.log1p(moments.variance / mean**2)
        return cls(math.log(mean) - variance / 2, max(math.sqrt(variance), 0.01))

    @property
    def moments(self) -> Moments:
        mean = math.exp(self.mu + self.sigma**2 / 2)
        return Moments(mean, mean**2 * math.expm1(self.sigma**2))

    def level(self, seconds: float) -> float:
        """The probability of at most so long."""
        return STANDARD.cdf((math.log(max(seconds, SHORTEST_S)) - self.mu) / self.sigma)

    def quantile(self, level: float) -> float:
        return math.exp(self.mu + self.sigma * STANDARD.inv_cdf(min(max(level, RAREST), 1 - RAREST)))

    def rest(self, elapsed_s: float) -> Moments:
        """What is left of one that has lasted ``elapsed_s`` and goes on."""
        if elapsed_s < SHORTEST_S:
            return self.moments
        z = (math.log(elapsed_s) - self.mu) / self.sigma
        beyond = STANDARD.cdf(-z)
        if beyond < RAREST:  # as long as nobody has ever seen: as much again, and unsure of it
            return Moments(elapsed_s, elapsed_s**2)
        mean, variance = self.moments.mean, self.moments.variance
        first = mean * STANDARD.cdf(self.sigma - z) / beyond
        second = (variance + mean**2) * STANDARD.cdf(2 * self.sigma - z) / beyond
        return Moments(max(first - elapsed_s, SHORTEST_S), max(second - first**2, SHORTEST_S))


def sooner(durations: Sequence[Moments]) -> Moments:
    """Of the first of several to end, as if they were normal (Clark 1961, The greatest of a finite set, eq. 2–7)."""
    return reduce(_sooner, durations)


def _sooner(one: Moments, other: Moments) -> Moments:
    apart = math.sqrt(one.variance + other.variance)
    if apart < SHORTEST_S:
        return min(one, other, key=lambda moments: moments.mean)
    lead = (other.mean - one.mean) / apart
    first, density = STANDARD.cdf(lead), STANDARD.pdf(lead)
    mean = one.mean * first + other.mean * (1 - first) - apart * density
    squares = one.square * first + other.square * (1 - first)
    square = squares - (one.mean + other.mean) * apart * density
    mean = max(mean, SHORTEST_S)
    return Moments(mean, max(square - mean**2, SHORTEST_S))
