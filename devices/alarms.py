"""Condition → alarm episode: raise, worsen, latch, acknowledge, end, resolve. Pure; nobody is told anything here."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from devices.rules import Priority

__all__ = ["AlarmError", "AlarmKind", "AlarmState", "Change", "Episode", "NotOpen", "Priority", "Transition"]
__all__ += ["TransitionKind", "What", "Worsened", "acknowledge", "step"]


class AlarmKind(StrEnum):
    PHYSIOLOGICAL = "physiological"
    TECHNICAL = "technical"


class AlarmState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"
    RESOLVED = "resolved"


class TransitionKind(StrEnum):
    RAISED = "raised"
    WORSENED = "worsened"
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"
    RESOLVED = "resolved"


class What(StrEnum):
    """What became of a condition."""

    RAISED = "raised"
    WORSENED = "worsened"
    ENDED = "ended"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of a patient changed. ``at`` is when evaluation saw it; the reading says when it was measured."""

    condition: str
    kind: AlarmKind
    what: What
    rule: str
    priority: Priority
    at: datetime
    late: bool = False
    device_id: str | None = None
    metric: str | None = None
    value: float | None = None
    unit: str | None = None
    message_id: str | None = None
    reading_index: int | None = None


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm from its raising to its resolution; the table ``alarms`` mirrors it."""

    id: str
    patient_id: str
    condition: str
    kind: AlarmKind
    rule: str
    priority: Priority
    state: AlarmState
    round: int
    late: bool
    raised_at: datetime
    since: datetime
    device_id: str | None = None
    metric: str | None = None
    value: float | None = None
    unit: str | None = None
    message_id: str | None = None
    reading_index: int | None = None
    ended_at: datetime | None = None
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_priority: Priority | None = None


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an episode. Its id and its number within the alarm are given where it is stored."""

    alarm_id: str
    kind: TransitionKind
    priority: Priority
    round: int
    rule: str
    at: datetime
    by: str | None = None
    value: float | None = None
    message_id: str | None = None
    reading_index: int | None = None


class AlarmError(Exception):
    """AlarmError ← NotOpen, Worsened."""


class NotOpen(AlarmError):
    """The episode is resolved already."""


class Worsened(AlarmError):
    """It is worse now than what the person saw, or has come again: an acknowledgement covers neither."""


Stepped = tuple[Episode | None, tuple[Transition, ...]]


def step(episode: Episode | None, change: Change, new_id: str, patient_id: str) -> Stepped:
    """What ``change`` makes of the open episode of its condition, if there is one (else a new one gets ``new_id``).

    A change that adds nothing gives the episode back without a transition: what ended while no alarm was open, or is
    raised again while it is raised. RAISED and WORSENED are what people are told about.
    """
    if change.what is What.ENDED:
        return (None, ()) if episode is None else _end(episode, change)
    if episode is None or episode.state is AlarmState.RESOLVED:
        return _told(_opened(change, new_id, patient_id), TransitionKind.RAISED, change)
    if episode.state is AlarmState.ENDED:
        return _told(_again(episode, change, episode.round + 1), TransitionKind.RAISED, change)
    if change.priority.rank > episode.priority.rank:
        return _told(_again(episode, change, episode.round), TransitionKind.WORSENED, change)
    if change.what is What.WORSENED:  # it had got better in between: the same priority again, and told again
        return _told(_again(episode, change, episode.round + 1), TransitionKind.WORSENED, change)
    return episode, ()


def acknowledge(
    episode: Episode, by: str, priority: Priority, at: datetime, *, seen_round: int | None = None
) -> tuple[Episode, tuple[Transition, ...]]:
    """``priority`` and, where it is told, ``seen_round`` are what the person saw. Raises ``NotOpen``, ``Worsened``; a
    second time changes nothing."""
    if episode.state is AlarmState.RESOLVED:
        raise NotOpen(episode.id)
    if priority.rank < episode.priority.rank or (seen_round is not None and seen_round < episode.round):
        raise Worsened(episode.id)
    if episode.acknowledged_at is not None:
        return episode, ()
    known = msgspec.structs.replace(
        episode, acknowledged_at=at, acknowledged_by=by, acknowledged_priority=episode.priority
    )
    seen = _transition(known, TransitionKind.ACKNOWLEDGED, at, by)
    if episode.state is AlarmState.ACTIVE:
        return known, (seen,)
    resolved = _resolved(known, at)
    return resolved, (seen, _transition(resolved, TransitionKind.RESOLVED, at, by))


def latches(condition: str, kind: AlarmKind) -> bool:
    """Whether it stays, once over, until somebody has seen it: what befell the patient, what is lost for good, and what
    nobody has judged."""
    return kind is AlarmKind.PHYSIOLOGICAL or condition.startswith(("gap:", "unjudged:"))


def _opened(change: Change, new_id: str, patient_id: str) -> Episode:
    return Episode(
        id=new_id,
        patient_id=patient_id,
        condition=change.condition,
        kind=change.kind,
        state=AlarmState.ACTIVE,
        round=1,
        raised_at=change.at,
        since=change.at,
        **_evidence(change),
    )


def _again(episode: Episode, change: Change, number: int) -> Episode:
    """A priority or a round that nobody has acknowledged yet."""
    return msgspec.structs.replace(
        episode,
        state=AlarmState.ACTIVE,
        round=number,
        since=change.at,
        ended_at=None,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_priority=None,
        **_evidence(change),
    )


def _evidence(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in _EVIDENCE}


_EVIDENCE = ("rule", "priority", "late", "device_id", "metric", "value", "unit", "message_id", "reading_index")


def _end(episode: Episode, change: Change) -> tuple[Episode, tuple[Transition, ...]]:
    if episode.state is not AlarmState.ACTIVE:
        return episode, ()
    ended = msgspec.structs.replace(episode, state=AlarmState.ENDED, ended_at=change.at)
    over = _transition(ended, TransitionKind.ENDED, change.at)
    if latches(episode.condition, episode.kind) and episode.acknowledged_at is None:
        return ended, (over,)
    resolved = _resolved(ended, change.at)
    return resolved, (over, _transition(resolved, TransitionKind.RESOLVED, change.at))


def _resolved(episode: Episode, at: datetime) -> Episode:
    return msgspec.structs.replace(episode, state=AlarmState.RESOLVED, resolved_at=at)


def _told(episode: Episode, kind: TransitionKind, change: Change) -> tuple[Episode, tuple[Transition, ...]]:
    transition = _transition(episode, kind, change.at)
    evidence = {"value": change.value, "message_id": change.message_id, "reading_index": change.reading_index}
    return episode, (msgspec.structs.replace(transition, **evidence),)


def _transition(episode: Episode, kind: TransitionKind, at: datetime, by: str | None = None) -> Transition:
    return Transition(
        alarm_id=episode.id,
        kind=kind,
        priority=episode.priority,
        round=episode.round,
        rule=episode.rule,
        at=at,
        by=by,
    )
