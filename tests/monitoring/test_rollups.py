"""Sums of readings: each in its bucket, in the hospital's days, and a correction in place of what it corrects."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.conditions import Input
from devices.readings import Body, Reading
from server.monitoring.rollups import Bucket, Level, Sums, day_end, day_start, fold, merged, reckon

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def heard(*values: float, at: datetime = NOON, every_s: float = 1, context: Sequence[str] = ()) -> list[Input]:
    """A message a value."""
    moments = [at + timedelta(seconds=every_s * number) for number in range(len(values))]
    return [said(value, moment, context) for value, moment in zip(values, moments, strict=True)]


def said(value: float, at: datetime, context: Sequence[str] = (), received_at: datetime | None = None) -> Input:
    body = Body(readings=(Reading("temp", value, "Cel", at, context=tuple(context)),))
    return Input("m", "patient", "T-1", 1, received_at or at, body)


def sums(level: Level, inputs: Sequence[Input], site: str = "") -> list[Sums]:
    found = fold(inputs, SHANGHAI).sums
    return [each for bucket, each in sorted(found.items()) if (bucket.level, bucket.site) == (level, site)]


def test_a_minute_has_the_lowest_the_highest_the_mean_and_the_last() -> None:
    [minute] = sums(Level.MINUTE, heard(37.0, 39.0, 36.5))
    assert (minute.count, minute.low, minute.high, minute.last) == (3, 36.5, 39.0, 36.5)
    assert minute.mean == 37.5


def test_each_reading_is_in_one_bucket_of_every_level() -> None:
    inputs = heard(*range(30, 40), every_s=3600)
    assert [each.count for each in sums(Level.MINUTE, inputs)] == [1] * 10
    assert [each.count for each in sums(Level.HOUR, inputs)] == [1] * 10
    assert [each.count for each in sums(Level.DAY, inputs)] == [4, 6]  # Shanghai's midnight is 16:00 in UTC


def test_the_last_is_the_newest_by_its_measurement_not_by_its_arrival() -> None:
    late = [*heard(37.0, at=NOON + timedelta(seconds=30)), *heard(39.0)]
    [minute] = sums(Level.MINUTE, late)
    assert minute.last == 37.0


def test_of_two_measured_in_one_moment_the_last_is_the_one_that_came_later() -> None:
    [minute] = sums(Level.MINUTE, heard(39.0, 37.0, every_s=0.0001))
    assert minute.last == 37.0
    [minute] = sums(Level.MINUTE, heard(39.0, 37.0, every_s=-0.0001, at=NOON + timedelta(seconds=1)))
    assert minute.last == 37.0


def test_what_was_measured_later_than_it_came_counts_when_it_came() -> None:
    found = fold([said(37.0, NOON + timedelta(minutes=3), received_at=NOON)], SHANGHAI).sums
    assert Bucket("patient", "temp", Level.MINUTE, int(NOON.timestamp()), "") in found


def test_sites_are_kept_apart() -> None:
    inputs = [*heard(36.4, context=["armpit"]), *heard(37.1, context=["tympanum", "preliminary"])]
    assert [each.mean for each in sums(Level.DAY, inputs, "armpit")] == [36.4]
    assert [each.mean for each in sums(Level.DAY, inputs, "tympanum")] == [37.1]
    assert not sums(Level.DAY, inputs)


def test_what_is_too_old_is_passed_over() -> None:
    folded = fold(heard(37.0, 38.0, every_s=60), SHANGHAI, {"patient": NOON + timedelta(seconds=30)})
    assert {each.last for each in folded.sums.values()} == {38.0}


def test_a_correction_is_not_added_but_reckoned() -> None:
    folded = fold(heard(36.0, context=["corrected"]), SHANGHAI)
    assert not folded.sums
    assert [bucket.start for bucket in folded.corrected] == [int(NOON.timestamp())]


def test_a_correction_stands_instead_of_what_came_before_and_of_nothing_else() -> None:
    beside = said(37.5, NOON + timedelta(seconds=5))
    inputs = [*heard(39.9), beside, *heard(36.9, context=["corrected"])]
    minute = reckon(fold(inputs, SHANGHAI).corrected[0], inputs)
    assert minute is not None
    assert (minute.count, minute.low, minute.high) == (2, 36.9, 37.5)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)])
def test_a_day_is_as_long_as_the_clock_makes_it(month: int, day: int, hours: int) -> None:
    start = day_start(int(datetime(2026, month, day, 15, tzinfo=BERLIN).timestamp()), BERLIN)
    assert day_end(start, BERLIN) - start == hours * 3600
    assert day_start(day_end(start, BERLIN), BERLIN) == day_end(start, BERLIN)


VALUES = st.lists(st.floats(30, 43), min_size=1, max_size=30)


@given(VALUES, st.integers(0, 29), st.sampled_from(["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin"]))
def test_any_split_of_the_messages_gives_the_same(values: list[float], cut: int, zone: str) -> None:
    inputs = heard(*values, every_s=1801)
    whole, *halves = (fold(part, ZoneInfo(zone)).sums for part in (inputs, inputs[:cut], inputs[cut:]))
    for bucket, each in whole.items():
        again = merged([half[bucket] for half in halves if bucket in half])
        assert again is not None
        assert (again.count, again.low, again.high, again.last) == (each.count, each.low, each.high, each.last)
        assert again.total == pytest.approx(each.total)


@given(VALUES)
def test_the_mean_is_never_beyond_the_values(values: list[float]) -> None:
    for each in sums(Level.DAY, heard(*values, every_s=0.5)):
        assert each.low <= each.mean <= each.high
