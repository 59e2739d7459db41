"""POCT1-A documents: whose result it is, and XML that must not be expanded."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.poct1a import decode
from devices.codecs.poct1a_xml import MAX_BYTES
from devices.readings import Comparator, Reason, Refusal, Reported
from tests.devices.codecs.sample_files import shipped

HELLO, RESULTS = shipped("poct1a/hel.xml"), shipped("poct1a/obs.xml")
AT = datetime(2025, 3, 8, 23, 55, tzinfo=UTC)


def document(*observations: str, service: str = "", role: str = "OBS") -> bytes:
    return (
        '<OBS.R01><HDR><HDR.control_id V="7"/></HDR><SVC>'
        f'<SVC.role_cd V="{role}"/><SVC.observation_dttm V="2025-03-09T07:55:00+08:00"/>{service}'
        f'<PT><PT.patient_id V="P1"/>{"".join(observations)}</PT></SVC></OBS.R01>'
    ).encode()


def glucose(value: str = "5.4", unit: str = "mmol/L", more: str = "") -> str:
    identifier = '<OBS.observation_id V="14743-9" SN="LN" DN="Glucose"/>'
    return f'<OBS>{identifier}<OBS.value V="{value}" U="{unit}"/>{more}</OBS>'


def only(payload: bytes) -> Reported | Refusal:
    decoded = decode(payload)
    items: list[Reported | Refusal] = [*decoded.readings, *decoded.refusals]
    assert len(items) == 1
    return items[0]


def test_results_are_read_and_quality_control_is_nobodys_blood() -> None:
    """As in the expectations that come with it."""
    decoded = decode(RESULTS)
    assert decoded.readings == (
        Reported("glucose", 5.4, "mmol/L", AT, subject="P12345"),
        Reported("inr", 2.4, "{INR}", AT, subject="P12345"),
    )
    assert decoded.refusals == (Refusal(Reason.QUALITY_CONTROL, "glucose", 4.9, "Level 1 L42"),)
    assert decoded.sent_at == datetime(2025, 3, 9, 0, 0, 10, tzinfo=UTC)


def test_a_greeting_names_the_device_and_measures_nothing() -> None:
    decoded = decode(HELLO)
    assert decoded.source == "00A0370000000001"
    assert decoded.refusals == (Refusal(Reason.NO_READING, "", detail="HEL.R01"),)


def test_a_patients_result_is_one_where_the_role_was_left_out_too() -> None:
    assert [r.value for r in decode(document(glucose("2.4"), role="")).readings] == [2.4]
    control = document(glucose(), role="").replace(b"PT>", b"CTC>")
    for of_nobody in (control, document(service=glucose(), role="")):
        assert only(of_nobody).reason is Reason.QUALITY_CONTROL  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["GB18030", "gbk", "GB2312"])
def test_a_document_may_be_in_chinese(encoding: str) -> None:
    text = document(glucose()).decode().replace("P1", "病人")
    written = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    assert only(written.encode(encoding)).subject == "病人"  # type: ignore[union-attr]
    assert only(written.encode() + b"\xff").reason is Reason.MALFORMED  # type: ignore[union-attr]


@pytest.mark.parametrize("role", ["LQC", "PQC", "CAL", "PRF", "obs"])
def test_no_role_but_the_patients_is_a_patient(role: str) -> None:
    assert only(document(glucose(), role=role)).reason is Reason.QUALITY_CONTROL  # type: ignore[union-attr]
    assert only(document(glucose()).replace(b"OBS.R01", b"OBS.R02")).reason is Reason.QUALITY_CONTROL  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (glucose("HI"), Reason.ABOVE_RANGE),
        (glucose("LO"), Reason.BELOW_RANGE),
        (glucose(""), Reason.NO_VALUE),
        (glucose("five"), Reason.NOT_A_NUMBER),
        (glucose("9" * 5000), Reason.NOT_A_NUMBER),
        (glucose("540"), Reason.IMPOSSIBLE),
        (glucose(unit="mmHg"), Reason.UNKNOWN_UNIT),
        (glucose("54", unit=""), Reason.UNKNOWN_UNIT),
        (glucose(more='<OBS.status_cd V="D"/>'), Reason.WITHDRAWN),
        (glucose().replace("14743-9", "99999-9").replace("Glucose", "Froth"), Reason.UNKNOWN_METRIC),
        ('<OBS><OBS.observation_id V="Nitrite"/><OBS.qualitative_value V="POS"/></OBS>', Reason.ORDINAL),
        ("<OBS/>", Reason.UNKNOWN_METRIC),
    ],
)
def test_an_observation_is_refused_by_name_and_the_good_one_beside_it_lives(observation: str, reason: Reason) -> None:
    decoded = decode(document(observation, glucose("2.8")))
    assert [refusal.reason for refusal in decoded.refusals] == [reason]
    assert [reading.value for reading in decoded.readings] == [2.8]


def test_what_stands_beside_a_value_is_kept() -> None:
    more = '<OBS.method_cd V="I"/><OBS.interpretation_cd V="LL"/>'
    reading = only(document(glucose("2.8", more=more), service='<SVC.reason_cd V="EDT"/>'))
    assert isinstance(reading, Reported)
    assert reading.context == ("corrected", "entered_by_hand", "critical_low")
    bound = only(document(glucose("33.3", more='<OBS.interpretation_cd V=">"/>')))
    assert isinstance(bound, Reported)
    assert bound.comparator is Comparator.GREATER


def test_a_time_that_is_none_is_named_and_a_local_time_stays_local() -> None:
    wrong = document(glucose()).replace(b"2025-03-09T07:55:00+08:00", b"2025-13-09T07:55:00+08:00")
    assert only(wrong) == Refusal(Reason.WRONG_SHAPE, "glucose", 5.4, "at")
    local = document(glucose()).replace(b"07:55:00+08:00", b"07:55:00")
    assert only(local).at == datetime.fromisoformat("2025-03-09T07:55")  # type: ignore[union-attr]


BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)


@pytest.mark.parametrize(
    "payload",
    [
        BOMB + b']><OBS.R01 V="&j;"/>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><OBS.R01/>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><OBS.R01 V="&f;"/>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><OBS.R01/>',
        b"<!DOCTYPE OBS.R01><OBS.R01/>",
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded_or_fetched(payload: bytes) -> None:
    assert decode(payload).refusals == (Refusal(Reason.FORBIDDEN, detail="a document type or an entity"),)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"<OBS.R01>", Reason.MALFORMED),
        (b"<OBS.R01/><OBS.R01/>", Reason.MALFORMED),
        (b'<OBS.R01 V="&x;"/>', Reason.MALFORMED),
        (b'<OBS.R01 V="1" V="2"/>', Reason.MALFORMED),
        (b'<?xml version="1.0" encoding="x-none"?><OBS.R01/>', Reason.MALFORMED),
        (b"<OBS.R01>\xff</OBS.R01>", Reason.MALFORMED),
        (b"<html/>", Reason.WRONG_SHAPE),
        (b"<a>" * 1000, Reason.TOO_LARGE),
        (b"<OBS.R01>" + b"<a/>" * 30_000 + b"</OBS.R01>", Reason.TOO_LARGE),
        (document(*[glucose()] * 1001), Reason.TOO_LARGE),
        (b"<OBS.R01>" + b" " * MAX_BYTES + b"</OBS.R01>", Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_taken_is_refused_whole(payload: bytes, reason: Reason) -> None:
    [refusal] = decode(payload).refusals
    assert (refusal.reason, refusal.metric) == (reason, None)


def test_the_same_document_is_the_same_and_another_patients_is_not() -> None:
    assert decode(RESULTS).content == decode(RESULTS).content is not None
    assert decode(RESULTS.replace(b"P12345", b"P12346")).content != decode(RESULTS).content


@given(st.binary(max_size=200), st.integers(0, len(RESULTS) - 1), st.integers(0, 60))
def test_any_bytes_are_accounted_for(put: bytes, place: int, cut: int) -> None:
    for attempt in (put, RESULTS[:place] + put[:4] + RESULTS[place + cut :]):
        decoded = decode(attempt)
        assert decoded.readings or decoded.refusals


@given(st.text(max_size=30), st.text(max_size=20))
def test_any_value_and_unit_are_accounted_for(value: str, unit: str) -> None:
    quoted = [
        "".join(f"&#{ord(char)};" if char.isprintable() and ord(char) < 0xD800 else "?" for char in text)
        for text in (value, unit)
    ]
    decoded = decode(document(glucose(*quoted)))
    assert len(decoded.readings) + len(decoded.refusals) == 1
