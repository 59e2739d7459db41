"""SenML packs: base fields resolved, ratios, and records refused one by one."""

import json
from datetime import UTC, datetime, timedelta

import cbor2
import pytest

from devices.codecs.senml import LABELS, Record, decode, resolve
from devices.readings import Decoded, Reason
from tests.devices.codecs.sample_files import shipped

MEASURED = datetime(2025, 3, 9, 7, 10, 5, tzinfo=UTC)
AT = 1741504205


def said(*records: object) -> Decoded:
    return decode(json.dumps(records).encode())


def in_cbor(records: list[dict[str, object]]) -> bytes:
    labels = {name: label for label, name in LABELS.items()}
    return bytes(cbor2.dumps([{labels[key]: value for key, value in record.items()} for record in records]))


@pytest.mark.parametrize("name", ["vitals.json", "rfc8428_ex3.json"])
def test_the_base_fields_of_a_sample_are_resolved(name: str) -> None:
    expected = json.loads(shipped("senml/expected.json"))[name]
    records = [record for record in resolve(json.loads(shipped(f"senml/{name}"))) if isinstance(record, Record)]
    assert [(r.name, r.unit, r.value) for r in records] == [(e["n"], e["u"], e["v"]) for e in expected]
    assert [r.time_s for r in records] == pytest.approx([e["t"] for e in expected], abs=1e-6)


def test_the_vitals_are_read_in_our_units_at_their_time() -> None:
    decoded = decode(shipped("senml/vitals.json"))
    assert decoded.refusals == ()
    assert [(r.metric, round(r.value, 2)) for r in decoded.readings] == [
        ("hr", 78),
        ("spo2", 97),
        ("temp", 36.8),
        ("sbp", 128.0),
        ("dbp", 81.0),
        ("weight", 70.2),
        ("resp_rate", 16),
        ("battery", 85),
        ("hr", 80),
    ]
    assert {r.at for r in decoded.readings[:-1]} == {MEASURED}
    assert decoded.readings[-1].at == MEASURED - timedelta(minutes=1)
    assert (decoded.readings[1].sent_value, decoded.readings[1].sent_unit) == (0.97, "/")


def test_cbor_says_the_same_as_json() -> None:
    pack = json.loads(shipped("senml/vitals.json"))
    assert decode(in_cbor(pack)) == decode(json.dumps(pack).encode())
    assert decode(in_cbor([{"n": "spo2", "u": "/", "v": 0.79}])).readings[0].value == 79


def test_an_unknown_name_is_refused_record_by_record() -> None:
    decoded = decode(shipped("senml/rfc8428_ex3.json"))
    assert {refusal.reason for refusal in decoded.refusals} == {Reason.UNKNOWN_METRIC}
    assert [refusal.metric for refusal in decoded.refusals] == ["voltage", *["current"] * 6]


def test_percent_is_a_ratio_and_never_a_percentage() -> None:
    assert said({"n": "spo2", "u": "%", "v": 0.79}).readings[0].value == 79
    assert said({"n": "spo2", "u": "%", "v": 79}).refusals[0].reason is Reason.IMPOSSIBLE
    assert said({"n": "batt", "u": "%EL", "v": 85}).readings[0].value == 85
    assert said({"n": "spo2", "u": "/100", "v": 79}).readings[0].value == 79


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("urn:dev:mac:0024befffe804ff1_spo2", "spo2"),
        ("urn:dev:ow:10e2073a01080063_resp_rate", "resp_rate"),
        ("urn:dev:mac:0024befffe804ff1:skin_temp", None),
        ("0024befffe804ff1_spo2", None),  # no URN: nobody says that it is an address
    ],
)
def test_a_component_of_a_device_is_named_behind_its_address(name: str, metric: str | None) -> None:
    decoded = said(
        {"n": name, "u": {"resp_rate": "1/min"}.get(metric or "", "/"), "v": 16 if metric == "resp_rate" else 0.97}
    )
    assert [reading.metric for reading in decoded.readings] == ([metric] if metric else [])


def test_a_small_time_is_told_from_the_moment_of_sending() -> None:
    reading = said({"n": "spo2", "u": "/", "t": -90, "v": 0.97}).readings[0]
    assert (reading.at, reading.after_sent) == (None, timedelta(seconds=-90))
    now = said({"n": "spo2", "u": "/", "v": 0.97})
    assert (now.readings[0].at, now.readings[0].after_sent, now.content) == (None, None, None)


