"""A day as it will happen, drawn from a seed: 40 sessions, 2,000 patients, what they and their doctors will do."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from server.visits.visit import Outcome

SESSIONS = 40
PATIENTS = 50  # a session
OPENS = (datetime(2026, 11, 21, 0, 0, tzinfo=UTC), datetime(2026, 11, 21, 5, 30, tzinfo=UTC))  # 8:00 and 13:30
HOURS = (timedelta(hours=4), timedelta(hours=3, minutes=30))
PLANNED_S = 250.0
ANSWERS = 4  # calls that the script says something about; the last holds for all that follow

Pause = tuple[datetime, datetime]


@dataclass(frozen=True)
class Visiting:
    """What a patient will do. ``answers`` are the seconds after each call; None lets it ring in vain.

    ``drops``: the page is away between these moments. ``endings`` are how the visits end, one after the other.
    """

    serial: int
    planned_at: datetime
    arrives_at: datetime | None
    answers: tuple[float | None, ...]
    endings: tuple[Outcome, ...]
    visit_s: float
    drops: tuple[Pause, ...] = ()
    cancels_at: datetime | None = None
    urgent_at: datetime | None = None
    held: Pause | None = None
    moves_at: datetime | None = None


@dataclass(frozen=True)
class Sitting:
    """One session's day. ``comes_at`` is when its first doctor opens it; ``helper`` comes to it in the middle."""

    id: str
    opens_at: datetime
    closes_at: datetime
    comes_at: datetime
    doctors: tuple[str, ...]
    pauses: tuple[Pause, ...]
    patients: tuple[Visiting, ...]
    sends_to: str


def day(seed: int, sessions: int = SESSIONS, patients: int = PATIENTS) -> tuple[Sitting, ...]:
    dice = Random(seed)  # noqa: S311 – a day is drawn, no secret
    return tuple(_sitting(dice, number, sessions, patients) for number in range(sessions))


def without_drops(sittings: tuple[Sitting, ...]) -> tuple[Sitting, ...]:
    return tuple(
        replace(sitting, patients=tuple(replace(patient, drops=()) for patient in sitting.patients))
        for sitting in sittings
    )


def _sitting(dice: Random, number: int, sessions: int, patients: int) -> Sitting:
    opens_at, hours = OPENS[number % 2], HOURS[number % 2]
    late = timedelta(minutes=dice.choice([0, 0, 0, 0, 12, 25]))
    return Sitting(
        id=f"s{number}",
        opens_at=opens_at,
        closes_at=opens_at + hours,
        comes_at=opens_at + late,
        doctors=tuple(f"d{number}.{each}" for each in range(dice.choice([1, 1, 2]))),
        pauses=_pauses(dice, opens_at),
        patients=tuple(_patient(dice, opens_at, serial) for serial in range(1, patients + 1)),
        sends_to=f"s{(number + 2) % sessions}",  # the same window of the day
    )


def _pauses(dice: Random, opens_at: datetime) -> tuple[Pause, ...]:
    if dice.random() < 0.6:
        return ()
    start = opens_at + timedelta(minutes=dice.uniform(40, 150))
    return ((start, start + timedelta(minutes=dice.uniform(5, 25))),)


def _patient(dice: Random, opens_at: datetime, serial: int) -> Visiting:
    planned_at = opens_at + timedelta(seconds=PLANNED_S * (serial - 1))
    comes = planned_at + timedelta(minutes=dice.triangular(-60, 30, -15))
    here_until = comes + timedelta(hours=6)
    patient = Visiting(
        serial=serial,
        planned_at=planned_at,
        arrives_at=comes if dice.random() < 0.92 else None,
        answers=_answers(dice),
        endings=_endings(dice),
        visit_s=min(900.0, dice.lognormvariate(5.2, 0.5)),
        drops=_spans(dice, (comes, here_until), 0.4),
    )
    return _oddity(dice, patient, comes)


def _oddity(dice: Random, patient: Visiting, comes: datetime) -> Visiting:
    """One patient in eight does something else besides."""
    soon = comes + timedelta(minutes=dice.uniform(1, 20))
    match dice.randrange(32):
        case 0:
            return replace(patient, cancels_at=patient.planned_at - timedelta(minutes=dice.uniform(0, 90)))
        case 1:
            return replace(patient, urgent_at=soon)
        case 2:
            return replace(patient, held=(soon, soon + timedelta(minutes=30)))
        case 3:
            return replace(patient, moves_at=soon)
        case _:
            return patient


def _answers(dice: Random) -> tuple[float | None, ...]:
    if dice.random() < 0.02:
        return (None,) * ANSWERS  # the phone lies in another room
    return (*(None if dice.random() < 0.08 else dice.uniform(2, 40) for _ in range(ANSWERS - 1)), 5.0)


def _endings(dice: Random) -> tuple[Outcome, ...]:
    broken = dice.choices([Outcome.TECHNICAL_FAILURE, Outcome.DOCTOR_ABSENT], k=dice.choice([0, 0, 0, 0, 0, 0, 1, 2]))
    return (*broken, Outcome.UNFIT_FOR_ONLINE_CARE if dice.random() < 0.03 else Outcome.COMPLETED)


def _spans(dice: Random, within: Pause, chance: float) -> tuple[Pause, ...]:
    """Two minutes without network, a locked phone, a page that was closed: up to three of them."""
    first, end = within
    found = []
    for _ in range(3):
        start = first + (end - first) * dice.random()
        if dice.random() < chance:
            found.append((start, start + timedelta(seconds=dice.uniform(5, 900))))
    return tuple(found)
