import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.metrics import METRICS


@pytest.mark.parametrize(
    ("metric", "value", "unit", "expected"),
    [
        ("spo2", 0.79, "/", 79.0),
        ("spo2", 0.57, "/", 57.0),  # 0.57 * 100 is 56.99999999999999 in floats
        ("spo2", 0.9, "/", 90.0),
        ("temp", 98.6, "[degF]", 37.0),
        ("temp", 310.15, "K", 37.0),
        ("sbp", 16.0, "kPa", 120.01),
        ("dbp", 16000, "Pa", 120.01),
        ("weight", 154.7, "[lb_av]", 70.17),
        ("weight", 70170, "g", 70.17),
        ("glucose", 54, "mg/dL", 3.0),
        ("glucose", 250, "mg/dL", 13.88),
        ("hr", 71, "bpm", 71.0),
    ],
)
def test_a_unit_is_converted_as_its_source_says(metric: str, value: float, unit: str, expected: float) -> None:
    assert METRICS[metric].units[unit].apply(value) == pytest.approx(expected, abs=0.005)


def test_a_ratio_lands_on_its_side_of_a_limit_exactly() -> None:
    ratio = METRICS["spo2"].units["/"]
    assert [ratio.apply(hundredth / 100) for hundredth in range(101)] == list(range(101))


@given(st.sampled_from(sorted(METRICS)), st.floats(allow_nan=False, allow_infinity=False))
def test_the_metrics_own_unit_changes_nothing_and_no_unit_raises(name: str, value: float) -> None:
    metric = METRICS[name]
    assert metric.units[metric.unit].apply(value) == value
    for conversion in metric.units.values():
        assert isinstance(conversion.apply(value), float)


def test_the_ends_of_what_is_possible_are_possible() -> None:
    spo2 = METRICS["spo2"]
    assert [spo2.possible(value) for value in (49.9, 50, 100, 100.1)] == [False, True, True, False]