def test_a_base_value_is_added_and_stands_alone_where_there_is_no_other() -> None:
    decoded = said({"bn": "d:", "bt": AT, "bv": 36, "n": "temp", "u": "Cel", "v": 0.5}, {"n": "temp", "u": "Cel"})
    assert [reading.value for reading in decoded.readings] == [36.5, 36.0]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "spo2", "u": "/", "vs": "0.97"}, Reason.NOT_A_NUMBER),
        ({"n": "spo2", "u": "/", "vb": True}, Reason.NOT_A_NUMBER),
        ({"n": "spo2", "u": "/", "v": None}, Reason.NOT_A_NUMBER),
        ({"n": "spo2", "u": "/", "v": float("nan")}, Reason.NOT_A_NUMBER),
        ({"n": "spo2", "u": "/", "v": 10**400}, Reason.INFINITE),
        ({"n": "spo2", "v": 97}, Reason.UNKNOWN_UNIT),
        ({"n": "temp", "u": "m", "v": 36.5}, Reason.UNKNOWN_UNIT),
        ({"n": "hr", "u": "beat/min", "v": 0}, Reason.IMPOSSIBLE),
        ({"n": "hr", "u": "beat/min", "v": 71, "t": "now"}, Reason.WRONG_SHAPE),
        ({"n": "hr", "u": "beat/min", "v": 71, "t": 1e300}, Reason.WRONG_SHAPE),
        ({"n": "hr", "u": "beat/min", "v": 71, "t": -1e12}, Reason.WRONG_SHAPE),
        ({"n": "hr", "u": "beat/min", "v": 71, "t": float("inf")}, Reason.WRONG_SHAPE),
        ("hr=71", Reason.WRONG_SHAPE),
        ({"n": "hr", "u": "beat/min", "s": 4260}, Reason.SUMMARY),
    ],
)
def test_a_record_is_refused_by_name_and_costs_no_other(record: object, reason: Reason) -> None:
    decoded = said(record, {"n": "spo2", "u": "/", "v": 0.79})
    assert [(refusal.reason, refusal.metric is None) for refusal in decoded.refusals] == [(reason, False)]
    assert [reading.value for reading in decoded.readings] == [79]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.BAD_JSON),
        (b"{}", Reason.WRONG_SHAPE),
        (b'[{"bver": 11, "n": "spo2", "u": "/", "v": 0.97}]', Reason.WRONG_SHAPE),
        (b'[{"n": "spo2", "u": "/", "v": 0.97, "new_": 1}]', Reason.WRONG_SHAPE),
        (b'[{"n": "spo2", "n": "hr", "v": 71}]', Reason.DUPLICATE_KEY),
        (b'[{"bn": "' + b"x" * 60_000 + b'", "n": "spo2"}]', Reason.WRONG_SHAPE),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", Reason.WRONG_SHAPE),
        (b"[" * 60_000, Reason.BAD_JSON),
        (b"\xa0", Reason.WRONG_SHAPE),
        (b"\x81", Reason.MALFORMED),
        (in_cbor([{"n": "spo2"}])[:-1], Reason.MALFORMED),
        (bytes(cbor2.dumps([{0: "spo2", "n": "hr", 2: 71}])), Reason.DUPLICATE_KEY),
    ],
)
def test_a_pack_that_cannot_be_read_is_refused_whole(payload: bytes, reason: Reason) -> None:
    assert [(refusal.reason, refusal.metric) for refusal in decode(payload).refusals] == [(reason, None)]


def test_a_name_that_cannot_be_stored_is_told_all_the_same() -> None:
    decoded = said({"n": "hr\ud800\0", "u": "beat/min", "v": 71, "t": "now"}, {"n": "\ud800", "s": 1})
    assert [refusal.metric for refusal in decoded.refusals] == ["hr??", "?"]


def test_a_pack_without_values_is_no_fault() -> None:
    decoded = decode(b'[{"bn": "urn:dev:mac:aabbccddee010203:", "bt": 1741504205}]')
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.NO_READING]
    assert not decoded.refusals[0].reason.fault
