"""The shortest way gives the answer of the long one, or none; and it is taken where it should be."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import native_own
from devices.codecs.native import decode_with_care
from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reading, Reported
from tests.devices.codecs.test_native_plain import BOMBS, ODD_VALUES, TWICE, messages, numbers, times

READING = {"metric": "spo2", "value": 97, "unit": "%", "at": "2026-11-21T09:29:59Z"}
OWN: dict[str, object] = {
    "epoch": "b7f2c9",
    "seq": 1201,
    "oldest": 1199,
    "sent": "2026-11-21T09:30:00.120Z",
    "readings": [READING, {"metric": "pulse_rate", "value": 71.5, "unit": "/min", "at": "2026-11-21T09:29:59.5Z"}],
}
FIELDS = Reported.__struct_fields__


def written(**changed: object) -> bytes:
    return json.dumps({**OWN, **changed}).encode()


def as_reported(decoded: Decoded) -> Decoded:
    readings = tuple(Reported(*(getattr(reading, field) for field in FIELDS)) for reading in decoded.readings)
    return msgspec.structs.replace(decoded, readings=readings, settled=False)


def same_or_none(payload: bytes) -> bool:
    """Whether it was taken."""
    short = native_own.decode(payload)
    if short is not None:
        long = decode_with_care(payload)
        assert (as_reported(short), repr(as_reported(short))) == (long, repr(long))
    return short is not None


@pytest.mark.parametrize("left_out", ["", "oldest", "sent"])
@pytest.mark.parametrize("epoch", ["b7f2c9", "2026-11-21", "20Z", "Z"])
def test_the_message_of_the_contract_is_taken(left_out: str, epoch: str) -> None:
    assert same_or_none(json.dumps({key: OWN[key] for key in OWN if key != left_out} | {"epoch": epoch}).encode())


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_so_is_every_metric_to_both_ends_of_its_range(metric: Metric) -> None:
    for value in (metric.low, metric.high):
        assert same_or_none(written(readings=[{**READING, "metric": metric.name, "value": value, "unit": metric.unit}]))
    assert not same_or_none(written(readings=[{**READING, "metric": metric.name, "value": metric.high * 1.001 + 1}]))


@pytest.mark.parametrize("epoch", ["b7f2c9", "2099"])
@pytest.mark.parametrize("year", [1969, 2201])
def test_a_time_of_another_century_is_left_to_the_long_way(year: int, epoch: str) -> None:
    """Neither is a year that can be reckoned with; an epoch that looks like a year speaks for no time."""
    assert not same_or_none(written(epoch=epoch, readings=[{**READING, "at": f"{year}-12-31T23:59:59Z"}]))
    assert not same_or_none(written(epoch=epoch, sent=f"{year}-12-31T23:59:59Z"))


def test_no_name_of_ours_has_a_comma_or_a_letter_of_a_time() -> None:
    assert not set(",TZ") & {letter for metric in METRICS.values() for letter in metric.name + metric.unit}


def test_what_is_taken_has_the_fields_of_a_reading_too() -> None:
    taken = native_own.decode(written())
    assert taken is not None
    assert taken.settled
    for one in taken.readings:
        reading = Reading(*(getattr(one, field) for field in Reading.__struct_fields__))
        assert reading.timed
        assert msgspec.json.encode(reading) == msgspec.json.encode(one)


NOT_OWN: dict[str, dict[str, object]] = {
    "a time of another zone": {"at": "2026-11-21T17:29:59+08:00"},
    "a time of a zone behind": {"at": "2026-11-21T04:29:59-05:00"},
    "a time of another day": {"at": "2026-11-22T00:00:00Z"},
    "a time of another century": {"at": "2126-11-21T09:29:59Z"},
    "no time": {"at": None},
    "another unit": {"unit": "1"},
    "an impossible value": {"value": 101},
    "more than we know": {"more": 1},
}


@pytest.mark.parametrize("changed", NOT_OWN.values(), ids=NOT_OWN)
@pytest.mark.parametrize("epoch", ["e", "20Z"])
def test_what_is_otherwise_is_left_to_others(changed: dict[str, object], epoch: str) -> None:
    assert not same_or_none(written(epoch=epoch, readings=[READING, {**READING, **changed}]))


@given(messages)
def test_any_message_gets_the_same_answer_or_none(message: dict[str, Any]) -> None:
    same_or_none(json.dumps(message).encode())


@given(
    st.dictionaries(st.sampled_from([*READING, "more"]), numbers | times | st.sampled_from(ODD_VALUES), max_size=2),
    st.dictionaries(st.sampled_from(["epoch", "seq", "oldest", "sent"]), numbers | times, max_size=2),
)
def test_so_does_one_that_is_nearly_ours(reading: dict[str, Any], envelope: dict[str, Any]) -> None:
    same_or_none(written(readings=[READING, {**READING, **reading}], **envelope))


@given(st.data())
def test_so_does_one_that_was_damaged(data: st.DataObject) -> None:
    payload = bytearray(written())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        pieces = [b'"', b"\\", b",", b"0", b"-", b" ", b"e1", b".", b"\xff", b"\0", b"}", b"Z", b"20"]
        if data.draw(st.booleans()):
            payload[at:at] = data.draw(st.sampled_from(pieces))
        else:
            del payload[at : at + data.draw(st.integers(1, 12))]
    same_or_none(bytes(payload))


@pytest.mark.parametrize(("once", "twice"), TWICE.values(), ids=TWICE)
def test_a_key_that_stands_twice_is_never_taken(once: bytes, twice: bytes) -> None:
    payload = written().replace(once, twice, 1)
    assert payload == written() or native_own.decode(payload) is None


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_no_bomb_is_taken(bomb: bytes) -> None:
    assert native_own.decode(bomb) is None
