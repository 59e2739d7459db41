"""Who is told of an alarm, in which order, and when the next step is due. Values in, steps out; no clock, no I/O.

Step 0 is the doctor who answers for the patient, at once. Step 1, when nobody has acknowledged in time, is that doctor
again and every operator. A deterioration that has ended by itself is still climbed for: nobody has seen it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from server.notifications.deliveries import LOST, DeliveryState

SLACK = timedelta(seconds=5)  # between the clocks of two machines


class Step(IntEnum):
    RESPONSIBLE = 0
    EVERYONE = 1


@dataclass(frozen=True, slots=True)
class Climb:
    """What the ladder must know of an alarm in its present priority and round.

    ``began_at`` is when step 0 was written, not when the value was measured: a reading that comes an hour late must
    still leave the doctor ``ack_s`` to answer.
    """

    priority: str
    physiological: bool
    condition: str
    began_at: datetime
    answered: bool  # acknowledged, or resolved


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    phone: str | None
    locale: str


def escalates(climb: Climb) -> bool:
    """Whether an alarm that nobody acknowledges goes past step 0.

    High and medium physiological alarms do; so does the silence of a monitored patient – of a device, or of a metric
    that it measured before – and any technical alarm of high priority, since each may hide a deterioration. The rest is
    a matter of comfort or upkeep, and a telephone that rings for it teaches people not to look.
    """
    if climb.physiological:
        return climb.priority in {"high", "medium"}
    return climb.priority == "high" or climb.condition.startswith(("silence:", "missing:"))


def due(
    climb: Climb, told: Mapping[Step, Collection[DeliveryState]], now: datetime, ack: timedelta
) -> tuple[Step, ...]:
    """The steps to take now. ``told`` has the states of the deliveries of every step that was taken."""
    steps = () if Step.RESPONSIBLE in told else (Step.RESPONSIBLE,)
    following = next_at(climb, told, ack)
    if following is None or (following > now and climb.began_at <= now + SLACK):
        return steps  # what began later than now has waited nobody knows how long: the clock was put back
    return (*steps, Step.EVERYONE)


def next_at(climb: Climb, told: Mapping[Step, Collection[DeliveryState]], ack: timedelta) -> datetime | None:
    """When step 1 is due; None if it was taken, is not needed or will never come.

    Where no delivery of step 0 can reach anybody any more, there is nobody to wait for: it is due at once.
    """
    if climb.answered or Step.EVERYONE in told or not escalates(climb):
        return None
    return climb.began_at if _lost(told.get(Step.RESPONSIBLE, ())) else climb.began_at + ack


def people(step: Step, responsible: Sequence[Person], operators: Sequence[Person]) -> tuple[Person, ...]:
    """Whom a step tells: each at most once, only those with a telephone.

    If no doctor in charge has one, step 0 goes to the operators: somebody is told at once. The result is empty only
    where nobody on record has a telephone, and then the caller must say so.
    """
    doctors = _reachable(responsible)
    if step is Step.RESPONSIBLE and doctors:
        return doctors
    return _reachable((*doctors, *operators))


def _reachable(candidates: Sequence[Person]) -> tuple[Person, ...]:
    return tuple({person.id: person for person in candidates if person.phone}.values())


def _lost(states: Collection[DeliveryState]) -> bool:
    return bool(states) and all(state in LOST for state in states)
