"""THE WAITING TIME: when each of those who wait will be called, by mean and variance. Pure; one walk along the line.

While all c doctors work, they have together done c·T seconds of work by the time T: what was left in the rooms, and the
turns begun since, but for what is then still left with the c - 1 others. So T = (left + begun - (c - 1) · rest) / c.
Who is booked ahead and has not come counts by the odds of coming in time; urgent cases still to come stretch the time;
how a doctor's day goes as a whole is one uncertainty that all turns of that doctor share.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.clinic.durations import NOTHING, LogNormal, Moments, sooner
from server.clinic.experience import Experience, Pace, Turn, Work

HELPERS_COME_S = 600.0  # after the opening
HELPERS_AWAITED_S = 1800.0
LATER = 3  # who comes late is let in before the fourth who waits
MOST_URGENT = 0.5  # of the doctors' time


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done for a patient."""

    kind: str
    planned_s: float


@dataclass(frozen=True, slots=True)
class AtWork:
    """A doctor on the line: for ``since_s`` with the patient of ``task``, or free while somebody waits."""

    doctor_id: str
    task: Task | None
    since_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Who waits; or who is booked and may still come, ``due_s`` from now by the plan."""

    ticket_id: str
    task: Task
    urgent: bool = False
    due_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNow:
    """All that is known of a line at one moment. ``standing`` in the order of calls; ``today``: the visits ended.

    The session opened ``opened_s`` ago; None: not yet, and it should in ``opens_s``. Its bookings need
    ``doctors_planned``: planned seconds a second.
    """

    hour: float  # of the clinic's day: 13.5 at half past one
    opens_s: float
    closes_s: float
    opened_s: float | None
    owner: str
    doctors: Sequence[AtWork]
    standing: Sequence[Standing]
    today: Sequence[Turn] = ()
    doctors_planned: float = 1.0


class Phase(StrEnum):
    """Of the session: as it is now, or where the call is expected."""

    BEFORE = "before"
    OPEN = "open"
    OVERTIME = "overtime"  # the call will come after the hours end


@dataclass(frozen=True, slots=True)
class Outlook:
    """Until a ticket is called, with ``ahead`` others waiting before it."""

    ticket_id: str
    ahead: int
    phase: Phase
    time: Moments


def outlooks(line: LineNow, experience: Experience) -> list[Outlook]:
    """One for each who is here, in the order of calls."""
    walk = _Walk(line, experience)
    found: list[Outlook] = []
    for standing in line.standing:
        if standing.due_s is None:
            time = walk.time if standing.urgent else walk.stretched
            found.append(Outlook(standing.ticket_id, len(found), _phase(line, time), time))
        walk.pass_by(standing)
    return found


class _Walk:
    """Along the line: ``time`` until the doctors come to the next place."""

    def __init__(self, line: LineNow, experience: Experience) -> None:
        self._line, self._experience = line, experience
        self._paces = {doctor: _pace(line, experience, doctor) for doctor in _crew(line)}
        self._turns: dict[tuple[Task, int], Moments] = {}
        rests = [self._rest(at_work) for at_work in line.doctors] or [self._opening()]
        rests += [self._helper()] * _awaited(line)
        self._crew = len(rests)
        self._left = sum(rests, NOTHING)
        self._begun = NOTHING
        self._shares = sum(self._paces[doctor].variance for doctor in _crew(line)) / len(_crew(line))
        self._typical = self._turn(line.standing[0].task, line.hour) if line.standing else NOTHING
        self.time = self._first = sooner(rests)

    @property
    def stretched(self) -> Moments:
        """By urgent cases that come meanwhile and go first."""
        per_s, turn = self._experience.urgent_per_s, self._typical
        share = min(per_s * turn.mean / self._crew, MOST_URGENT)
        mean = self.time.mean / (1 - share)
        return Moments(mean, self.time.variance + mean * per_s * turn.square / self._crew**2)

    def pass_by(self, standing: Standing) -> None:
        turn = self._turn(standing.task, self._line.hour + self.time.mean / 3600)
        if standing.due_s is None:
            turn = turn.happening(self._experience.stays(self.time.mean))
        else:
            in_time_s = self.time.mean + LATER * turn.mean / self._crew
            turn = turn.happening(self._experience.comes(-standing.due_s, in_time_s - standing.due_s))
        self._begun += turn
        self.time = self._time()

    def _time(self) -> Moments:
        crew, others = self._crew, self._crew - 1
        rest = self._typical.square / 2 / self._typical.mean  # of a turn met at a random moment
        mean = (self._left.mean + self._begun.mean - others * rest) / crew
        variance = (self._left.variance + self._begun.variance + others * rest**2) / crew**2
        shared = (self._begun.mean / crew) ** 2 * self._shares / crew
        return self._past_hours(Moments(max(mean, self._first.mean), max(variance + shared, self._first.variance)))

    def _past_hours(self, time: Moments) -> Moments:
        """When the hours end, helpers may go."""
        over = time.mean - max(self._line.closes_s, 0.0)
        if over <= 0 or self._crew == 1:
            return time
        slower = self._crew / (1 + (self._crew - 1) * self._experience.helpers_stay)
        share = over / time.mean
        return Moments(time.mean + over * (slower - 1), time.variance * (1 + share * (slower**2 - 1)))

    def _turn(self, task: Task, hour: float) -> Moments:
        """A visit and the gap after it, by whoever of the doctors is free first: the quick see more."""
        found = self._turns.get((task, int(hour)))
        if found is None:
            each = [self._turn_of(doctor, task, hour) for doctor in _crew(self._line)]
            mean = len(each) / sum(1 / turn.mean for turn in each)
            found = Moments(mean, sum(turn.variance for turn in each) / len(each))
            self._turns[task, int(hour)] = found
        return found

    def _turn_of(self, doctor: str, task: Task, hour: float) -> Moments:
        visit = self._visit(doctor, task, hour)
        return LogNormal(visit.mu + self._paces[doctor].effect, visit.sigma).moments + self._gap(doctor)

    def _visit(self, doctor: str, task: Task, hour: float) -> LogNormal:
        return self._experience.visit(Work(doctor, task.kind, task.planned_s, int(hour) % 24))

    def _gap(self, doctor: str) -> Moments:
        return self._experience.gap(doctor).moments

    def _rest(self, at_work: AtWork) -> Moments:
        """Until this doctor calls."""
        if at_work.task is None:
            return self._experience.gap(at_work.doctor_id).rest(at_work.since_s)
        visit, pace = self._visit(at_work.doctor_id, at_work.task, self._line.hour), self._paces[at_work.doctor_id]
        today = LogNormal(visit.mu + pace.effect, math.hypot(visit.sigma, math.sqrt(pace.variance)))
        return today.rest(at_work.since_s) + self._gap(at_work.doctor_id)

    def _opening(self) -> Moments:
        late, opens_s = self._experience.late(self._line.owner), self._line.opens_s
        return late.rest(-opens_s) if opens_s < 0 else Moments(opens_s, 0.0) + late.moments

    def _helper(self) -> Moments:
        """One who is needed by the plan and has not come on the line yet."""
        if self._line.opened_s is None:
            return self._opening() + Moments(HELPERS_COME_S, HELPERS_COME_S**2)
        left_s = max(HELPERS_COME_S - self._line.opened_s, HELPERS_COME_S / 2)
        return Moments(left_s, left_s**2)


def _phase(line: LineNow, time: Moments) -> Phase:
    if line.opened_s is None:
        return Phase.BEFORE
    return Phase.OVERTIME if time.mean > line.closes_s else Phase.OPEN


def _crew(line: LineNow) -> list[str]:
    """Who will see patients, as far as names are known."""
    return [at_work.doctor_id for at_work in line.doctors] or [line.owner]


def _awaited(line: LineNow) -> int:
    if line.opened_s is not None and line.opened_s > HELPERS_AWAITED_S:
        return 0
    return max(round(line.doctors_planned) - len(_crew(line)), 0)


def _pace(line: LineNow, experience: Experience, doctor: str) -> Pace:
    return experience.pace(doctor, (turn for turn in line.today if turn.work.doctor_id == doctor))
