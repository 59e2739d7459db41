"""Bedside's own JSON: the message of the contract, its envelope, and every way to spoil it."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import CODECS
from devices.codecs.native import decode
from devices.codecs.strict_json import MAX_BYTES
from devices.readings import Decoded, Reason, Reported

AT = "2026-11-21T09:29:59Z"
MEASURED = datetime(2026, 11, 21, 9, 29, 59, tzinfo=UTC)


def reading(metric: str = "spo2", value: object = 97, unit: object = "%", **more: object) -> dict[str, Any]:
    return {"metric": metric, "value": value, "unit": unit, "at": AT, **more}


def said(*readings: object, **envelope: object) -> Decoded:
    return decode(json.dumps({**envelope, "readings": list(readings)}).encode())


def whole(decoded: Decoded) -> list[Reason]:
    return [refusal.reason for refusal in decoded.refusals if refusal.metric is None]


def test_the_message_of_the_contract_is_read() -> None:
    decoded = decode(
        b'{"epoch": "b7f2c9", "seq": 1201, "oldest": 1199, "sent": "2026-11-21T09:30:00.120Z", "readings": ['
        b'{"metric": "spo2", "value": 97, "unit": "%", "at": "2026-11-21T09:29:59Z"},'
        b'{"metric": "pulse_rate", "value": 71, "unit": "/min", "at": "2026-11-21T17:29:59+08:00"}]}'
    )
    assert decoded.readings == (
        Reported("spo2", 97.0, "%", MEASURED),
        Reported("pulse_rate", 71.0, "/min", MEASURED),
    )
    assert (decoded.epoch, decoded.seq, decoded.oldest, decoded.refusals) == ("b7f2c9", 1201, 1199, ())
    assert decoded.sent_at == datetime(2026, 11, 21, 9, 30, 0, 120_000, tzinfo=UTC)


def test_a_converted_reading_keeps_what_was_sent() -> None:
    assert said(reading(value=0.79, unit="/")).readings == (Reported("spo2", 79.0, "%", MEASURED, 0.79, "/"),)


@pytest.mark.parametrize("envelope", [{}, {"epoch": "b7f2c9", "seq": 7}])
def test_units_are_read_as_they_are_spelled(envelope: dict[str, Any]) -> None:
    spelled = [reading("sbp", 120, "mmHg"), reading("hr", 71, "{beats}/min"), reading("temp", 98.6, "°F")]
    decoded = said(*spelled, **envelope)
    assert [(r.value, r.unit) for r in decoded.readings] == [(120, "mm[Hg]"), (71, "/min"), (37, "Cel")]


def test_a_broken_temperature_never_costs_a_saturation_of_79() -> None:
    for broken in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"true", b'"36.5"', b"null", b"[36.5]", b"{}"):
        decoded = decode(
            b'{"seq": 7, "readings": [{"metric": "temp", "unit": "Cel", "value": ' + broken + b"},"
            b'{"metric": "spo2", "value": 79, "unit": "%"}]}'
        )
        assert [taken.value for taken in decoded.readings] == [79.0]
        assert [refusal.metric for refusal in decoded.refusals] == ["temp"]
        assert decoded.seq == 7


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (reading(value=float("nan")), Reason.NOT_A_NUMBER),
        (reading(value=True), Reason.NOT_A_NUMBER),
        (reading(value="79"), Reason.NOT_A_NUMBER),
        ({"metric": "spo2", "unit": "%"}, Reason.NOT_A_NUMBER),
        (reading(value=float("inf")), Reason.INFINITE),
        (reading(value=10**400), Reason.INFINITE),
        (reading(metric="spo3"), Reason.UNKNOWN_METRIC),
        (reading(metric="血氧\x00"), Reason.UNKNOWN_METRIC),
        ({"value": 97}, Reason.UNKNOWN_METRIC),
        (reading(unit="/min"), Reason.UNKNOWN_UNIT),
        (reading(unit=None), Reason.UNKNOWN_UNIT),
        (reading(unit=["%"]), Reason.UNKNOWN_UNIT),
        (reading(value=101), Reason.IMPOSSIBLE),
        (reading(value=49.9), Reason.IMPOSSIBLE),
        (reading(value=0), Reason.IMPOSSIBLE),
        (reading(value=1e308, unit="/"), Reason.IMPOSSIBLE),
        (reading(at="yesterday"), Reason.WRONG_SHAPE),
        (reading(at="2026-11-21T09:29:59Z\ud800"), Reason.WRONG_SHAPE),
        (reading(at="2026-11-21T09:29:59"), Reason.WRONG_SHAPE),
        (reading(at=1795253399), Reason.WRONG_SHAPE),
        (reading(at="0001-01-01T00:00:00Z"), Reason.WRONG_SHAPE),
        ("spo2=97", Reason.WRONG_SHAPE),
    ],
)
def test_a_reading_is_refused_by_name_and_the_good_one_beside_it_lives(broken: object, reason: Reason) -> None:
    decoded = said(broken, reading(value=79))
    assert [refusal.reason for refusal in decoded.refusals] == [reason]
    assert decoded.refusals[0].metric is not None
    assert [taken.value for taken in decoded.readings] == [79.0]


def test_an_impossible_value_is_told_in_the_metrics_unit_for_the_rule_that_it_would_have_broken() -> None:
    assert said(reading(value=0.45, unit="/")).refusals[0].value == 45.0


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b" " * (MAX_BYTES + 1), Reason.TOO_LARGE),
        (b'{"readings": [], "x": "\xff"}', Reason.BAD_UTF8),
        (b'{"readings": [], "x": "\xed\xa0\x80"}', Reason.BAD_UTF8),
        (b"", Reason.BAD_JSON),
        (b"{", Reason.BAD_JSON),
        (b'{"readings": []} {}', Reason.BAD_JSON),
        (b"\xef\xbb\xbf{}", Reason.BAD_JSON),
        (b"[" * 60_000, Reason.BAD_JSON),
        (b'{"x":' * 12_000, Reason.BAD_JSON),
        (b"[]", Reason.WRONG_SHAPE),
        (b"9" * 60_000, Reason.WRONG_SHAPE),
        (b"{}", Reason.WRONG_SHAPE),
        (b'{"readings": {}}', Reason.WRONG_SHAPE),
        (b'{"readings": [' + b",".join([b"{}"] * 1001) + b"]}", Reason.WRONG_SHAPE),
    ],
)
def test_what_cannot_be_parsed_is_refused_whole(payload: bytes, reason: Reason) -> None:
    decoded = decode(payload)
    assert whole(decoded) == [reason]
    assert decoded.readings == ()


def test_a_message_of_exactly_64_kib_is_taken() -> None:
    message = b'{"seq": 1, "readings": []'
    assert decode(message + b" " * (MAX_BYTES - len(message) - 1) + b"}").seq == 1


@pytest.mark.parametrize(
    "message",
    [
        '{"seq": 4, "epoch": "e", "readings": [], "readings": []}',
        '{"seq": 4, "epoch": "e", "readings": [{"metric": "spo2", "value": 97, "value": 79, "unit": "%"}]}',
        '{"seq": 4, "epoch": "e", "readings": [], "more": {"deep": [{"a": 1, "a": 1}]}}',
    ],
)
def test_a_key_that_stands_twice_anywhere_refuses_the_message_but_its_number_is_covered(message: str) -> None:
    decoded = decode(message.encode())
    assert whole(decoded) == [Reason.DUPLICATE_KEY]
    assert (decoded.epoch, decoded.seq, decoded.readings) == ("e", 4, ())


def test_a_sequence_that_stands_twice_is_nobodys_number() -> None:
    assert decode(b'{"seq": 4, "seq": 5, "readings": []}').seq is None


@pytest.mark.parametrize("seq", ["-1", str(2**63), "1.0", "1e3", "true", '"1"', "NaN", "[1]", "9" * 5000])
def test_a_wrong_sequence_is_named_and_costs_no_reading(seq: str) -> None:
    decoded = decode(f'{{"seq": {seq}, "readings": [{json.dumps(reading(value=79))}]}}'.encode())
    assert decoded.seq is None
    assert [(refusal.reason, refusal.detail) for refusal in decoded.refusals] == [(Reason.WRONG_SHAPE, "seq")]
    assert [taken.value for taken in decoded.readings] == [79.0]


@pytest.mark.parametrize("seq", [0, 1, 2**63 - 1])
def test_the_ends_of_the_sequence_are_numbers(seq: int) -> None:
    assert said(seq=seq, oldest=0).seq == seq


@pytest.mark.parametrize(
    ("key", "value"), [("oldest", 8), ("oldest", -1), ("sent", "now"), ("epoch", 5), ("epoch", "")]
)
def test_a_wrong_part_of_the_envelope_is_named(key: str, value: object) -> None:
    decoded = said(reading(), **{"seq": 7, key: value})
    assert [refusal.detail for refusal in decoded.refusals] == [key]
    assert len(decoded.readings) == 1


@pytest.mark.parametrize("epoch", ["", "a b", "a/b", "x" * 65, "纪元", 7, True])
def test_a_number_of_an_epoch_that_cannot_be_named_is_not_counted_in_another(epoch: object) -> None:
    assert said(seq=7, epoch=epoch).seq is None


def test_the_same_readings_without_number_are_the_same_content_only_if_all_carry_their_time() -> None:
    first = said(reading(value=97), reading(value=79))
    assert first.content == said(reading(value=97), reading(value=79), sent="2026-11-21T09:31:00Z").content
    assert first.content != said(reading(value=97), reading(value=80)).content
    assert said(reading(value=97), reading(at=None)).content is None
    assert said().content is None


def test_hostile_numbers_and_nesting_take_no_time() -> None:
    started = time.monotonic()
    for payload in (
        b'{"readings": [{"metric": "spo2", "unit": "%", "value": ' + b"9" * 60_000 + b"}]}",
        b'{"readings": [], "seq": ' + b"9" * 60_000 + b"}",
        b'{"readings": ' + b"[" * 60_000,
        json.dumps({"readings": [{"metric": "spo2", "unit": "/", "value": 5e-324}] * 1000}).encode(),
        b'{"readings": [' + b'{"at":"' + b"2" * 60_000 + b'"}]}',
    ):
        decode(payload)
    assert time.monotonic() - started < 10.0


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("spo2") | st.just("%"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["metric", "value", "unit", "at", "seq", "epoch", "readings", "x"]), inner)
    ),
    max_leaves=20,
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_it_raise(payload: bytes) -> None:
    decoded = CODECS["readings"](payload)
    assert decoded.readings or decoded.refusals or b"readings" in payload
