"""Made-up clinics predicted as they pass: what was told to whom, what rules of thumb say, and what came true."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, quantiles

from bench.clinic_days import DAY_S, HOUR_S, MINUTE_S, PLANNED_S, Clinic
from bench.clinic_hours import ClinicHours, What
from bench.clinic_watch import Watch, together
from server.clinic.calibration import Calibration, Fate, Range
from server.clinic.experience import Experience, Past
from server.clinic.waiting import LineNow, Outlook, outlooks

DAYS, LEARNED = 15, 10  # of each clinic; the first are learned from, the others judged
NOON_H = 12.5


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to predict from. ``longest_s``: that anybody has waited."""

    line: LineNow
    outlook: Outlook
    longest_s: float

    def ahead(self) -> list[float]:
        """Planned seconds of everybody who is here and goes before, those in a room included."""
        in_room = [doctor.task.planned_s for doctor in self.line.doctors if doctor.task]
        here = [standing.task.planned_s for standing in self.line.standing if standing.due_s is None]
        return [*in_room, *here[: self.outlook.ahead]]

    @property
    def crew(self) -> int:
        return max(len(self.line.doctors), 1)

    @property
    def opens_s(self) -> float:
        return max(self.line.opens_s, 0.0) if self.line.opened_s is None else 0.0


def planned(moment: Moment) -> float:
    return moment.opens_s + sum(moment.ahead()) / moment.crew


def longest(moment: Moment) -> float:
    return moment.longest_s + 15 * MINUTE_S


def running_mean(moment: Moment) -> float:
    """Of the session's visits; of what is planned before there is one."""
    took = [turn.took_s for turn in moment.line.today] or list(PLANNED_S.values())
    return moment.opens_s + fmean(took) * len(moment.ahead()) / moment.crew


# In the form that favours them: they know when the session opens and how many doctors share the line.
THUMBS: Mapping[str, Callable[[Moment], float]] = {
    "planned minutes × people ahead": planned,
    "longest current wait + 15 minutes": longest,
    "running mean × people ahead": running_mean,
}


@dataclass(frozen=True, slots=True)
class Said:
    """One prediction, on checking in (``first``) or when fewer stood before."""

    at: float
    first: bool
    outlook: Outlook
    told: Range
    thumbs: tuple[float, ...]

    @property
    def hour(self) -> int:
        return int(self.at % DAY_S / HOUR_S)

    @property
    def session(self) -> tuple[int, bool]:
        return int(self.at / DAY_S), self.at % DAY_S / HOUR_S < NOON_H


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction and the wait that followed it."""

    said: Said
    waited_s: float

    @property
    def covered(self) -> bool:
        return self.said.told.low_s <= self.waited_s <= self.said.told.high_s


def play(seed: int, days: int = DAYS) -> Iterator[list[Scored]]:
    """Day by day, what was said on it and came true. Each day knows only those before it."""
    dice = Random(seed)  # noqa: S311 – made up, not secret
    past: list[list[Past]] = []
    fates: list[Fate] = []
    for plans in Clinic.of(dice).days(days, dice):
        experience, calibration = Experience(together(past)), Calibration(fates)
        watches = [Watch(ClinicHours(plan, dice)) for plan in plans]
        scored = [each for watch in watches for each in _session(watch, experience, calibration)]
        past.append([watch.past() for watch in watches])
        fates += [Fate(each.said.session, each.said.outlook, each.waited_s) for each in scored]
        yield scored


def _session(watch: Watch, experience: Experience, calibration: Calibration) -> Iterator[Scored]:
    open_said: defaultdict[str, dict[int, Said]] = defaultdict(dict)  # by ticket and how many stood before it
    for happened in watch.hours.pass_by():
        watch.see(happened)
        if happened.what is What.CALLED:
            come_true = open_said.pop(str(happened.serial), {})
            yield from (Scored(said, happened.at - said.at) for said in come_true.values())
        line, longest_s = watch.line(happened.at), watch.longest_wait_s(happened.at)
        for outlook in outlooks(line, experience):
            mine = open_said[outlook.ticket_id]
            if outlook.ahead not in mine:
                thumbs = tuple(thumb(Moment(line, outlook, longest_s)) for thumb in THUMBS.values())
                told = calibration.range(outlook)
                mine[outlook.ahead] = Said(happened.at, not mine, outlook, told, thumbs)


def ranges_of(thumb: int, earlier: Sequence[Scored], said: Sequence[Said]) -> list[Range]:
    """What a rule of thumb would tell, had it learned how it errs: the 10, 50 and 90 % points of its errors, added."""
    errors = [each.waited_s - each.said.thumbs[thumb] for each in earlier]
    tenths = quantiles(errors, n=10)
    return [Range(*(each.thumbs[thumb] + tenths[index] for index in (0, 4, 8))) for each in said]
