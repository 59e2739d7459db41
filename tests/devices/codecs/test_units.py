"""How units are spelt, and which spellings may mean two things."""

import pytest

from devices.codecs.units import System, assumed, ucum
from devices.metrics import METRICS


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("mmHg", "mm[Hg]"),
        ("MMHG", "mm[Hg]"),
        ("mm[Hg]", "mm[Hg]"),
        ("266016", "mm[Hg]"),
        ("MDC_DIM_KILO_PASCAL", "kPa"),
        (" °C ", "Cel"),
        ("F", "[degF]"),
        ("beats/min", "/min"),
        ("breaths/min", "/min"),
        ("lbs", "[lb_av]"),
        ("µmol/L", "umol/L"),
        ("mmol/l", "mmol/L"),
        ("MG/DL", "mg/dL"),
    ],
)
def test_a_spelling_is_understood(written: str, code: str) -> None:
    assert ucum(written) == code


@pytest.mark.parametrize("written", ["mmH", "", "mm", "mg", "furlong", "mmHg" * 1000, "\x00"])
def test_what_is_no_spelling_of_a_unit_stays_as_it_is(written: str) -> None:
    assert ucum(written) == written


def test_every_unit_that_a_metric_accepts_is_a_unit_here() -> None:
    for metric in METRICS.values():
        assert all(ucum(unit) in metric.units for unit in metric.units)


@pytest.mark.parametrize(
    ("metric", "value", "unit"),
    [
        ("spo2", 97, "%"),
        ("hr", 0, "/min"),
        ("temp", 36.5, "Cel"),
        ("sbp", 120, "mm[Hg]"),
        ("glucose", 5.5, "mmol/L"),
        ("spo2", float("nan"), "%"),
    ],
)
def test_a_number_that_can_mean_one_thing_only_needs_no_unit(metric: str, value: float, unit: str) -> None:
    assert assumed(METRICS[metric], value) == unit


@pytest.mark.parametrize(
    ("metric", "value"),
    [("weight", 154.7), ("temp", 98), ("glucose", 54), ("spo2", 0.97), ("dbp", 25), ("sleep_duration", 8)],
)
def test_a_number_that_may_mean_two_things_is_not_guessed(metric: str, value: float) -> None:
    assert assumed(METRICS[metric], value) == ""


def test_a_gateway_set_to_one_system_says_pounds_or_kilograms_and_never_what_glucose_is_in() -> None:
    weight, glucose = METRICS["weight"], METRICS["glucose"]
    assert (assumed(weight, 154.7, System.IMPERIAL), assumed(weight, 70.2, System.METRIC)) == ("[lb_av]", "kg")
    assert [assumed(glucose, 54, system) for system in System] == ["", "", ""]
