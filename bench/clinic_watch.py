"""What a server knows while the hours of a made-up clinic pass, and what it has measured when they are over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bench.clinic_days import DAY_S, HOUR_S, PLANNED_S
from bench.clinic_hours import ClinicHours, Happened, OnLine, Place, State, What, order
from server.clinic.experience import Past, Turn, Work
from server.clinic.waiting import AtWork, LineNow, Standing, Task

OVERTIME_S = 600.0


@dataclass
class Watch:
    """Beside one session, for as long as it runs."""

    hours: ClinicHours
    today: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended: dict[str, float] = {}  # doctor → when the last completed visit ended
        self._left, self._waited_s = 0, 0.0
        self._callers: set[str] = set()
        self._late_callers: set[str] = set()

    def see(self, happened: Happened) -> None:
        """To be called for each event, before the next one."""
        match happened:
            case Happened(at, What.CALLED, int(serial), str(doctor)):
                self._waits_no_more(serial, at)
                (self._late_callers if at > self.hours.plan.closes_at + OVERTIME_S else self._callers).add(doctor)
            case Happened(at, What.WITHDREW, int(serial)):
                self._waits_no_more(serial, at)
                self._left += 1
            case Happened(at, What.COMPLETED, int(serial), str(doctor)):
                self.today.append(self._turn(self.hours.doctors[doctor], self.hours.places[serial], at))
                self._ended[doctor] = at

    def line(self, now: float) -> LineNow:
        opened_at = self.hours.opened_at
        return LineNow(
            hour=_hour(now),
            opens_s=self.hours.plan.opens_at - now,
            closes_s=self.hours.plan.closes_at - now,
            opened_s=None if opened_at is None else now - opened_at,
            owner=self._owner,
            doctors=[self._at_work(seen, now) for seen in self.hours.doctors.values()],
            standing=self._standing(now),
            today=self.today,
            doctors_planned=_doctors_planned(self.hours.places.values()),
        )

    def longest_wait_s(self, now: float) -> float:
        return max((now - (place.arrived_at or now) for place in self.hours.waiting()), default=0.0)

    def past(self) -> Past:
        """What the session has left behind."""
        plan, places = self.hours.plan, self.hours.places.values()
        opened_at = self.hours.opened_at or plan.opens_at
        return Past(
            turns=self.today,
            late_s=[(self._owner, opened_at - plan.opens_at)],
            offsets_s=[
                None if place.arrived_at is None else place.arrived_at - place.planned_at
                for place in places
                if not place.walked_in
            ],
            urgent=sum(place.urgent for place in places),
            open_h=(plan.closes_at - opened_at) / HOUR_S,
            left=self._left,
            waited_h=self._waited_s / HOUR_S,
            helpers=len(self._callers - {self._owner}) if self._late_callers else 0,
            stayed=len(self._late_callers & self._callers - {self._owner}),
        )

    @property
    def _owner(self) -> str:
        return self.hours.plan.shifts[0].nature.id

    def _waits_no_more(self, serial: int, at: float) -> None:
        self._waited_s += at - (self.hours.places[serial].arrived_at or at)

    def _turn(self, seen: OnLine, place: Place, now: float) -> Turn:
        work = Work(seen.doctor, place.kind, PLANNED_S[place.kind], int(_hour(seen.busy_since)))
        both_there = max(self._ended.get(seen.doctor, seen.busy_since), place.arrived_at or 0.0)
        return Turn(work, now - seen.busy_since, seen.busy_since - both_there if seen.doctor in self._ended else None)

    def _at_work(self, seen: OnLine, now: float) -> AtWork:
        if seen.serial is not None:
            return AtWork(seen.doctor, _task(self.hours.places[seen.serial]), now - seen.busy_since)
        somebody_since = min((place.arrived_at or now for place in self.hours.waiting()), default=now)
        return AtWork(seen.doctor, None, now - max(seen.free_since, somebody_since))

    def _standing(self, now: float) -> list[Standing]:
        there = [place for place in self.hours.places.values() if place.state in {State.ARRIVED, State.BOOKED}]
        return [
            Standing(
                str(place.serial),
                _task(place),
                urgent=place.urgent,
                due_s=place.planned_at - now if place.state is State.BOOKED else None,
            )
            for place in sorted(there, key=order)
        ]


def together(past: Sequence[Sequence[Past]]) -> Past:
    """One of all sessions, day by day; the last day was yesterday."""
    ages = range(len(past), 0, -1)
    sessions = [session for day in past for session in day]
    return Past(
        turns=[
            replace(turn, days_ago=float(ago))
            for ago, day in zip(ages, past, strict=True)
            for session in day
            for turn in session.turns
        ],
        late_s=[late for session in sessions for late in session.late_s],
        offsets_s=[offset for session in sessions for offset in session.offsets_s],
        urgent=sum(session.urgent for session in sessions),
        open_h=sum(session.open_h for session in sessions),
        left=sum(session.left for session in sessions),
        waited_h=sum(session.waited_h for session in sessions),
        helpers=sum(session.helpers for session in sessions),
        stayed=sum(session.stayed for session in sessions),
    )


def _task(place: Place) -> Task:
    return Task(place.kind, PLANNED_S[place.kind])


def _doctors_planned(places: Iterable[Place]) -> float:
    """The planned time of all who are booked, over the time within which they are to come."""
    booked = [place for place in places if not place.walked_in]
    if len(booked) < 3:
        return 1.0
    ordered = sorted(booked, key=lambda place: place.planned_at)
    span_s = ordered[-1].planned_at - ordered[0].planned_at
    return sum(PLANNED_S[place.kind] for place in ordered[:-1]) / span_s if span_s else 1.0


def _hour(now: float) -> float:
    return now % DAY_S / HOUR_S
