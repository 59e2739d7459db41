"""An alarm as a person is shown it: the episode, its limit, who was told, who is next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from devices.alarms import Episode
from devices.rules import PROFILES
from server.monitoring.telling import Told, Ward, climb, steps
from server.monitoring.views import AcknowledgedView, AlarmView, LimitView, NamedPatient, NextView, ToldView
from server.notifications.deliveries import DeliveryState
from server.notifications.ladder import Climb, Step, next_at, people

LIMITS = {
    rule.id: LimitView(
        for_s=rule.for_s, below=rule.below, at_most=rule.at_most, at_least=rule.at_least, above=rule.above
    )
    for profile in PROFILES.values()
    for rule in profile.rules
}


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """An episode with what surrounds it in the store.

    ``transition_id`` is the one that began its present priority and round: the ladder's steps hang on it.
    """

    episode: Episode
    patient: NamedPatient
    transition_id: str
    ward: Ward
    acknowledged_by: str | None = None  # the person's name
    told: Sequence[Told] = ()

    @property
    def climb(self) -> Climb:
        return climb(self.episode, self._told_now)

    @property
    def steps(self) -> Mapping[Step, list[DeliveryState]]:
        return steps(self._told_now)

    @property
    def _told_now(self) -> Sequence[Told]:
        """Of the present priority and round: what was said of an earlier one does not count."""
        return [one for one in self.told if one.transition_id == self.transition_id]


def alarm_view(record: AlarmRecord, ack: timedelta) -> AlarmView:
    episode = record.episode
    return AlarmView(
        id=episode.id,
        patient=record.patient,
        kind=episode.kind,
        condition=episode.condition,
        rule=episode.rule,
        priority=episode.priority,
        state=episode.state,
        metric=episode.metric,
        value=episode.value,
        unit=episode.unit,
        limit=LIMITS.get(episode.rule),
        device_id=episode.device_id,
        raised_at=episode.raised_at,
        since=episode.since,
        late=episode.late,
        round=episode.round,
        ended_at=episode.ended_at,
        resolved_at=episode.resolved_at,
        acknowledged=_acknowledged(record),
        told=[ToldView(one.to, one.channel, one.state, one.sent_at or one.written_at) for one in record.told],
        next=_next(record, ack),
    )


def _acknowledged(record: AlarmRecord) -> AcknowledgedView | None:
    episode = record.episode
    if episode.acknowledged_at is None:
        return None
    priority = episode.acknowledged_priority or episode.priority
    return AcknowledgedView(record.acknowledged_by or "", episode.acknowledged_at, priority)


def _next(record: AlarmRecord, ack: timedelta) -> NextView | None:
    at = next_at(record.climb, record.steps, ack)
    asked = people(Step.EVERYONE, record.ward.responsible, record.ward.operators)
    if at is None or not asked:
        return None
    doctors = {person.id for person in record.ward.responsible}
    fresh = [person for person in asked if person.id not in doctors] or asked
    return NextView(fresh[0].name, at)
