"""Analysers by ASTM E1394: results, bounds and controls of whole sessions, and any bytes at all."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.astm import MAX_BYTES, decode
from devices.codecs.astm_frames import checksum
from devices.readings import Comparator, Reason, Refusal, Reported
from tests.devices.codecs.sample_files import elsewhere, shipped

SESSION = shipped("astm/session.bin")
HEADER = "H|\\^&|||POCT^1.0|||||||P|LIS2-A2|20250309080000"
AT = datetime.fromisoformat("2025-03-09T07:55")


def framed(*texts: str, first: int = 1) -> bytes:
    """Each text in a frame of its own."""
    body = b""
    for place, text in enumerate(texts):
        counted = b"%d" % ((first + place) % 8) + text.encode() + (b"\x03" if place == len(texts) - 1 else b"\x17")
        body += b"\x02" + counted + checksum(counted) + b"\r\n"
    return b"\x05" + body + b"\x04"


def records(*lines: str) -> bytes:
    return "".join(line + "\r" for line in (HEADER, "P|1|P1", *lines, "L|1|N")).encode()


def result(value: str = "5.4", unit: str = "mmol/L", flags: str = "", status: str = "F") -> str:
    return f"R|1|^^^Glucose|{value}|{unit}||{flags}||{status}||||20250309075500"


def only(payload: bytes) -> Reported | Refusal:
    decoded = decode(payload)
    items: list[Reported | Refusal] = [*decoded.readings, *decoded.refusals]
    assert len(items) == 1
    return items[0]


def test_the_session_is_read() -> None:
    """As in the expectations that come with it."""
    decoded = decode(SESSION)
    assert [(r.metric, r.sent_value or r.value, r.sent_unit or r.unit, r.at, r.context) for r in decoded.readings] == [
        ("glucose", 133.0, "mg/dL", datetime.fromisoformat("2012-02-05T20:34"), ("before_food", "user_X")),
        ("glucose", 7.9, "mmol/L", datetime.fromisoformat("2011-02-24T13:08"), ("before_food",)),
        ("glucose", 93.0, "mg/dL", datetime.fromisoformat("2015-05-26T11:50"), ("after_food",)),
        ("potassium", 7.5, "mmol/L", datetime.fromisoformat("2026-01-15T12:05"), ("critical_high",)),
    ]
    assert {reading.subject for reading in decoded.readings} == {"P12345"}
    assert decoded.refusals == (
        Refusal(Reason.ABOVE_RANGE, "glucose", detail="HI"),
        Refusal(Reason.QUALITY_CONTROL, "glucose", detail="105"),
    )
    assert decoded.sent_at == datetime.fromisoformat("2025-03-09T08:00")


def test_a_meters_header_names_it_and_its_clock() -> None:
    expected = json.loads(elsewhere("astm/expected.json"))["contour_header_capture.bin"]
    decoded = decode(elsewhere("astm/contour_header_capture.bin"))
    assert decoded.source == expected["serial"]
    assert decoded.sent_at == datetime.fromisoformat(expected["meter_time"])
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.NO_READING]


def test_frames_wrap_from_7_to_0_and_a_record_may_run_over_several() -> None:
    long = records(result(), *[result("6.1")] * 20).decode()
    pieces = [long[place : place + 40] for place in range(0, len(long), 40)]
    assert len(pieces) > 16
    assert decode(framed(*pieces)).readings == decode(long.encode()).readings != ()


def test_a_frame_that_was_sent_again_counts_once() -> None:
    pieces = [f"{line}\r" for line in (HEADER, "P|1|P1", result(), "L|1|N")]
    once = framed(*pieces)
    counted = b"3" + pieces[2].encode() + b"\x17"
    third = b"\x02" + counted + checksum(counted) + b"\r\n"
    assert decode(once.replace(third, third + b"\x15" + third)).readings == decode(once).readings
    assert len(decode(once).readings) == 1


@pytest.mark.parametrize(
    ("value", "comparator"), [("<1.1", Comparator.LESS), (">33.3", Comparator.GREATER), ("<=1.1", Comparator.AT_MOST)]
)
def test_a_bound_is_a_reading_that_says_so(value: str, comparator: Comparator) -> None:
    bound = only(records(result(value)))
    assert isinstance(bound, Reported)
    assert bound.comparator is comparator


def test_a_number_flagged_as_off_the_scale_is_a_bound() -> None:
    assert only(records(result("33.3", flags=">"))).comparator is Comparator.GREATER  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (result("LO"), Reason.BELOW_RANGE),
        (result(""), Reason.NO_VALUE),
        (result("", flags="<"), Reason.BELOW_RANGE),
        (result("-1"), Reason.NO_VALUE),
        (result(status="X"), Reason.NO_VALUE),
        (result("5,4"), Reason.NOT_A_NUMBER),
        (result("9" * 5000), Reason.NOT_A_NUMBER),
        (result("540"), Reason.IMPOSSIBLE),
        (result(unit="mg"), Reason.UNKNOWN_UNIT),
        (result("54", unit=""), Reason.UNKNOWN_UNIT),
        (result().replace("20250309075500", "20251309075500"), Reason.WRONG_SHAPE),
        ("R|1|^^^Froth|5|mm", Reason.UNKNOWN_METRIC),
        ("R|1|^^^Nitrite|POS", Reason.ORDINAL),
        ("R", Reason.UNKNOWN_METRIC),
    ],
)
def test_a_result_is_refused_by_name_and_the_good_one_beside_it_lives(line: str, reason: Reason) -> None:
    decoded = decode(records(line, result("2.8")))
    assert [refusal.reason for refusal in decoded.refusals] == [reason]
    assert [reading.value for reading in decoded.readings] == [2.8]


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ("R|1|14743-9^^LN|5.4|mmol/L", "glucose"),
        ("R|1|^^^GLU|5.4|mmol/L", "glucose"),
        ("R|1|^^^K|4.1|mmol/L", "potassium"),
        ("R|1|^^^INR|2.4|", "inr"),
        ("R|1|^Heart rate^^|71|bpm", "hr"),
    ],
)
def test_a_test_is_known_by_its_code_or_by_what_analysers_call_it(line: str, metric: str) -> None:
    reading = only(records(line))
    assert isinstance(reading, Reported)
    assert (reading.metric, reading.at) == (metric, None)


@pytest.mark.parametrize(
    "payload",
    [records("O|1|S1||^^^Glucose|||||||Q", result()), records(result()).replace(b"|P|LIS2", b"|T|LIS2")],
)
def test_quality_control_is_nobodys_blood(payload: bytes) -> None:
    assert only(payload) == Refusal(Reason.QUALITY_CONTROL, "glucose", detail="5.4")


def test_a_patients_result_after_a_control_is_the_patients() -> None:
    control = "O|1|QC1||^^^Glucose|||||||Q"
    decoded = decode(records(control, result("6.1"), "O|2|S2||^^^Glucose", result("2.8"), "P|2|P2", result("2.9")))
    assert [(r.value, r.subject) for r in decoded.readings] == [(2.8, "P1"), (2.9, "P2")]
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.QUALITY_CONTROL]


@pytest.mark.parametrize(("status", "context"), [("Q", ()), ("V", ()), ("R", ()), ("W", ("questionable",))])
def test_the_answer_to_a_query_is_a_result(status: str, context: tuple[str, ...]) -> None:
    assert only(records(result(status=status))).context == context  # type: ignore[union-attr]


def test_a_result_without_a_time_has_that_of_its_order() -> None:
    untimed = result().replace("20250309075500", "")
    assert only(records("O|1|S1||^^^Glucose||20250309075000|20250309075500", untimed)).at == AT  # type: ignore[union-attr]


def test_the_delimiters_are_the_headers_own() -> None:
    odd = records(result()).translate(bytes.maketrans(b"|\\^", b"!~#"))
    assert only(odd).value == 5.4


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"hello", Reason.MALFORMED),
        (b"H|\\^", Reason.MALFORMED),
        (b"H||||\r", Reason.MALFORMED),
        (b"\x05\x04", Reason.MALFORMED),
        (SESSION.replace(b"B3\r\n", b"B4\r\n"), Reason.BAD_CHECKSUM),
        (SESSION.replace(b"|7.9|", b"|1.9|"), Reason.BAD_CHECKSUM),
        (SESSION[:20] + SESSION[21:], Reason.BAD_CHECKSUM),
        (SESSION[: SESSION.index(b"\x022P")] + SESSION[SESSION.index(b"\x023R") :], Reason.MALFORMED),
        (SESSION[:40], Reason.MALFORMED),
        (SESSION.replace(b"\r\n\x022P", b"\r\nstray\x022P"), Reason.MALFORMED),
        (b"H|\\^&" + b" " * MAX_BYTES, Reason.TOO_LARGE),
        (records(*["R|1"] * 1001), Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_whole(payload: bytes, reason: Reason) -> None:
    [refusal] = decode(payload).refusals
    assert (refusal.reason, refusal.metric) == (reason, None)


def test_the_same_session_is_the_same_and_another_patients_is_not() -> None:
    assert decode(SESSION).content == decode(SESSION).content is not None
    assert decode(records(result())).content != decode(records(result()).replace(b"P1", b"P2")).content


@given(st.binary(max_size=300))
def test_any_bytes_are_accounted_for(payload: bytes) -> None:
    for attempt in (payload, HEADER.encode() + b"\r" + payload, framed(payload.decode("latin-1"))):
        decoded = decode(attempt)
        assert decoded.readings or decoded.refusals


@given(st.integers(0, len(SESSION) - 1), st.binary(max_size=3), st.integers(0, 40))
def test_a_known_session_with_some_bytes_changed_is_accounted_for(place: int, put: bytes, cut: int) -> None:
    decoded = decode(SESSION[:place] + put + SESSION[place + cut :])
    assert decoded.readings or decoded.refusals
