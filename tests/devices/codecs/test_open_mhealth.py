"""Open mHealth and IEEE 1752.1 data points: their times, their context, and what is none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices.codecs.open_mhealth import decode
from devices.readings import Decoded, Reason, Reported
from tests.devices.codecs.sample_files import elsewhere, shipped

NOW = datetime(2025, 3, 8, 23, 10, tzinfo=UTC)
AT = {"date_time": "2025-03-09T07:10:00+08:00"}


def said(body: object) -> Decoded:
    return decode(json.dumps(body).encode())


def spo2(value: object = 97, unit: str = "%", **more: object) -> dict[str, Any]:
    return {"oxygen_saturation": {"value": value, "unit": unit}, "effective_time_frame": AT, **more}


def test_a_data_point_of_ieee_1752_is_read() -> None:
    assert decode(shipped("omh/ieee1752_datapoint.json")).readings == (Reported("hr", 78, "/min", NOW),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("body-weight_3.0_pass_body-weight-only.json", ("weight", 50, "kg", "2020-02-05T17:45:00+00:00")),
        (
            "respiratory-rate_2.0_pass_respiratory-rate-only.json",
            ("resp_rate", 12, "/min", "2020-02-05T15:25:00+00:00"),
        ),
        (
            "sleep-duration_2.0_pass_valid-sleep-duration.json",
            ("sleep_duration", 450, "min", "2016-02-06T06:35:00+00:00"),
        ),
    ],
)
def test_a_sample_is_read(name: str, expected: tuple[str, float, str, str]) -> None:
    decoded = decode(elsewhere(f"omh/{name}"))
    assert decoded.refusals == ()
    assert [(r.metric, r.value, r.unit, r.at and r.at.isoformat()) for r in decoded.readings] == [expected]


@pytest.mark.parametrize(
    ("name", "metric", "statistic"),
    [
        ("step-count_3.0_pass_with-session.json", "steps", "maximum"),
        ("blood-glucose_4.0_pass_with-everything.json", "glucose", "minimum"),
    ],
)
def test_a_statistic_is_a_summary_and_no_fault(name: str, metric: str, statistic: str) -> None:
    decoded = decode(elsewhere(f"omh/{name}"))
    assert decoded.readings == ()
    assert [(r.reason, r.metric, r.detail) for r in decoded.refusals] == [(Reason.SUMMARY, metric, statistic)]
    assert not decoded.refusals[0].reason.fault


def test_a_unit_that_does_not_exist_is_refused_and_the_other_pressure_stands() -> None:
    decoded = decode(elsewhere("omh/blood-pressure_3.0_fail_invalid-unit.json"))
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.UNKNOWN_UNIT, "sbp")]
    assert [(r.metric, r.value) for r in decoded.readings] == [("dbp", 60)]


@pytest.mark.parametrize(
    ("frame", "at"),
    [
        ({"date_time": "2025-03-09T07:10:00+08:00"}, NOW),
        (
            {
                "time_interval": {
                    "start_date_time": "2025-03-09T07:09:00+08:00",
                    "end_date_time": "2025-03-09T07:10:00+08:00",
                }
            },
            NOW,
        ),
        (
            {
                "time_interval": {
                    "start_date_time": "2025-03-09T07:09:00+08:00",
                    "duration": {"value": 60, "unit": "sec"},
                }
            },
            NOW,
        ),
        (
            {"time_interval": {"end_date_time": "2025-03-09T07:10:00+08:00", "duration": {"value": 1, "unit": "min"}}},
            NOW,
        ),
    ],
)
def test_a_reading_is_of_the_end_of_its_time(frame: object, at: datetime) -> None:
    assert [r.at for r in said(spo2(effective_time_frame=frame)).readings] == [at]


@pytest.mark.parametrize(
    "frame",
    [
        {},
        [],
        {"date_time": "2025-03-09"},
        {"time_interval": {"date": "2025-03-09", "part_of_day": "evening"}},
        {"time_interval": {"start_date_time": "2025-03-09T07:09:00+08:00", "duration": {"value": 1e300, "unit": "d"}}},
        {
            "time_interval": {
                "start_date_time": "2025-03-09T07:09:00+08:00",
                "duration": {"value": float("nan"), "unit": "d"},
            }
        },
        {"time_interval": {"duration": {"value": 1, "unit": "min"}}},
    ],
)
def test_a_time_that_is_none_refuses_the_reading(frame: object) -> None:
    assert [r.reason for r in said(spo2(effective_time_frame=frame)).refusals] == [Reason.WRONG_SHAPE]


def test_a_vital_sign_over_a_day_is_a_summary_without_saying_so() -> None:
    day = {"end_date_time": "2025-03-09T07:10:00+08:00", "duration": {"value": 1, "unit": "d"}}
    decoded = said({"heart_rate": {"value": 71, "unit": "beats/min"}, "effective_time_frame": {"time_interval": day}})
    assert [r.reason for r in decoded.refusals] == [Reason.SUMMARY]
    steps = {"step_count": {"value": 7842, "unit": "steps"}, "effective_time_frame": {"time_interval": day}}
    assert [r.value for r in said(steps).readings] == [7842]


def test_fahrenheit_is_converted_and_the_skin_is_not_the_core() -> None:
    fever = {"body_temperature": {"value": 102.2, "unit": "F"}, "effective_time_frame": AT}
    assert [round(r.value, 2) for r in said({**fever, "measurement_location": "oral"}).readings] == [39]
    wrist = said({**fever, "measurement_location": "wrist"})
    assert [(r.reason, r.metric) for r in wrist.refusals] == [(Reason.UNKNOWN_METRIC, "")]


def test_glucose_under_the_skin_is_another_metric_and_the_meal_is_its_context() -> None:
    glucose = {"blood_glucose": {"value": 95, "unit": "mg/dL"}, "effective_time_frame": AT}
    sensor = said({**glucose, "specimen_source": "interstitial fluid"})
    drop = said({**glucose, "specimen_source": "capillary blood", "temporal_relationship_to_meal": "fasting"})
    assert [r.metric for r in (*sensor.readings, *drop.readings)] == ["glucose_isf", "glucose"]
    assert drop.readings[0].context == ("fasting",)


def test_oxygen_that_was_given_is_said_beside_the_saturation() -> None:
    assert said(spo2(supplemental_oxygen_flow_rate={"value": 2, "unit": "L/min"})).readings[0].context == ("oxygen",)


@pytest.mark.parametrize(
    ("body", "reason", "metric"),
    [
        (spo2(value="97"), Reason.NOT_A_NUMBER, "spo2"),
        (spo2(value=0.97), Reason.IMPOSSIBLE, "spo2"),
        (spo2(unit=""), Reason.UNKNOWN_UNIT, "spo2"),
        ({"oxygen_saturation": 97}, Reason.WRONG_SHAPE, "spo2"),
        ({"physical_activity": {}}, Reason.UNKNOWN_METRIC, "physical_activity"),
        ({"body": "heart_rate"}, Reason.UNKNOWN_METRIC, ""),
        ({}, Reason.UNKNOWN_METRIC, ""),
        (7, Reason.WRONG_SHAPE, ""),
        ({"$ref": "http://example.org/heart-rate.json"}, Reason.UNKNOWN_METRIC, "$ref"),
    ],
)
def test_a_data_point_is_refused_by_name_and_costs_no_other(body: object, reason: Reason, metric: str) -> None:
    decoded = said([body, spo2(79)])
    assert [(refusal.reason, refusal.metric) for refusal in decoded.refusals] == [(reason, metric)]
    assert [r.value for r in decoded.readings] == [79]


@pytest.mark.parametrize("payload", [b"7", b'"heart_rate"', b"null", b"[" + b",".join([b"{}"] * 1001) + b"]"])
def test_what_is_no_data_point_is_refused_whole(payload: bytes) -> None:
    assert [(refusal.reason, refusal.metric) for refusal in decode(payload).refusals] == [(Reason.WRONG_SHAPE, None)]


def test_no_data_points_are_no_reading() -> None:
    assert [refusal.reason for refusal in decode(b"[]").refusals] == [Reason.NO_READING]
