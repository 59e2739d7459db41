"""Over how long a value may have been measured and still be a reading."""

from datetime import timedelta

from devices.codecs.intervals import MOMENT, is_summary
from devices.metrics import METRICS


def test_a_cuff_may_take_its_time_and_an_hours_pulse_is_a_summary() -> None:
    assert not is_summary(METRICS["sbp"], timedelta(minutes=1))
    assert not is_summary(METRICS["temp"], MOMENT)
    assert is_summary(METRICS["hr"], MOMENT + timedelta(seconds=1))


def test_a_night_is_slept_and_steps_are_counted_over_any_time() -> None:
    assert not is_summary(METRICS["sleep_duration"], timedelta(hours=10))
    assert not is_summary(METRICS["steps"], timedelta(days=1))
