"""From an alarm to the deliveries of a step of the ladder: whom, in which words, for how long. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.alarms import AlarmKind, AlarmState, Episode, TransitionKind
from server.notifications import messages
from server.notifications.deliveries import Channel, DeliveryState, NewDelivery
from server.notifications.ladder import Climb, Person, Step, people
from server.notifications.messages import AlarmFacts, Sender, locale_of
from server.notifications.templates import Text

TELLING = frozenset({TransitionKind.RAISED, TransitionKind.WORSENED})  # what somebody must be told of
MEANS_SOMETHING_FOR = timedelta(hours=1)  # an alarm text that comes later than this is looked up, not rung for


@dataclass(frozen=True, slots=True)
class Ward:
    """Who is told about a patient: the doctors in charge, and the operators who find one if these do not answer."""

    patient_name: str
    responsible: Sequence[Person]
    operators: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery about an alarm, on account of the transition that ``transition_id`` names."""

    transition_id: str
    step: Step
    to: str
    channel: str
    state: DeliveryState
    written_at: datetime
    sent_at: datetime | None = None


def climb(episode: Episode, told: Sequence[Told]) -> Climb:
    """``told`` of the transition that began the present priority and round.

    The time to answer runs from when step 0 was written: what the server received before a failure and evaluated after
    it has a ``since`` in the past.
    """
    written = [one.written_at for one in told if one.step is Step.RESPONSIBLE]
    return Climb(
        priority=episode.priority,
        physiological=episode.kind is AlarmKind.PHYSIOLOGICAL,
        condition=episode.condition,
        began_at=min(written, default=episode.since),
        answered=episode.acknowledged_at is not None or episode.state is AlarmState.RESOLVED,
    )


def steps(told: Sequence[Told]) -> Mapping[Step, list[DeliveryState]]:
    """What has become of the deliveries of every step taken.

    A push, a mail or a call to be made counts where it has arrived, and never as something to be waited for: when the
    SMS is lost, the next people are told at once.
    """
    taken: dict[Step, list[DeliveryState]] = {one.step: [] for one in told}
    for one in told:
        if one.channel == Channel.SMS or one.state is DeliveryState.DELIVERED:
            taken[one.step].append(one.state)
    return taken


def cause(transition_id: str) -> str:
    return f"transition:{transition_id}"


@dataclass(frozen=True, slots=True)
class Call:
    """A step of the ladder to take now, for the transition that ``transition_id`` names."""

    episode: Episode
    transition_id: str
    step: Step
    now: datetime


def deliveries(call: Call, ward: Ward, sender: Sender) -> list[NewDelivery]:
    """Empty only where nobody on record has a telephone."""
    return [
        NewDelivery(
            cause=cause(call.transition_id),
            step=call.step,
            recipient=f"user:{person.id}",
            address=person.phone or "",
            text=_text(call, person, ward, sender),
            created_at=call.now,
            expires_at=call.now + MEANS_SOMETHING_FOR,
            urgent=True,
        )
        for person in people(call.step, ward.responsible, ward.operators)
    ]


def _text(call: Call, person: Person, ward: Ward, sender: Sender) -> Text:
    facts = AlarmFacts(ward.patient_name, call.episode.condition, call.episode.priority, call.episode.since)
    locale = locale_of(person.locale)
    if person.id not in {doctor.id for doctor in ward.responsible}:
        return messages.alarm_relay(sender, locale, facts, doctor=ward.responsible[0].name if ward.responsible else "")
    if call.step is Step.RESPONSIBLE:
        return messages.alarm(sender, locale, facts)
    return messages.alarm_unanswered(sender, locale, facts)
