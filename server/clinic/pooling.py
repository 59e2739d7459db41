"""Means of few and of many, each drawn towards what is known without it (partial pooling). Pure.

Three visits of a doctor decide little, three hundred decide all: Gelman & Hill 2007, chapter 12.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from server.clinic.durations import LogNormal, Moments


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a doctor's, and how much it counts."""

    doctor_id: str
    value: float
    weight: float = 1.0


class Means:
    """A weighted mean a key, drawn towards ``start`` by ``strength`` imaginary values."""

    def __init__(self, strength: float, start: float = 0.0) -> None:
        self._strength, self._start = strength, start
        self._sums: dict[Hashable, tuple[float, float]] = {}

    def add(self, key: Hashable, value: float, weight: float) -> None:
        count, total = self._sums.get(key, (0.0, 0.0))
        self._sums[key] = count + weight, total + weight * value

    def __getitem__(self, key: Hashable) -> float:
        count, total = self._sums.get(key, (0.0, 0.0))
        return (total + self._strength * self._start) / (count + self._strength)

    def doubt(self, key: Hashable) -> float:
        """The variance of this mean, in variances of one value."""
        return 1 / (self._sums.get(key, (0.0, 0.0))[0] + self._strength)


def by_doctor(measured: Iterable[Measured], strength: float, start: float) -> Means:
    """Each doctor's mean drawn towards everybody's, and that towards ``start``."""
    found = list(measured)
    everybody = Means(strength, start)
    for each in found:
        everybody.add(None, each.value, each.weight)
    means = Means(strength, everybody[None])
    for each in found:
        means.add(each.doctor_id, each.value, each.weight)
    return means


class Durations:
    """Seconds by doctor: mean and variance, pooled."""

    def __init__(self, measured: Iterable[Measured], strength: float, start: Moments) -> None:
        found = list(measured)
        squares = (Measured(each.doctor_id, each.value**2, each.weight) for each in found)
        self._means = by_doctor(found, strength, start.mean)
        self._squares = by_doctor(squares, strength, start.square)

    def of(self, doctor_id: str) -> LogNormal:
        mean = self._means[doctor_id]
        return LogNormal.like(Moments(mean, max(self._squares[doctor_id] - mean**2, 1.0)))
