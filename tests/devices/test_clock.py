"""A device's offset: learned from live messages, removed, and never learned from a backlog."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.clock import Clock, localised, place
from devices.readings import Decoded, Reason, Refusal, Reported

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def watched(clock: Clock, ahead_by_s: float, times_s: list[float]) -> Clock:
    """The clock after messages sent at ``times_s`` by a device that is ``ahead_by_s`` ahead, 100 ms under way."""
    for sent in times_s:
        clock = clock.observe(after(sent + ahead_by_s), after(sent + 0.1))
    return clock


def test_a_clock_that_is_nearly_right_is_left_alone() -> None:
    assert watched(Clock(), 1.9, [0, 10, 20, 30, 300]) == Clock()
    assert watched(Clock(), -1.8, [0, 10, 20, 30, 300]) == Clock()


def test_a_clock_ahead_is_followed_once_three_messages_agree() -> None:
    assert watched(Clock(), 600, [0, 1]).offset == timedelta(0)
    assert watched(Clock(), 600, [0, 1, 3]).offset == timedelta(seconds=599.9)


def test_a_clock_behind_must_be_shown_for_longer_since_a_delay_looks_the_same() -> None:
    assert watched(Clock(), -600, [0, 1, 3, 30]).offset == timedelta(0)
    assert watched(Clock(), -600, list(range(70))).offset == timedelta(seconds=-600.1)


def test_one_wrong_sending_time_moves_nothing() -> None:
    clock = watched(Clock(), 0, [0, 1, 2])
    clock = clock.observe(after(86_400), after(3))
    assert watched(clock, 0, [4, 5, 6, 7]) == Clock()


def test_a_backlog_sent_in_a_burst_is_no_clock_behind() -> None:
    clock = Clock()
    for number in range(600):
        clock = clock.observe(after(-600 + number), after(number * 0.2))
    assert clock.offset == timedelta(0)


def test_a_clock_that_was_put_right_is_followed_back_to_nothing() -> None:
    clock = Clock(timedelta(hours=-8))
    assert watched(clock, 0, [0, 1, 3]).offset == timedelta(0)


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(0, 100)), max_size=80))
def test_it_stays_small_and_never_follows_a_single_witness(seen: list[tuple[int, int]]) -> None:
    clock, received = Clock(), NOON
    for ahead_s, pause_s in seen:
        received += timedelta(seconds=pause_s)
        before = clock
        clock = clock.observe(received + timedelta(seconds=ahead_s), received)
        assert len(clock.sightings) <= 20
        if clock.offset != before.offset:
            assert len(before.sightings) >= 2


def reported(at: datetime | None, value: float = 97) -> Reported:
    return Reported("spo2", value, "%", at)


def test_readings_are_put_on_our_time() -> None:
    body = place(Decoded((reported(after(590)),)), timedelta(minutes=10), NOON)
    assert body.readings[0].at == after(-10)
    assert body.readings[0].timed


def test_more_than_five_minutes_ahead_is_refused_after_the_offset_is_removed_and_no_less() -> None:
    body = place(Decoded((reported(after(300)), reported(after(301), 79))), timedelta(0), NOON)
    assert [reading.at for reading in body.readings] == [after(300)]
    assert body.refusals == (Refusal(Reason.FUTURE, "spo2", 79),)
    assert place(Decoded((reported(after(301)),)), timedelta(seconds=10), NOON).refusals == ()


def test_a_reading_without_time_was_taken_when_the_message_was_sent_or_received_and_never_later() -> None:
    untimed = place(Decoded((reported(None),)), timedelta(0), NOON).readings[0]
    assert (untimed.at, untimed.timed) == (NOON, False)
    assert place(Decoded((reported(None),), sent_at=after(-90)), timedelta(0), NOON).readings[0].at == after(-90)
    assert place(Decoded((reported(None),), sent_at=after(90)), timedelta(0), NOON).readings[0].at == NOON


def test_a_time_without_offset_is_read_where_the_hospital_is_and_one_with_it_is_left_alone() -> None:
    morning = datetime.fromisoformat("2026-11-21T20:00:00")
    read = localised(Decoded((reported(morning), reported(NOON), reported(None)), sent_at=morning), SHANGHAI)
    assert [reading.at for reading in read.readings] == [NOON, NOON, None]
    assert read.sent_at == NOON
    untouched = Decoded((reported(NOON), reported(None)))
    assert localised(untouched, SHANGHAI) is untouched


def test_a_device_set_to_another_zone_is_a_clock_that_is_off() -> None:
    """It says 12:00 for what is 20:00 here: eight hours behind, and corrected like any other clock."""
    clock = Clock()
    for second in (0, 40, 80):
        said = Decoded(sent_at=after(second).replace(tzinfo=None))
        clock = clock.observe(localised(said, SHANGHAI).sent_at, after(second))
    assert clock.offset == timedelta(hours=-8)


def test_a_time_told_from_the_moment_of_sending_is_counted_from_it() -> None:
    reading = Reported("spo2", 79, "%", after_sent=timedelta(seconds=-90))
    assert place(Decoded((reading,)), timedelta(0), NOON).readings[0].at == after(-90)
    assert place(Decoded((reading,), sent_at=after(-10)), timedelta(0), NOON).readings[0].at == after(-100)
    later = Reported("spo2", 79, "%", after_sent=timedelta(minutes=6))
    assert place(Decoded((later,)), timedelta(0), NOON).refusals == (Refusal(Reason.FUTURE, "spo2", 79),)


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_after_our_clock_was_set_the_first_message_says_what_the_device_s_shows(by: timedelta) -> None:
    ahead = Clock(timedelta(minutes=7))
    was_wrong = ahead.after_step(by, NOON + timedelta(minutes=7), NOON + by + timedelta(seconds=1))
    assert was_wrong == Clock(timedelta(minutes=7) - by)
    stood_still = ahead.after_step(by, NOON + by + timedelta(minutes=7), NOON + by + timedelta(seconds=1))
    assert stood_still == ahead
