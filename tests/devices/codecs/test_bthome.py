"""BTHome packets: what their objects measure, and what cannot be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.bthome import MEASURED, SIZE, objects
from devices.readings import Reason, Refusal, Reported


def read(data: str) -> list[tuple[str, float, str]]:
    return [(one.metric, one.value, one.unit) for one in objects(bytes.fromhex(data)) if isinstance(one, Reported)]


def refused(data: str) -> list[Reason]:
    return [one.reason for one in objects(bytes.fromhex(data)) if isinstance(one, Refusal)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("40015502440e", [("battery", 85, "%"), ("temp", 36.52, "Cel")]),
        ("40456d01", [("temp", 36.5, "Cel")]),
        ("40066a1b", [("weight", 70.18, "kg")]),
        ("40076e3c", [("weight", 70.17, "kg")]),
        ("405725", [("temp", 37, "Cel")]),
        ("405868", [("temp", 36.4, "Cel")]),
        ("4000070155", [("battery", 85, "%")]),
        ("40530361626302440e", [("temp", 36.52, "Cel")]),
        ("40", []),
    ],
)
def test_a_packet_is_read(data: str, expected: list[tuple[str, float, str]]) -> None:
    assert [(m, round(v, 2), u) for m, v, u in read(data)] == expected
    assert refused(data) == []


@pytest.mark.parametrize(
    "data", ["", "00", "2001550244", "410155", "4099", "400155024", "40015502", "4053ff61", "4053"]
)
def test_what_cannot_be_read_is_refused_by_name(data: str) -> None:
    assert refused(data + "0" * (len(data) % 2)) == [Reason.MALFORMED]


def test_what_was_read_before_an_unknown_object_stands() -> None:
    assert read("40015599ff02440e") == [("battery", 85, "%")]
    assert refused("40015599ff02440e") == [Reason.MALFORMED]


def test_a_room_is_no_patient() -> None:
    assert refused("40026608") == [Reason.IMPOSSIBLE]  # 21.5 degrees
    frost = [one.value for one in objects(bytes.fromhex("40029cff")) if isinstance(one, Refusal)]
    assert frost == [-1.0]


def test_no_object_has_two_sizes() -> None:
    assert not MEASURED.keys() & SIZE.keys()


@given(st.binary(max_size=64))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert all(isinstance(one, Reported | Refusal) for one in objects(b"\x40" + data))
