"""Theengs' and OpenMQTTGateway's JSON: the unit beside the value, error codes, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices.codecs import CODECS
from devices.codecs.gateway import decode
from devices.codecs.units import System
from devices.readings import Decoded, Reason
from tests.devices.codecs.sample_files import elsewhere, shipped

OWN = json.loads(shipped("gateway/messages.json"))


def said(**message: object) -> Decoded:
    return decode(json.dumps(message).encode())


def payload_of(sample: dict[str, Any]) -> bytes:
    payload = sample["payload"]
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()


def check(sample: dict[str, Any]) -> None:
    """The one sample whose weight is in pounds and does not say so needs a gateway that does."""
    system = System.IMPERIAL if sample["topic"].startswith("zigbee/") else System.UNSAID
    decoded = decode(payload_of(sample), system)
    expected = [tuple(one) for one in sample["expected"] if not one[0].startswith("_")]
    assert [(r.metric, round(r.value, 2), r.unit) for r in decoded.readings] == expected
    assert expected or [refusal.metric for refusal in decoded.refusals] == [""]
    assert not expected or decoded.refusals == ()


@pytest.mark.parametrize("sample", OWN, ids=lambda sample: sample["topic"])
def test_a_sample_is_read(sample: dict[str, Any]) -> None:
    check(sample)


def test_the_samples_of_others_are_read_too() -> None:
    for sample in json.loads(elsewhere("gateway/gateway_messages.json")):
        check(sample)


def test_a_weight_without_a_unit_is_not_guessed() -> None:
    decoded = said(weight=154.7, battery=85)
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.UNKNOWN_UNIT, "weight")]
    assert [r.metric for r in decoded.readings] == ["battery"]


def test_the_topic_may_say_what_the_gateway_was_set_to() -> None:
    message = b'{"weight": 154.7, "temperature": 99.5}'
    pounds, kilograms = CODECS["gateway/imperial"](message), CODECS["gateway/metric"](message)
    assert [(r.metric, round(r.value, 2)) for r in pounds.readings] == [("weight", 70.17), ("temp", 37.5)]
    assert [(r.metric, r.value) for r in kilograms.readings] == [("weight", 154.7)]
    assert [r.reason for r in kilograms.refusals] == [Reason.IMPOSSIBLE]


@pytest.mark.parametrize("unit", ["lb", "lbs", "[lb_av]"])
def test_the_unit_beside_the_value_counts(unit: str) -> None:
    assert [round(r.value, 2) for r in said(weight=154.7, unit=unit).readings] == [70.17]
    assert [round(r.value, 2) for r in said(weight=154.7, weight_unit=unit, unit="kg").readings] == [70.17]


def test_a_unit_that_is_none_of_the_weights_is_not_passed_over() -> None:
    assert [r.reason for r in said(weight=11, unit="st").refusals] == [Reason.UNKNOWN_UNIT]


@pytest.mark.parametrize(
    "more", [{"weighing_mode": "object"}, {"stabilized": False}, {"stabilised": False}, {"weight_removed": True}]
)
def test_a_suitcase_and_a_step_onto_the_scale_are_no_weight(more: dict[str, object]) -> None:
    decoded = said(weight=14.45, unit="kg", **more)
    assert decoded.readings == ()
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.NO_READING, "weight")]


def test_a_temperature_said_twice_is_one() -> None:
    assert [(r.metric, r.value) for r in said(tempc=36.6, tempf=97.88).readings] == [("temp", 36.6)]
    assert [round(r.value, 2) for r in said(tempf=97.88).readings] == [36.6]


def test_sensor_glucose_below_39_is_an_error_code() -> None:
    assert [r.reason for r in said(sgv=5, direction="NOT COMPUTABLE").refusals] == [Reason.IMPOSSIBLE]
    assert [r.reason for r in said(sgv=38).refusals] == [Reason.IMPOSSIBLE]
    for shown, meant in ((39, 2.16), (54, 3.0)):  # the lowest that a sensor tells, and a low one
        assert [(r.metric, round(r.value, 2)) for r in said(sgv=shown).readings] == [("glucose_isf", meant)]


def test_what_xdrip_uploads_is_a_list_with_times_of_its_own() -> None:
    sensor = {"type": "sgv", "sgv": 54, "date": 1741475400000, "direction": "Flat"}
    meter = {"type": "mbg", "mbg": 54, "date": 1741475400000}
    decoded = decode(json.dumps([sensor, 7, {"type": "cal", "slope": 800}, meter]).encode())
    at = datetime(2025, 3, 8, 23, 10, tzinfo=UTC)
    assert [(r.metric, round(r.value, 2), r.at) for r in decoded.readings] == [
        ("glucose_isf", 3.0, at),
        ("glucose", 3.0, at),
    ]
    assert [r.reason for r in decoded.refusals] == [Reason.WRONG_SHAPE, Reason.NO_READING]
    assert [r.at for r in said(spo2=97, date=7).readings] == [None]  # another gateway's is not understood


def test_the_gateways_own_time_is_the_readings() -> None:
    at = datetime(2025, 3, 8, 23, 10, tzinfo=UTC)
    assert [r.at for r in said(spo2=97, UTCtime="2025-03-08T23:10:00Z").readings] == [at]
    assert [r.at for r in said(spo2=97, unixtime=1741475400).readings] == [at]
    assert [r.at for r in said(spo2=97).readings] == [None]


@pytest.mark.parametrize("when", [{"UTCtime": "now"}, {"unixtime": -1}, {"unixtime": float("inf")}, {"unixtime": "x"}])
def test_a_wrong_time_refuses_the_reading(when: dict[str, object]) -> None:
    assert [r.reason for r in said(spo2=97, **when).refusals] == [Reason.WRONG_SHAPE]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"spo2": "nan"}, Reason.NOT_A_NUMBER),
        ({"spo2": "{{ states('x') }}"}, Reason.NOT_A_NUMBER),
        ({"spo2": None}, Reason.NOT_A_NUMBER),
        ({"spo2": float("nan")}, Reason.NOT_A_NUMBER),
        ({"spo2": float("inf")}, Reason.INFINITE),
        ({"hr": 0}, Reason.IMPOSSIBLE),
        ({"tempc": 21.5}, Reason.IMPOSSIBLE),
        ({"glucose": 54}, Reason.UNKNOWN_UNIT),
        ({"servicedatauuid": "fcd2", "servicedata": "41ff"}, Reason.MALFORMED),
    ],
)
def test_a_reading_is_refused_by_name(message: dict[str, object], reason: Reason) -> None:
    assert [r.reason for r in said(**message).refusals] == [reason]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"Offline", Reason.NO_READING),
        (b"online\n", Reason.NO_READING),
        (b"unavailable", Reason.NO_VALUE),
        (b"36.5", Reason.UNKNOWN_METRIC),
        (b"true", Reason.UNKNOWN_METRIC),
        (b"[]", Reason.NO_READING),
        (b"[7]", Reason.WRONG_SHAPE),
        (b'{"~": "esphome", "val_tpl": "{{ value_json.spo2 }}", "spo2": 97}', Reason.NO_READING),
        (b'{"id": "AA:BB", "rssi": -70}', Reason.NO_READING),
        (b'{"id": "AA:BB", "servicedatauuid": "fcd2", "servicedata": "zz"}', Reason.NO_READING),
    ],
)
def test_what_is_no_reading_is_no_fault_of_the_device(payload: bytes, reason: Reason) -> None:
    assert [(r.reason, r.metric) for r in decode(payload).refusals] == [(reason, "")]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.BAD_JSON),
        (b"{", Reason.BAD_JSON),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", Reason.WRONG_SHAPE),
        (b"\xff", Reason.BAD_UTF8),
        (b" " * 60_000, Reason.BAD_JSON),
        (b"a" * 60_000, Reason.BAD_JSON),
        (b'{"spo2": 97, "spo2": 79}', Reason.DUPLICATE_KEY),
        (b"[" + b",".join([b'{"hr": 0, "HR": 0}'] * 501) + b"]", Reason.WRONG_SHAPE),
    ],
)
def test_what_cannot_be_read_is_refused_whole(payload: bytes, reason: Reason) -> None:
    assert [(r.reason, r.metric) for r in decode(payload).refusals] == [(reason, None)]
