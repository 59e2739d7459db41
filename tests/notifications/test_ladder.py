"""Who is told, and when: every sentence of the ladder's promise, and that time alone never skips or repeats a step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.deliveries import DeliveryState
from server.notifications.ladder import Climb, Person, Step, due, escalates, next_at, people

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACK = timedelta(seconds=120)
TOLD = {Step.RESPONSIBLE: [DeliveryState.SENT]}


def alarm(
    priority: str = "high", condition: str = "spo2.low", *, physiological: bool = True, answered: bool = False
) -> Climb:
    return Climb(priority, physiological, condition, NOON, answered)


def person(name: str, phone: str | None = "+8613800000001") -> Person:
    return Person(name, name, phone, "zh-CN")


def test_the_doctor_is_told_at_once() -> None:
    assert due(alarm(), {}, NOON, ACK) == (Step.RESPONSIBLE,)


def test_everyone_is_told_when_nobody_answers_in_time() -> None:
    assert due(alarm(), TOLD, NOON + ACK - timedelta(microseconds=1), ACK) == ()
    assert due(alarm(), TOLD, NOON + ACK, ACK) == (Step.EVERYONE,)


def test_an_alarm_that_began_later_than_now_has_waited_nobody_knows_how_long() -> None:
    """The clock was put back: an hour more without a doctor is worse than a minute too soon."""
    assert due(alarm(), TOLD, NOON - timedelta(hours=1), ACK) == (Step.EVERYONE,)
    assert due(alarm(), TOLD, NOON - timedelta(seconds=4), ACK) == (), "two machines may differ by seconds"


def test_an_answer_stops_the_climb() -> None:
    assert due(alarm(answered=True), TOLD, NOON + 10 * ACK, ACK) == ()
    assert next_at(alarm(answered=True), TOLD, ACK) is None


def test_each_step_is_taken_once() -> None:
    both = {**TOLD, Step.EVERYONE: [DeliveryState.QUEUED]}
    assert due(alarm(), both, NOON + 100 * ACK, ACK) == ()


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.EXPIRED])
def test_a_doctor_who_cannot_be_reached_is_not_waited_for(state: DeliveryState) -> None:
    assert due(alarm(), {Step.RESPONSIBLE: [state]}, NOON, ACK) == (Step.EVERYONE,)


def test_one_message_under_way_is_waited_for() -> None:
    states = [DeliveryState.FAILED, DeliveryState.QUEUED]
    assert due(alarm(), {Step.RESPONSIBLE: states}, NOON, ACK) == ()


@pytest.mark.parametrize(
    ("climb", "expected"),
    [
        (alarm("high"), True),
        (alarm("medium"), True),
        (alarm("low"), False),
        (alarm("medium", "silence:BM-77", physiological=False), True),
        (alarm("low", "silence:BM-77", physiological=False), True),
        (alarm("medium", "missing:BM-77:spo2", physiological=False), True),
        (alarm("high", "refused:spo2", physiological=False), True),
        (alarm("medium", "refused:spo2", physiological=False), False),
        (alarm("low", "gap:BM-77", physiological=False), False),
    ],
)
def test_what_may_hide_a_deterioration_escalates_and_upkeep_does_not(climb: Climb, expected: bool) -> None:
    assert escalates(climb) is expected
    assert (due(climb, TOLD, NOON + ACK, ACK) == (Step.EVERYONE,)) is expected


def test_step_1_tells_the_doctor_again_and_every_operator_with_a_telephone() -> None:
    told = people(Step.EVERYONE, [person("doctor")], [person("operator"), person("without", None)])
    assert [p.id for p in told] == ["doctor", "operator"]


def test_a_doctor_without_telephone_is_replaced_by_the_operators_at_once() -> None:
    assert [p.id for p in people(Step.RESPONSIBLE, [person("doctor", None)], [person("operator")])] == ["operator"]


def test_nobody_is_told_twice_by_one_step() -> None:
    assert len(people(Step.EVERYONE, [person("both")], [person("both"), person("other")])) == 2


def test_only_where_nobody_has_a_telephone_nobody_is_told() -> None:
    assert people(Step.EVERYONE, [person("doctor", None)], [person("operator", None)]) == ()


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30).map(sorted), st.sampled_from(["high", "medium", "low"]))
def test_however_rarely_the_clock_is_looked_at_each_step_comes_once_and_in_order(
    seconds: list[int], priority: str
) -> None:
    told: dict[Step, list[DeliveryState]] = {}
    taken = []
    for second in seconds:
        for step in due(alarm(priority), told, NOON + timedelta(seconds=second), ACK):
            told[step] = [DeliveryState.QUEUED]
            taken.append(step)
    late = seconds[-1] >= 120 and priority != "low"
    assert taken == ([Step.RESPONSIBLE, Step.EVERYONE] if late else [Step.RESPONSIBLE])
