"""Whether the waiting time is true: made-up clinics of unseen seeds, judged, beside three rules of thumb."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from statistics import fmean
from time import perf_counter

from bench import waiting_plot
from bench.clinic_days import MINUTE_S
from bench.clinic_predictions import DAYS, LEARNED, THUMBS, Said, Scored, play, ranges_of
from bench.figures import Figure, Promise, Section, Statistic
from server.clinic.calibration import HIGH, LOW, MIDDLE, Range
from server.clinic.waiting import Phase
from tests.children import ROOT

SEEDS = range(1000, 1200)  # the estimator was written looking at seeds below 100
COVERED = Promise(Statistic.MEAN, 85.0, at_least=75.0)
LEARNING = ", with the spread of its own past errors"
POSITIONS: Mapping[str, range] = {
    "next": range(1),
    "1": range(1, 2),
    "2–3": range(2, 4),
    "4–6": range(4, 7),
    "7–10": range(7, 11),
    "11–15": range(11, 16),
    "16+": range(16, 1000),
}
PLOT = ROOT / "docs" / "images" / "waiting-time.svg"

Shares = Mapping[str, tuple[int, int]]  # by group: how many predictions covered the wait, of how many


@dataclass(frozen=True)
class Loss:
    """In minutes: pinball, as the mean of those at 10, 50 and 90 %, and the absolute error of the 50 % value."""

    pinball: float
    absolute: float


@dataclass(frozen=True)
class Judged:
    """One seed. ``losses`` and ``first`` are of the predictions on checking in, one a wait."""

    losses: Mapping[str, Loss]
    first: tuple[int, int]
    every: tuple[int, int]
    hours: Shares
    positions: Shares
    phases: Shares
    days: Shares  # on checking in, from the first day that this clinic was open


async def measure(quick: bool) -> Section:
    seeds = SEEDS[:4] if quick else SEEDS
    begun = perf_counter()
    judged = await asyncio.to_thread(_judge_all, seeds)
    if not quick:
        _draw(judged)
    return Section(
        title="The waiting time",
        command=".venv/bin/python -m bench waiting",
        method=f"{len(seeds)} made-up clinics, seeds {seeds[0]}–{seeds[-1]}, {DAYS} days each, of which the first "
        f"{LEARNED} are only learned from. A sample is one clinic; its waits are those of all who were called, as "
        "predicted when they checked in. Rules of thumb know when the session opens and how many doctors share it. "
        "Pinball loss is the mean of those at 10, 50 and 90 %.",
        figures=_figures(judged),
        notes=[*_notes(judged), f"Took {perf_counter() - begun:.0f} s."],
    )


def _draw(judged: Sequence[Judged]) -> None:
    PLOT.write_text(waiting_plot.drawn(_by(judged, "positions"), _by(judged, "hours"), _by(judged, "days")))


def _figures(judged: Sequence[Judged]) -> list[Figure]:
    return [
        _coverage("waits within the 10–90 % range", "on checking in", [_share(each.first) for each in judged]),
        _coverage("waits within the 10–90 % range", "every prediction", [_share(each.every) for each in judged]),
        *_loss_figures("pinball loss", judged, lambda loss: loss.pinball),
        *_loss_figures("absolute error", judged, lambda loss: loss.absolute),
    ]


def _coverage(name: str, against: str, shares: Sequence[float]) -> Figure:
    return Figure(name=name, against=against, unit="%", runs=[shares], promise=COVERED)


def _loss_figures(name: str, judged: Sequence[Judged], of: Callable[[Loss], float]) -> list[Figure]:
    """Bedside's must be lower than the lowest of the rules of thumb's."""
    samples = {rule: [of(each.losses[rule]) for each in judged] for rule in judged[0].losses}
    best = min(fmean(samples[rule]) for rule in samples if rule != BEDSIDE)
    promises = {BEDSIDE: Promise(Statistic.MEAN, best)}
    return [
        Figure(name=name, against=rule, unit="min", runs=[losses], promise=promises.get(rule))
        for rule, losses in samples.items()
    ]


BEDSIDE = "Bedside"


def _notes(judged: Sequence[Judged]) -> list[str]:
    every = sum(each.every[1] for each in judged)
    return [
        f"{sum(each.first[1] for each in judged)} waits, {every} predictions: when checking in, when fewer are ahead.",
        f"Coverage by others waiting before: {_told(_by(judged, 'positions'))}.",
        f"Coverage by hour of the prediction: {_told(_by(judged, 'hours'))}.",
        f"Coverage by phase (before opening, in hours, call expected after hours): {_told(_by(judged, 'phases'))}.",
        f"Coverage on checking in, by the clinic's day, the first knowing nothing: {_told(_by(judged, 'days'))}.",
    ]


def _told(shares: Shares) -> str:
    return ", ".join(f"{name} {_share(share):.0f} % of {share[1]}" for name, share in shares.items())


def _judge_all(seeds: Iterable[int]) -> list[Judged]:
    with ProcessPoolExecutor() as pool:
        return list(pool.map(judge, seeds))


def judge(seed: int) -> Judged:
    days = list(play(seed))
    scored = list(chain.from_iterable(days[LEARNED:]))
    first = [each for each in scored if each.said.first]
    return Judged(
        losses=_losses(first, [each for day in days[:LEARNED] for each in day if each.said.first]),
        first=_counts(first),
        every=_counts(scored),
        hours=_shares(scored, lambda each: f"{each.said.hour} h"),
        positions=_shares(scored, lambda each: _position(each.said)),
        phases=_shares(scored, lambda each: each.said.outlook.phase.value),
        days={f"{day}": _counts([each for each in of if each.said.first]) for day, of in enumerate(days, start=1)},
    )


def _losses(judged: Sequence[Scored], earlier: Sequence[Scored]) -> dict[str, Loss]:
    waited, said = [each.waited_s for each in judged], [each.said for each in judged]
    told = {BEDSIDE: [each.told for each in said]}
    for number, rule in enumerate(THUMBS):
        told[rule] = [Range(*[each.thumbs[number]] * 3) for each in said]
    for number, rule in enumerate(THUMBS):
        told[rule + LEARNING] = ranges_of(number, earlier, said)
    return {rule: _loss(ranges, waited) for rule, ranges in told.items()}


def _loss(ranges: Sequence[Range], waited: Sequence[float]) -> Loss:
    both = list(zip(ranges, waited, strict=True))
    pinball_s = fmean(pinball(told, waited_s) for told, waited_s in both)
    return Loss(pinball_s / MINUTE_S, fmean(abs(told.middle_s - waited_s) for told, waited_s in both) / MINUTE_S)


def pinball(told: Range, waited_s: float) -> float:
    """Koenker & Bassett 1978: too low costs the level, too high what is left to one."""
    ends = ((LOW, told.low_s), (MIDDLE, told.middle_s), (HIGH, told.high_s))
    return fmean(max(level * (waited_s - end), (level - 1) * (waited_s - end)) for level, end in ends)


def _position(said: Said) -> str:
    return next(name for name, positions in POSITIONS.items() if said.outlook.ahead in positions)


def _shares(scored: Iterable[Scored], group: Callable[[Scored], str]) -> Shares:
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for each in scored:
        groups[group(each)].append(each)
    return {name: _counts(found) for name, found in groups.items()}


def _counts(scored: Sequence[Scored]) -> tuple[int, int]:
    return sum(each.covered for each in scored), len(scored)


def _share(counts: tuple[int, int]) -> float:
    return 100 * counts[0] / max(counts[1], 1)


ORDERS: Mapping[str, Sequence[str]] = {
    "positions": list(POSITIONS),
    "hours": [f"{hour} h" for hour in range(24)],
    "phases": [phase.value for phase in Phase],
    "days": [f"{day}" for day in range(1, DAYS + 1)],
}


def _by(judged: Sequence[Judged], groups: str) -> Shares:
    """Over all seeds, where there are enough predictions to speak of."""
    found = {}
    for name in ORDERS[groups]:
        counts = [getattr(each, groups).get(name, (0, 0)) for each in judged]
        found[name] = sum(covered for covered, _ in counts), sum(of for _, of in counts)
    return {name: counts for name, counts in found.items() if counts[1] >= 50}
