"""The short way gives the answer of the long one, or none; and it is taken where it should be."""

import json
import tracemalloc
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import native_plain
from devices.codecs.native import decode, decode_with_care
from devices.codecs.strict_json import MAX_BYTES
from devices.metrics import AS_IT_IS, METRICS

READINGS: list[dict[str, object]] = [
    {"metric": "spo2", "value": 97, "unit": "%", "at": "2026-11-21T09:29:59Z"},
    {"metric": "temp", "value": 98.6, "unit": "[degF]", "at": "2026-11-21T17:29:59+08:00"},
    {"metric": "pulse_rate", "value": 7, "unit": "/min"},
]
PLAIN: dict[str, object] = {
    "epoch": "b7f2c9",
    "seq": 1201,
    "oldest": 1199,
    "sent": "2026-11-21T09:30:00.120Z",
    "readings": READINGS,
}


def written(**changed: object) -> bytes:
    return json.dumps({**PLAIN, **changed}).encode()


def test_the_message_of_the_contract_is_plain() -> None:
    short = native_plain.decode(written())
    assert short is not None
    assert short == decode_with_care(written()) == decode(written())
    assert [taken.metric for taken in short.readings] == ["spo2", "temp"]
    assert [refusal.metric for refusal in short.refusals] == ["pulse_rate"]
    for left_out in ("oldest", "sent"):
        assert native_plain.decode(json.dumps({key: PLAIN[key] for key in PLAIN if key != left_out}).encode())


ODD_VALUES: tuple[object, ...] = (
    0,
    -1,
    7.0,
    1e3,
    True,
    None,
    "",
    "7",
    2**63 - 1,
    2**63,
    10**400,
    float("nan"),
    float("inf"),
    [],
    {},
    "é",
    "a b",
)
ODD_TIMES = ("", "yesterday", "2026-11-21", "2026-11-21T09:29:59", "1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z")
numbers = st.floats() | st.integers() | st.sampled_from(ODD_VALUES)
times = st.sampled_from([*ODD_TIMES, *ODD_VALUES]) | st.datetimes().map(lambda at: at.isoformat() + "+08:00")
readings = st.fixed_dictionaries(
    {
        "metric": st.sampled_from([*METRICS, "spo3", 7]),
        "value": numbers,
        "unit": st.sampled_from(["%", "/min", "Cel", "K", "x", 1]),
    },
    optional={"at": times, "more": numbers},
)
messages = st.fixed_dictionaries(
    {"readings": st.lists(readings | st.just(READINGS[0]), max_size=6)},
    optional={
        "epoch": st.sampled_from(["e", "-", "e" * 64, "e" * 65, "e\n", *ODD_VALUES]),
        "seq": numbers,
        "oldest": numbers,
        "sent": times,
        "more": numbers,
    },
)


def same_or_none(payload: bytes) -> None:
    short = native_plain.decode(payload)
    assert short is None or (short, repr(short)) == ((long := decode_with_care(payload)), repr(long))


@given(messages)
def test_any_message_gets_the_same_answer_or_none(message: dict[str, Any]) -> None:
    same_or_none(json.dumps(message).encode())


@given(st.data())
def test_so_does_one_that_was_damaged(data: st.DataObject) -> None:
    payload = bytearray(written())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        if data.draw(st.booleans()):
            payload[at:at] = data.draw(
                st.sampled_from([b'"', b"\\", b",", b"0", b"-", b" ", b"e1", b".", b"\xff", b"\0", b"}"])
            )
        else:
            del payload[at : at + data.draw(st.integers(1, 12))]
    same_or_none(bytes(payload))


@given(st.data())
def test_so_does_one_with_a_piece_of_it_said_twice(data: st.DataObject) -> None:
    payload = written()
    first, last = sorted(data.draw(st.lists(st.integers(0, len(payload)), min_size=2, max_size=2)))
    same_or_none(payload[:last] + b"," * data.draw(st.booleans()) + payload[first:])


TWICE = {
    "a reading's value": (b'"value": 97', b'"value": 79, "value": 97'),
    "its metric": (b'"metric": "spo2"', b'"metric": "hr", "metric": "spo2"'),
    "its time": (b'"unit": "%"', b'"unit": "%", "at": "2026-11-21T09:29:58Z"'),
    "a time that the last takes back": (b'"unit": "/min"', b'"unit": "/min", "at": null, "unit": "/min"'),
    "the sequence": (b'"seq": 1201', b'"seq": 1200, "seq": 1201'),
    "the readings": (b'"readings": [', b'"readings": [], "readings": ['),
    "the readings, other ones": (
        b'"readings": [',
        b'"readings": [{"metric":"hr","value":70,"unit":"/min"}], "readings": [',
    ),
    "in other letters": (b'"value": 97', b'"val\\u0075e": 79, "value": 97'),
    "with a quote that is none": (b'"epoch": "b7f2c9"', b'"epoch": "\\"", "epoch": "b7f2c9"'),
}


@pytest.mark.parametrize(("once", "twice"), TWICE.values(), ids=TWICE)
def test_a_key_that_stands_twice_is_never_plain(once: bytes, twice: bytes) -> None:
    payload = written().replace(once, twice, 1)
    assert payload != written()
    assert native_plain.decode(payload) is None
    assert decode(payload) == decode_with_care(payload)


BOMBS = {
    "nested arrays": b"[" * (MAX_BYTES - 1),
    "nested objects": b'{"readings":' * (MAX_BYTES // 12),
    "a long number": b'{"epoch":"e","seq":' + b"9" * (MAX_BYTES - 40) + b',"readings":[]}',
    "a long value": written().replace(b"97", b"9" * (MAX_BYTES - 400), 1),
    "a long fraction": written().replace(b"97", b"0." + b"3" * (MAX_BYTES - 400), 1),
    "a large exponent": written().replace(b"97", b"9e" + b"9" * (MAX_BYTES - 400), 1),
    "a long array": written(readings=[{}] * 16_000),
    "a long epoch": written(epoch="e" * (MAX_BYTES - 400)),
    "more than the limit": b'{"epoch":"' + b"e" * 10_000_000 + b'"}',
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_no_more_than_its_size(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        begun = process_time()
        assert native_plain.decode(bomb) is None or len(bomb) <= MAX_BYTES
        took_s = process_time() - begun
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()
    assert took_s < 0.5, "of processor time: a thousand times what its size is worth"


def test_the_own_unit_of_a_metric_needs_no_conversion() -> None:
    assert all(metric.units[metric.unit] is AS_IT_IS for metric in METRICS.values())
