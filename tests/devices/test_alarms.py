"""An episode from its raising to its resolution, step by step and by any steps at all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from devices.alarms import (
    AlarmKind,
    AlarmState,
    Change,
    Episode,
    NotOpen,
    Priority,
    Transition,
    TransitionKind,
    What,
    Worsened,
    acknowledge,
    step,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOW, MEDIUM, HIGH = Priority


def change(what: What, priority: Priority = MEDIUM, condition: str = "spo2.low", at_s: float = 0) -> Change:
    kind = AlarmKind.PHYSIOLOGICAL if condition == "spo2.low" else AlarmKind.TECHNICAL
    return Change(
        condition=condition,
        kind=kind,
        what=what,
        rule=f"{condition} {priority}",
        priority=priority,
        at=NOON + timedelta(seconds=at_s),
        device_id="BM-77",
        metric="spo2",
        value=79,
        unit="%",
        message_id="m1",
        reading_index=2,
    )


def after(*happened: Change | Priority) -> tuple[Episode, list[str]]:
    """The episode after these changes and – a bare priority – acknowledgements, and what it went through."""
    episode: Episode | None = None
    passed: list[Transition] = []
    for event in happened:
        if isinstance(event, Change):
            episode, transitions = step(episode, event, "a1", "p1")
        else:
            assert episode is not None
            episode, transitions = acknowledge(episode, "doctor", event, NOON)
        passed += transitions
    assert episode is not None
    return episode, [f"{transition.kind} {transition.priority} {transition.round}" for transition in passed]


def test_a_condition_opens_an_episode_with_its_evidence() -> None:
    episode, transitions = step(None, change(What.RAISED), "a1", "p1")
    assert episode is not None
    assert (episode.id, episode.patient_id, episode.state, episode.round) == ("a1", "p1", AlarmState.ACTIVE, 1)
    assert (episode.metric, episode.value, episode.unit, episode.reading_index) == ("spo2", 79, "%", 2)
    assert [(t.alarm_id, t.kind, t.value, t.message_id) for t in transitions] == [
        ("a1", TransitionKind.RAISED, 79, "m1")
    ]


def test_what_is_over_and_acknowledged_is_resolved() -> None:
    episode, passed = after(change(What.RAISED), MEDIUM, change(What.ENDED, at_s=60))
    assert episode.state is AlarmState.RESOLVED
    assert episode.ended_at == episode.resolved_at == NOON + timedelta(seconds=60)
    assert passed == ["raised medium 1", "acknowledged medium 1", "ended medium 1", "resolved medium 1"]


def test_what_befell_a_patient_stays_until_somebody_has_seen_it() -> None:
    episode, passed = after(change(What.RAISED), change(What.ENDED))
    assert (episode.state, passed[-1]) == (AlarmState.ENDED, "ended medium 1")
    episode, passed = after(change(What.RAISED), change(What.ENDED), MEDIUM)
    assert (episode.state, passed[-2:]) == (AlarmState.RESOLVED, ["acknowledged medium 1", "resolved medium 1"])


def test_a_technical_condition_does_not_latch_but_a_gap_does() -> None:
    for condition, state in (
        ("silence:BM-77", AlarmState.RESOLVED),
        ("refused:spo2", AlarmState.RESOLVED),
        ("unreadable:BM-77", AlarmState.RESOLVED),
        ("gap:BM-77", AlarmState.ENDED),
    ):
        episode, _ = after(change(What.RAISED, condition=condition), change(What.ENDED, condition=condition))
        assert episode.state is state


def test_worsening_takes_the_acknowledgement_away() -> None:
    episode, passed = after(change(What.RAISED), MEDIUM, change(What.WORSENED, HIGH, at_s=9))
    assert (episode.priority, episode.acknowledged_at, episode.acknowledged_by) == (HIGH, None, None)
    assert (episode.since, episode.raised_at) == (NOON + timedelta(seconds=9), NOON)
    assert passed[-1] == "worsened high 1"


def test_an_acknowledgement_covers_no_priority_that_the_person_did_not_see() -> None:
    episode, _ = after(change(What.RAISED), change(What.WORSENED, HIGH))
    with pytest.raises(Worsened):
        acknowledge(episode, "doctor", MEDIUM, NOON)
    known, _ = acknowledge(episode, "doctor", HIGH, NOON)
    assert (known.acknowledged_by, known.acknowledged_priority) == ("doctor", HIGH)


def test_the_first_acknowledgement_stays() -> None:
    known, _ = after(change(What.RAISED), MEDIUM)
    assert acknowledge(known, "somebody else", HIGH, NOON) == (known, ())


def test_a_resolved_episode_cannot_be_acknowledged() -> None:
    episode, _ = after(change(What.RAISED), MEDIUM, change(What.ENDED))
    with pytest.raises(NotOpen):
        acknowledge(episode, "doctor", HIGH, NOON)


def test_breaching_again_while_unseen_is_a_new_round_of_the_same_episode_and_told_again() -> None:
    episode, passed = after(change(What.RAISED), change(What.ENDED), change(What.RAISED, at_s=90))
    assert (episode.state, episode.round, episode.ended_at) == (AlarmState.ACTIVE, 2, None)
    assert passed[-1] == "raised medium 2"


def test_getting_as_bad_again_after_getting_better_is_told_again() -> None:
    episode, passed = after(change(What.RAISED), change(What.WORSENED, HIGH), HIGH, change(What.WORSENED, HIGH))
    assert episode.acknowledged_at is None
    assert passed[-1] == "worsened high 2"


def test_a_condition_that_comes_back_after_it_was_resolved_is_a_new_episode() -> None:
    resolved, _ = after(change(What.RAISED), MEDIUM, change(What.ENDED))
    episode, transitions = step(resolved, change(What.RAISED), "a2", "p1")
    assert episode is not None
    assert (episode.id, episode.round, [t.alarm_id for t in transitions]) == ("a2", 1, ["a2"])


def test_what_adds_nothing_changes_nothing() -> None:
    assert step(None, change(What.ENDED), "a1", "p1") == (None, ())
    assert after(change(What.RAISED), change(What.RAISED))[1] == ["raised medium 1"]
    ended, _ = after(change(What.RAISED), change(What.ENDED))
    assert step(ended, change(What.ENDED), "a1", "p1") == (ended, ())


class OneCondition(RuleBasedStateMachine):
    """A condition comes and goes as evaluation tells it; people acknowledge what they last saw."""

    def __init__(self) -> None:
        super().__init__()
        self.episodes: dict[str, Episode] = {}
        self.level: Priority | None = None
        self.seen: Priority | None = None
        self.told: list[Transition] = []
        self.now = NOON
        self.condition = "spo2.low"

    @property
    def open(self) -> Episode | None:
        return next((e for e in self.episodes.values() if e.state is not AlarmState.RESOLVED), None)

    def happens(self, what: What, priority: Priority) -> None:
        self.now += timedelta(seconds=1)
        said = msgspec.structs.replace(change(what, priority, self.condition), at=self.now)
        episode, transitions = step(self.open, said, f"a{len(self.episodes)}", "p1")
        assert episode is not None
        self.record(episode, transitions)
        told = [t for t in transitions if t.kind in {TransitionKind.RAISED, TransitionKind.WORSENED}]
        assert len(told) == (what is not What.ENDED)
        assert what is What.ENDED or episode.acknowledged_at is None

    def record(self, episode: Episode, transitions: Sequence[Transition]) -> None:
        self.episodes[episode.id] = episode
        self.told += transitions

    @precondition(lambda self: self.level is None)
    @rule(priority=st.sampled_from([MEDIUM, HIGH]))
    def raised(self, priority: Priority) -> None:
        self.level = priority
        self.happens(What.RAISED, priority)

    @precondition(lambda self: self.level is MEDIUM)
    @rule()
    def worsened(self) -> None:
        self.level = HIGH
        self.happens(What.WORSENED, HIGH)

    @precondition(lambda self: self.level is HIGH)
    @rule()
    def got_better_without_being_over(self) -> None:
        self.level = MEDIUM  # evaluation says nothing

    @precondition(lambda self: self.level is not None)
    @rule()
    def ended(self) -> None:
        assert self.level is not None
        self.happens(What.ENDED, self.level)
        self.level = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def somebody_looks(self) -> None:
        assert self.open is not None
        self.seen = self.open.priority

    @precondition(lambda self: self.open is not None and self.seen is not None)
    @rule()
    def somebody_acknowledges_what_was_seen(self) -> None:
        assert self.open is not None
        assert self.seen is not None
        before = self.open
        try:
            episode, transitions = acknowledge(before, "doctor", self.seen, self.now)
        except Worsened:
            assert self.seen.rank < before.priority.rank
        else:
            assert self.seen.rank >= before.priority.rank
            self.record(episode, transitions)

    @invariant()
    def never_two_are_open(self) -> None:
        assert sum(e.state is not AlarmState.RESOLVED for e in self.episodes.values()) <= 1

    @invariant()
    def an_active_condition_has_an_active_alarm_at_least_as_bad(self) -> None:
        active = self.open if self.open is not None and self.open.state is AlarmState.ACTIVE else None
        assert (active is not None) == (self.level is not None)
        if active is not None and self.level is not None:
            assert active.priority.rank >= self.level.rank

    @invariant()
    def what_ended_unseen_is_still_open_and_nothing_else_is_ended(self) -> None:
        for episode in self.episodes.values():
            assert (episode.state is AlarmState.ENDED) <= (episode.acknowledged_at is None)
            assert (episode.state is AlarmState.RESOLVED) <= (episode.acknowledged_at is not None)

    @invariant()
    def nobody_is_told_the_same_thing_twice(self) -> None:
        keys = [
            (t.alarm_id, t.round, t.priority)
            for t in self.told
            if t.kind in {TransitionKind.RAISED, TransitionKind.WORSENED}
        ]
        assert len(keys) == len(set(keys))


TestOneCondition = OneCondition.TestCase
