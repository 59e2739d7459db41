"""Every conversion against its source, and both ends of every range."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.metrics import CONTROL_MDC, METRICS, by_loinc, by_mdc
from devices.waves import CHANNELS

CODES: dict[str, Any] = json.loads(Path(__file__).with_name("codes.json").read_bytes())
NOT_A_NUMBER_OF_A_PATIENT = {"urine_strip", "ecg_i", "ppg", "news2"}  # ordinal, waveforms, reckoned here
BESIDES = {"pulse_rate": {149522}}  # MDC_BLD_PULS_RATE_INV, of an arterial line: in makers' PCD-01 manuals
LOWER = {"weight": 2, "glucose_isf": 2.16}  # a child is weighed too; 39 mg/dL is a sensor's lowest value, not an error
ELSEWHERE = {  # where the table departs from the source, and why
    "fvc": {"19868-9", "19870-5"},  # public sources disagree about what they are
    "sleep_duration": {"93830-8", "93831-6", "93829-0"},  # light, deep, REM: not the whole
}


@pytest.mark.parametrize(
    ("metric", "value", "unit", "expected"),
    [
        ("spo2", 0.79, "/", 79.0),
        ("spo2", 0.57, "/", 57.0),  # 0.57 * 100 is 56.99999999999999 in floats
        ("spo2", 0.9, "/", 90.0),
        ("temp", 98.6, "[degF]", 37.0),
        ("temp", 100.4, "[degF]", 38.0),
        ("temp", 310.15, "K", 37.0),
        ("sbp", 16.0, "kPa", 120.01),
        ("map", 24.0, "kPa", 180.01),
        ("dbp", 16000, "Pa", 120.01),
        ("weight", 154.7, "[lb_av]", 70.17),
        ("weight", 70170, "g", 70.17),
        ("weight", 140.34, "jin", 70.17),
        ("height", 70, "[in_i]", 177.8),
        ("glucose", 54, "mg/dL", 3.0),
        ("glucose", 70, "mg/dL", 3.89),
        ("glucose", 250, "mg/dL", 13.88),
        ("glucose", 0.0007, "kg/L", 3.89),
        ("glucose", 0.0039, "mol/L", 3.9),
        ("cholesterol", 200, "mg/dL", 5.17),
        ("triglyceride", 150, "mg/dL", 1.69),
        ("creatinine", 5.0, "mg/dL", 442.1),
        ("hba1c", 47.5, "mmol/mol", 6.5),
        ("hba1c", 53.0, "mmol/mol", 7.0),
        ("troponin_i_hs", 0.4, "ng/mL", 400),
        ("hemoglobin", 7, "g/dL", 70),
        ("lactate", 18.016, "mg/dL", 2.0),
        ("pef", 7.5, "L/s", 450),
        ("sleep_duration", 7.5, "h", 450),
        ("hr", 71, "bpm", 71.0),
    ],
)
def test_a_unit_is_converted_as_its_source_says(metric: str, value: float, unit: str, expected: float) -> None:
    assert METRICS[metric].units[unit].apply(value) == pytest.approx(expected, abs=0.05 if expected > 400 else 0.005)


@pytest.mark.parametrize("source", CODES["metrics"], ids=lambda source: source["metric"])
def test_the_table_says_what_its_source_says(source: dict[str, Any]) -> None:
    name = source["metric"]
    if name in NOT_A_NUMBER_OF_A_PATIENT:
        assert name not in METRICS
        return
    metric = METRICS[name]
    assert metric.unit == source["ucum"]
    assert {unit.split(" (")[0] for unit in source["accepted_units"]} <= metric.units.keys()
    assert set(metric.loinc) >= _loinc(source) - ELSEWHERE.get(name, set())
    assert set(metric.mdc) - BESIDES.get(name, set()) == {int(code) for code in source["mdc"]} - CONTROL_MDC
    low, high = source["plausible"]
    assert (metric.low, metric.high) == (LOWER.get(name, low), high)


def _loinc(source: dict[str, Any]) -> set[str]:
    said = source["loinc"] or []
    listed = list(said.values()) if isinstance(said, dict) else [said] if isinstance(said, str) else said
    return {code.split()[0] for code in listed}


def test_a_code_means_one_metric() -> None:
    assert [found.name for found in map(by_loinc, ("8867-4", "2708-6", "41653-7")) if found] == [
        "hr",
        "spo2",
        "glucose",
    ]
    assert [found.name for found in map(by_mdc, (149530, 150021, 150456)) if found] == ["pulse_rate", "sbp", "spo2"]
    for metric in METRICS.values():
        assert all(by_mdc(code) is metric for code in metric.mdc)
        assert all(by_loinc(code) is metric for code in metric.loinc) or metric.name == "pulse_rate"


def test_neither_control_solution_nor_a_waveform_is_a_reading() -> None:
    assert not any(
        by_mdc(code) for code in CONTROL_MDC | {channel.mdc for channel in CHANNELS.values()} | {150017}
    )  # a public test takes it for NIBP


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
