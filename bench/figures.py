"""What a measurement says: samples by run, the promise they are held against, and how both read as Markdown."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

PERCENTILE_FROM = 100  # with fewer samples the 99th percentile is the maximum under another name
HEAD = ("figure", "ran against", "n", "median", "p99", "min–max", "promise", "kept")


class Statistic(StrEnum):
    P99 = "p99"
    EACH = "each"
    MEAN = "mean"


@dataclass(frozen=True)
class Promise:
    """``at_most`` and ``at_least`` in the unit of the figure."""

    statistic: Statistic
    at_most: float
    at_least: float | None = None

    def keeps(self, judged: float) -> bool:
        return judged <= self.at_most and (self.at_least is None or judged >= self.at_least)

    def said(self, unit: str) -> str:
        return f"{self.statistic} {self._bound()} {unit}"

    def _bound(self) -> str:
        if self.at_least is None:
            return f"≤ {self.at_most:.3g}"
        return f"≥ {self.at_least:g}" if math.isinf(self.at_most) else f"{self.at_least:g}–{self.at_most:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row. ``runs`` holds the samples of each run; no runs: it could not be measured here."""

    name: str
    against: str
    unit: str
    runs: Sequence[Sequence[float]]
    promise: Promise | None = None

    @property
    def samples(self) -> list[float]:
        return sorted(chain.from_iterable(self.runs))

    @property
    def p99(self) -> float | None:
        samples = self.samples
        return samples[math.ceil(0.99 * len(samples)) - 1] if len(samples) >= PERCENTILE_FROM else None

    @property
    def kept(self) -> bool | None:
        """Whether the promise is; None where there is none, or too little to judge by."""
        if self.promise is None or not self.samples:
            return None
        judged = self._judged(self.promise.statistic)
        return None if judged is None else self.promise.keeps(judged)

    def _judged(self, by: Statistic) -> float | None:
        match by:
            case Statistic.P99:
                return self.p99
            case Statistic.EACH:
                return self.samples[-1]
            case Statistic.MEAN:
                return statistics.fmean(self.samples)


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one command prints. ``method`` says how it was measured; ``notes`` what else was seen."""

    title: str
    command: str
    method: str
    figures: Sequence[Figure]
    notes: Sequence[str] = field(default=())

    def markdown(self) -> str:
        rows = [HEAD, ("---",) * len(HEAD), *(_cells(figure) for figure in self.figures)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        notes = "\n".join(f"- {note}" for note in self.notes)
        return "\n\n".join(filter(None, (f"## {self.title}", f"`{self.command}`", self.method, table, notes))) + "\n"


def _cells(figure: Figure) -> tuple[str, ...]:
    samples, unit, promise = figure.samples, figure.unit, figure.promise
    promised = promise.said(unit) if promise else "–"
    if promise and promise.statistic is Statistic.MEAN and samples:  # it has no column
        promised += f": {_number(statistics.fmean(samples))}"
    if not samples:
        return figure.name, figure.against, "0", "not measured", "–", "–", promised, "–"
    return (
        figure.name,
        figure.against,
        f"{len(samples)} in {len(figure.runs)} runs" if len(figure.runs) > 1 else f"{len(samples)}",
        f"{_number(statistics.median(samples))} {unit}",
        "–" if figure.p99 is None else f"{_number(figure.p99)} {unit}",
        f"{_number(samples[0])}–{_number(samples[-1])}",
        promised,
        {True: "yes", False: "**no**", None: "–"}[figure.kept],
    )


def _number(value: float) -> str:
    """Three digits, never a power of ten."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
