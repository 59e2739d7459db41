"""The time of a reading, when the clock was set between measuring and sending."""

from datetime import UTC, datetime, timedelta

from devices.agent_clock import Moment, when

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FACTORY = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
TAKEN = Moment(NOON, 100.0, "first")


def test_a_clock_that_was_not_set_is_believed() -> None:
    assert when(TAKEN, Moment(NOON + timedelta(seconds=31), 130.0, "first")) == NOON


def test_a_clock_that_learned_the_time_late_is_corrected_backwards() -> None:
    early = Moment(FACTORY, 60.0, "first")
    assert when(early, Moment(NOON, 90.0, "first")) == NOON - timedelta(seconds=30)


def test_a_clock_that_was_set_back_is_corrected_too() -> None:
    assert when(TAKEN, Moment(NOON - timedelta(hours=1), 160.0, "first")) == NOON - timedelta(hours=1, seconds=60)


def test_after_another_start_nothing_better_is_known_than_what_was_noted() -> None:
    assert when(TAKEN, Moment(NOON + timedelta(days=3), 5.0, "second")) == NOON
