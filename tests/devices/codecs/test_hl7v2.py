"""HL7 v2 results and PCD-01: a message's own delimiters, times, flags and statuses."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.hl7v2 import decode
from devices.codecs.hl7v2_text import MAX_BYTES
from devices.readings import Comparator, Decoded, Reason, Refusal, Reported
from tests.devices.codecs.sample_files import elsewhere, shipped

LAB = shipped("hl7v2/poct_lab_loinc.hl7")
AT = datetime(2025, 3, 8, 23, 55, tzinfo=UTC)


def message(
    *segments: str, header: str = "MSH|^~\\&|MON|ICU|RPM|HUB|20250309080000+0800||ORU^R01^ORU_R01|7|P|2.6"
) -> bytes:
    return "\r".join((header, "PID|1||P1^^^HOSP^MR", "OBR|1|||X|||20250309075500+0800", *segments, "")).encode()


def observed(obx: str) -> Decoded:
    return decode(message(obx))


def only(decoded: Decoded) -> Reported | Refusal:
    items: list[Reported | Refusal] = [*decoded.readings, *decoded.refusals]
    assert len(items) == 1
    return items[0]


def spo2(value: str = "97", *, status: str = "F", flags: str = "", kind: str = "NM", unit: str = "262688^^MDC") -> str:
    return f"OBX|1|{kind}|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1|{value}|{unit}||{flags}|||{status}"


def test_the_laboratorys_message_is_read() -> None:
    """As in the expectations that come with it: value, unit, status, comparator, and one without a value."""
    decoded = decode(LAB)
    assert {(r.metric, r.value, r.unit, r.comparator) for r in decoded.readings} == {
        ("glucose", 2.6, "mmol/L", None),
        ("troponin_i_hs", 5.0, "ng/L", Comparator.LESS),
        ("inr", 5.8, "{INR}", None),
        ("creatinine", 132.0, "umol/L", None),
        ("crp", 12.5, "mg/L", None),
    }
    assert {reading.subject for reading in decoded.readings} == {"P12345"}
    assert {reading.at for reading in decoded.readings} == {AT}
    context = {reading.metric: reading.context for reading in decoded.readings}
    assert context["creatinine"] == ("preliminary", "high")
    assert context["crp"] == ("corrected", "high")
    assert context["glucose"] == ("critical_low",)
    assert [(refusal.reason, refusal.metric, refusal.detail) for refusal in decoded.refusals] == [
        (Reason.ORDINAL, "5804-0 Protein Ur Strip", "1+"),
        (Reason.NO_VALUE, "glucose", '""'),
    ]
    assert decoded.sent_at == datetime(2025, 3, 9, 0, 0, tzinfo=UTC)


def test_a_monitor_with_nothing_attached_says_so_four_times() -> None:
    expected = json.loads(elsewhere("hl7v2/expected.json"))["xh80x_sentinels.hl7"]
    decoded = decode(elsewhere("hl7v2/xh80x_sentinels.hl7"))
    assert list(decoded.readings) == expected["values"] == []
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.NO_VALUE] * expected["invalid"]
    assert decoded.source == "00A037009B000000"


@pytest.mark.parametrize(
    ("obx", "value", "sent"),
    [
        ("OBX|1|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC||16|265987^MDC_DIM_KILO_PASCAL^MDC", 120.01, (16.0, "kPa")),
        ("OBX|1|NM|150344^MDC_TEMP^MDC||101.12|266560^MDC_DIM_FAHR^MDC", 38.4, (101.12, "[degF]")),
        ("OBX|1|NM|8867-4^Heart rate^LN||71|{beat}/min^^UCUM", 71, (None, None)),
        ("OBX|1|NM|X9^local^99LAB^150456^MDC_PULS_OXIM_SAT_O2^MDC||97|%", 97, (None, None)),
        ("OBX|1|ST|150456^^MDC||97|%", 97, (None, None)),
        ("OBX|1|SN|14743-9^^LN||^5.4|mmol/L", 5.4, (None, None)),
        ("OBX|1|NM|8310-5^^LN||36.6|Cel", 36.6, (None, None)),
    ],
)
def test_a_value_is_found_by_its_code_in_the_unit_that_it_names(
    obx: str, value: float, sent: tuple[float | None, str | None]
) -> None:
    reading = only(observed(obx))
    assert isinstance(reading, Reported)
    assert reading.value == pytest.approx(value, abs=0.005)
    assert (reading.sent_value, reading.sent_unit) == sent


def test_the_pulse_is_the_oximeters_and_the_heart_rate_the_ecgs() -> None:
    pulse = only(observed("OBX|1|NM|149530^MDC_PULS_OXIM_PULS_RATE^MDC||71|264864^MDC_DIM_BEAT_PER_MIN^MDC"))
    heart = only(observed("OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC||71|264864^MDC_DIM_BEAT_PER_MIN^MDC"))
    assert (pulse.metric, heart.metric) == ("pulse_rate", "hr")


@pytest.mark.parametrize("value", ["-1", "-100", "-10000", "-999", "-99.9", "8388607", '""', ""])
def test_numbers_and_texts_that_mean_nothing_was_measured_are_no_values(value: str) -> None:
    assert only(observed(spo2(value))) == Refusal(Reason.NO_VALUE, "spo2", detail=value)


@pytest.mark.parametrize(
    ("status", "reason"),
    [("X", Reason.NO_VALUE), ("I", Reason.NO_VALUE), ("W", Reason.WITHDRAWN), ("D", Reason.WITHDRAWN)],
)
def test_what_was_not_obtained_or_was_taken_back_is_no_reading(status: str, reason: Reason) -> None:
    assert only(observed(spo2(status=status))).reason is reason  # type: ignore[union-attr]


@pytest.mark.parametrize(("status", "word"), [("P", "preliminary"), ("C", "corrected"), ("R", "unverified")])
def test_a_result_that_is_not_final_says_so(status: str, word: str) -> None:
    assert only(observed(spo2(status=status))).context == (word,)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("obx", "reason"),
    [
        (spo2("HI"), Reason.ABOVE_RANGE),
        (spo2("LO"), Reason.BELOW_RANGE),
        (spo2("", flags="<"), Reason.BELOW_RANGE),
        (spo2("97,5"), Reason.NOT_A_NUMBER),
        (spo2("NaN"), Reason.NOT_A_NUMBER),
        (spo2("1e2"), Reason.NOT_A_NUMBER),
        (spo2("9" * 100_000), Reason.NOT_A_NUMBER),
        (spo2("९७"), Reason.NOT_A_NUMBER),
        (spo2("97~98"), Reason.WRONG_SHAPE),
        (spo2("^90^-^95", kind="SN"), Reason.NOT_A_NUMBER),
        (spo2("<>^90", kind="SN"), Reason.WRONG_SHAPE),
        (spo2("0"), Reason.IMPOSSIBLE),
        (spo2("97", unit="mmHg"), Reason.UNKNOWN_UNIT),
        (spo2("97", flags="INV"), Reason.NO_VALUE),
        (spo2("97", flags="DEMO"), Reason.QUALITY_CONTROL),
        (spo2("base64", kind="ED"), Reason.NO_READING),
        (spo2() + "|||yesterday", Reason.WRONG_SHAPE),
        (spo2() + "|||20250309", Reason.WRONG_SHAPE),
        (spo2() + "|||20251309075500", Reason.WRONG_SHAPE),
        ("OBX|1|NM|160208^MDC_CONC_GLU_CONTROL^MDC||5.4|mmol/L", Reason.QUALITY_CONTROL),
        ("OBX|1|NM|99999^^99LAB||5.4|mmol/L", Reason.UNKNOWN_METRIC),
        ("OBX|1|NA|131330^MDC_ECG_ELEC_POTL_II^MDC|1.1.2.3|1^2^3^4|266418^MDC_DIM_MILLI_VOLT^MDC", Reason.NO_READING),
        ("OBX|1|ED|PDF^Report^L||^application^pdf^Base64^AAAA", Reason.NO_READING),
        ("OBX|1|TS|67975^MDC_ATTR_TIME_ABS^MDC||20250309075500+0800", Reason.NO_READING),
        ("OBX|1|CE|5802-4^Nitrite^LN||POS^positive", Reason.ORDINAL),
        ("OBX|1|NM|14743-9^^LN||54|", Reason.UNKNOWN_UNIT),  # 54 mg/dL or 54 mmol/L?
        ("OBX|1|NM", Reason.UNKNOWN_METRIC),
    ],
)
def test_an_observation_is_refused_by_name_and_the_good_one_beside_it_lives(obx: str, reason: Reason) -> None:
    decoded = decode(message(obx, spo2("79")))
    assert [refusal.reason for refusal in decoded.refusals] == [reason]
    assert decoded.refusals[0].metric is not None
    assert [reading.value for reading in decoded.readings] == [79.0]


def test_a_number_flagged_as_off_the_scale_is_a_bound() -> None:
    bound = only(observed("OBX|1|NM|14743-9^^LN||1.1|mmol/L||<~LL"))
    assert isinstance(bound, Reported)
    assert (bound.value, bound.comparator) == (1.1, Comparator.LESS)


def test_device_module_and_channel_of_pcd_01_are_no_observations() -> None:
    channel = "OBX|1||69837^MDC_DEV_METER_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||0012210000000001^^EUI-64"
    decoded = decode(message(channel, spo2()))
    assert [reading.metric for reading in decoded.readings] == ["spo2"]
    assert decoded.refusals == ()
    assert decoded.source == "0012210000000001"
    assert only(decode(message(channel))) == Refusal(Reason.NO_READING, "", detail="no observation in it")


def test_training_is_no_patient() -> None:
    header = "MSH|^~\\&|MON|ICU|||20250309080000||ORU^R01|7|T|2.6"
    assert only(decode(message(spo2(), header=header))).reason is Reason.QUALITY_CONTROL  # type: ignore[union-attr]


def test_the_observations_own_time_goes_before_its_groups() -> None:
    own, group = observed(spo2() + "|||20250309075959+0800").readings, observed(spo2()).readings
    assert (own[0].at, group[0].at) == (datetime(2025, 3, 8, 23, 59, 59, tzinfo=UTC), AT)


def test_a_time_without_zone_is_in_that_of_the_header_or_else_local() -> None:
    timed = message(spo2() + "|||20250309075959")
    assert only(decode(timed)).at == datetime(2025, 3, 8, 23, 59, 59, tzinfo=UTC)  # type: ignore[union-attr]
    local = timed.replace(b"20250309080000+0800", b"20250309080000")
    assert only(decode(local)).at == datetime.fromisoformat("2025-03-09T07:59:59")  # type: ignore[union-attr]


def test_a_unit_that_is_null_is_none() -> None:
    assert only(observed('OBX|1|NM|8867-4^HR^LN||71|""')) == Reported("hr", 71, "/min", AT, subject="P1")


def test_a_patient_that_is_null_is_nobody() -> None:
    assert only(decode(message(spo2()).replace(b"P1^^^HOSP^MR", b'""'))).subject is None  # type: ignore[union-attr]


def test_two_patients_in_one_message_are_told_apart() -> None:
    decoded = decode(message(spo2("97"), "PID|2||P2", "OBR|1", spo2("79")))
    assert [(reading.subject, reading.value, reading.at) for reading in decoded.readings] == [
        ("P1", 97.0, AT),
        ("P2", 79.0, None),
    ]


def test_the_delimiters_are_the_messages_own() -> None:
    odd = b"MSH#*~\\&#MON#####20250309080000##ORU*R01#7#P#2.6\rOBX#1#NM#150456**MDC##97#%\r"
    assert only(decode(odd.replace(b"#MON#####", b"#MON####"))).value == 97.0


def test_a_delimiter_in_a_text_is_escaped() -> None:
    assert only(observed("OBX|1|NM|9\\T\\9^a\\S\\b^99LAB||1|x")).metric == "9&9 a^b"


def test_the_chinese_character_set_is_read_before_delimiters_are_looked_for() -> None:
    header = "MSH|^~\\&|MON|ICU|||20250309080000||ORU^R01|7|P|2.6||||||GB 18030-2000"
    text = message(spo2(), header=header).decode().replace("P1^^^", "病人亅^^^")
    decoded = decode(text.encode("gb18030"))
    assert decoded.readings[0].subject == "病人亅"
    before_it = text.replace("ICU", "亅")  # its second byte is that of |
    assert decode(before_it.encode("gb18030")).readings == decoded.readings


@pytest.mark.parametrize(
    ("said", "codec"),
    [
        ("GB18030", "gb18030"),
        ("GBK", "gbk"),
        ("gb2312", "gb2312"),
        ("UNICODE UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("~UNICODE UTF-8", "utf-8"),
        ("", "utf-8"),
        ("GBK~UNICODE UTF-8", "gbk"),
    ],
)
def test_a_character_set_is_known_as_senders_write_it(said: str, codec: str) -> None:
    header = f"MSH|^~\\&|MON|ICU|||20250309080000||ORU^R01|7|P|2.6||||||{said}"
    text = message(spo2(), header=header).decode().replace("P1^^^", "病人^^^")
    assert decode(text.encode(codec)).readings[0].subject == "病人"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"MSH", Reason.MALFORMED),
        (b"MSH|^~|x", Reason.MALFORMED),
        (b"MSH||||x|||||ORU^R01", Reason.MALFORMED),
        (b"MSHA^~\\&Ax", Reason.MALFORMED),
        (b"EVN|^~\\&|x", Reason.MALFORMED),
        (b"MSH|^~\\&|x\xff", Reason.BAD_UTF8),
        (b"MSH|^~\\&|" + b"x" * MAX_BYTES, Reason.TOO_LARGE),
        (message(*["OBX|1"] * 1001), Reason.TOO_LARGE),
        (message("MSH|^~\\&|second"), Reason.MALFORMED),
        (LAB.replace(b"ORU^R01^ORU_R01", b"ADT^A01"), Reason.WRONG_SHAPE),
        (LAB.replace(b"ORU^R01^ORU_R01", b"ORU^W01"), Reason.WRONG_SHAPE),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_whole(payload: bytes, reason: Reason) -> None:
    [refusal] = decode(payload).refusals
    assert (refusal.reason, refusal.metric) == (reason, None)


def test_who_sent_it_is_known_even_if_it_is_no_observation() -> None:
    assert decode(LAB.replace(b"ORU^R01^ORU_R01", b"ADT^A01")).source == "POCT"


def test_the_same_message_is_the_same_and_another_is_not() -> None:
    assert decode(LAB).content == decode(LAB).content is not None
    assert decode(LAB.replace(b"P12345", b"P12346")).content != decode(LAB).content
    untimed = message(spo2()).replace(b"|||20250309075500+0800", b"")
    assert decode(untimed).content == decode(untimed).content is not None
    assert decode(untimed.replace(b"|7|P|", b"|8|P|")).content != decode(untimed).content


def test_line_feeds_and_frames_do_no_harm() -> None:
    assert decode(LAB.replace(b"\r", b"\r\n")).readings == decode(LAB).readings
    assert decode(b"\x0b" + LAB + b"\x1c\r").readings == decode(LAB).readings


@given(st.binary(max_size=300))
def test_any_bytes_are_accounted_for(payload: bytes) -> None:
    for attempt in (payload, b"MSH|^~\\&|a|b|c|d|20250309080000||ORU^R01|1|P|2.6\r" + payload):
        decoded = decode(attempt)
        assert decoded.readings or decoded.refusals


@given(st.integers(0, len(LAB) - 1), st.integers(0, 255), st.integers(0, 40))
def test_a_known_message_with_some_bytes_changed_is_accounted_for(place: int, byte: int, cut: int) -> None:
    decoded = decode(LAB[:place] + bytes([byte]) + LAB[place + cut :])
    assert decoded.readings or decoded.refusals
