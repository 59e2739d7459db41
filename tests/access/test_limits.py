"""How often somebody may try: bursts, waiting, forgiveness, and a memory that cannot be filled."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.errors import TooManyTries
from server.access.limits import Allowance, Limiter, caller

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
FIVE_THEN_ONE_A_MINUTE = Allowance(5, timedelta(minutes=1))


def exhausted(limiter: Limiter, key: str = "wang", now: datetime = NOW) -> int:
    """How many tries go through at once."""
    for tries in range(1000):
        try:
            limiter.take(key, now)
        except TooManyTries:
            return tries
    raise AssertionError("no limit at all")


def test_a_burst_goes_through_then_one_each_interval() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    assert exhausted(limiter) == 5
    assert exhausted(limiter, now=NOW + timedelta(seconds=59)) == 0
    assert exhausted(limiter, now=NOW + timedelta(seconds=60)) == 1


def test_who_is_refused_learns_how_long_to_wait_and_that_long_is_enough() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    exhausted(limiter)
    with pytest.raises(TooManyTries) as refused:
        limiter.take("wang", NOW + timedelta(seconds=20))
    assert refused.value.retry_after_s == 40
    limiter.take("wang", NOW + timedelta(seconds=20 + 40))


def test_being_refused_costs_nothing() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    for _ in range(3):
        exhausted(limiter)
    limiter.take("wang", NOW + timedelta(minutes=1))


def test_keys_do_not_share() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    exhausted(limiter, "wang")
    assert exhausted(limiter, "zhao") == 5


def test_a_try_given_back_does_not_count() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    for _ in range(50):
        limiter.take("wang", NOW)
        limiter.give_back("wang")
    assert exhausted(limiter) == 5


def test_a_clock_set_back_does_not_lock_anybody_out() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE)
    exhausted(limiter)
    earlier = NOW - timedelta(hours=3)
    with pytest.raises(TooManyTries) as refused:
        limiter.take("wang", earlier)
    assert refused.value.retry_after_s <= 60


def test_memory_is_bounded_and_who_tried_most_is_remembered() -> None:
    limiter = Limiter(FIVE_THEN_ONE_A_MINUTE, max_keys=100)
    exhausted(limiter, "attacked")
    for stranger in range(1000):
        limiter.take(f"stranger {stranger}", NOW)
    assert len(limiter) == 100
    assert exhausted(limiter, "attacked") == 0


@given(st.lists(st.integers(0, 30), max_size=200))
def test_in_no_window_do_more_go_through_than_the_allowance(steps_s: Sequence[int]) -> None:
    limiter, now, passed = Limiter(FIVE_THEN_ONE_A_MINUTE), NOW, list[datetime]()
    for step in steps_s:
        now += timedelta(seconds=step)
        try:
            limiter.take("wang", now)
        except TooManyTries:
            continue
        passed.append(now)
    for index, first in enumerate(passed):
        for count, last in enumerate(passed[index:], start=1):
            assert count <= 5 + (last - first) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_addresses_of_one_subscriber_are_one_caller(one: str, other: str) -> None:
    assert caller(one) == caller(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8:0:1::1"),
        ("192.0.2.1", "192.0.2.2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("", "x"),
    ],
)
def test_other_addresses_are_other_callers(one: str, other: str) -> None:
    assert caller(one) != caller(other)
