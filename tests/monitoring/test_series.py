"""Trends and tiles: thinning that keeps every dip, and a backlog that never covers a newer value."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Body, Reading
from server.monitoring.series import LATE_AFTER, Heard, NewestByPatient, newest, series, thin

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
points = st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 300)), max_size=400).map(sorted)


def heard(seconds: float, value: float, metric: str = "spo2", *, delay_s: float = 0) -> Heard:
    at = NOON + timedelta(seconds=seconds)
    reading = Reading(metric, value, "%", at)
    return Heard("BM-77", at + timedelta(seconds=delay_s), Body(readings=(reading,)))


def test_a_trend_is_in_order_of_measurement_whatever_the_order_of_arrival() -> None:
    found = series([heard(2, 96), heard(0, 98), heard(1, 97)], ["spo2"], NOON, NOON + timedelta(minutes=1))
    assert [value for _, value in found["spo2"]] == [98, 97, 96]
    assert found["spo2"][0][0] == round(NOON.timestamp() * 1000)


def test_only_what_was_asked_for_and_measured_in_the_span() -> None:
    messages = [heard(-1, 90), heard(0, 91), heard(60, 92), heard(61, 93), heard(5, 70, "pulse_rate")]
    found = series(messages, ["spo2", "temp"], NOON, NOON + timedelta(minutes=1))
    assert [value for _, value in found["spo2"]] == [91, 92]
    assert found["temp"] == []


@given(points, st.integers(2, 50))
def test_thinning_keeps_the_lowest_and_the_highest_in_order(measured: list[tuple[int, float]], limit: int) -> None:
    kept = thin(measured, limit)
    assert len(kept) <= max(limit, 2)
    assert kept == sorted(kept)
    assert set(kept) <= set(measured)
    if measured:
        values = [value for _, value in kept]
        assert min(values) == min(value for _, value in measured)
        assert max(values) == max(value for _, value in measured)


def test_a_tile_shows_the_newest_measurement_and_not_the_newest_arrival() -> None:
    found = newest([heard(10, 97), heard(5, 79, delay_s=120)])
    assert found["spo2"].value == 97
    assert not found["spo2"].late


def test_late_is_what_came_longer_after_its_measurement_than_live_watching_allows() -> None:
    limit = LATE_AFTER.total_seconds()
    assert not newest([heard(0, 97, delay_s=limit)])["spo2"].late
    assert newest([heard(0, 97, delay_s=limit + 0.001)])["spo2"].late


def test_a_backlog_does_not_put_an_old_value_over_a_newer_one() -> None:
    shown = NewestByPatient()
    assert shown.changes({"p": [heard(10, 97)]})["p"]["metric/spo2"].value == 97
    assert shown.changes({"p": [heard(5, 79)]}) == {}
    assert shown.changes({"p": [heard(5, 60, "pulse_rate")]})["p"].keys() == {"metric/pulse_rate"}
    assert shown.changes({"other": [heard(5, 79)]})["other"]["metric/spo2"].value == 79


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_in_whatever_batches_what_is_shown_last_is_the_newest(seconds: list[int]) -> None:
    shown, last = NewestByPatient(), None
    for second in seconds:
        change = shown.changes({"p": [heard(second, second)]})
        last = change["p"]["metric/spo2"] if change else last
    assert last is not None
    assert last.value == max(seconds)


def test_a_clock_that_runs_ahead_freezes_no_tile() -> None:
    """Until a device's clock is known to be ahead its readings seem to come from the future: nothing is newer than its
    receipt, or a good number would stand there as new while worse ones arrive."""
    shown = NewestByPatient()
    [ahead] = shown.changes({"p": [heard(240, 97, delay_s=-240)]})["p"].values()
    assert ahead.at == ahead.received_at == NOON
    assert shown.changes({"p": [heard(1, 79)]})["p"]["metric/spo2"].value == 79
    assert newest([heard(240, 97, delay_s=-240), heard(1, 79)])["spo2"].value == 79
    found = series([heard(240, 97, delay_s=-240)], ["spo2"], NOON - timedelta(minutes=1), NOON)
    assert [value for _, value in found["spo2"]] == [97]
