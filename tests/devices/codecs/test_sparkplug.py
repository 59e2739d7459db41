"""Sparkplug B: births, aliases, nulls and stale values over a whole session."""

import json
import struct
from datetime import UTC, datetime

import pytest

from devices.codecs.sparkplug import Conversation, decode, parse, rebirth
from devices.readings import Reason
from tests.devices.codecs.sample_files import shipped

SESSION = json.loads(shipped("sparkplug/messages.json"))["messages"]
BIRTH, DATA, NULL = (bytes.fromhex(SESSION[index]["hex"]) for index in (1, 2, 3))
SENT_MS = 1741475410000


def varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded, value = encoded + bytes([value & 127 | 128]), value >> 7
    return encoded + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def double(value: float) -> bytes:
    return varint(13 << 3 | 1) + struct.pack("<d", value)


def single(value: float) -> bytes:
    return varint(12 << 3 | 5) + struct.pack("<f", value)


def payload(*metrics: bytes, sent_ms: int = SENT_MS) -> bytes:
    return field(1, sent_ms) + b"".join(field(2, metric) for metric in metrics)


def named(name: str, value: bytes, *more: bytes) -> bytes:
    return field(1, name.encode()) + b"".join(more) + value


def prop(key: str, value: bytes) -> bytes:
    return field(9, field(1, key.encode()) + field(2, value))


def after(*earlier: bytes) -> Conversation:
    conversation = Conversation()
    for payload in earlier:
        conversation.decode(payload)
    return conversation


def test_the_whole_session_is_read_as_it_was_meant() -> None:
    conversation, read = Conversation(), []
    for message in SESSION:
        decoded = conversation.decode(bytes.fromhex(message["hex"]))
        read.append([[r.metric, r.value, r.unit] for r in decoded.readings])
    expected = [[v for v in message["expected"].get("values", []) if v[1] is not None] for message in SESSION]
    expected[4] = [["spo2", 95.0, "%"]]  # a gap in its numbers does not make the value untrue
    assert read == expected


@pytest.mark.parametrize("end", [0, 5])
def test_a_node_that_is_born_or_dead_means_nothing_by_its_old_aliases(end: int) -> None:
    assert after(BIRTH, bytes.fromhex(SESSION[end]["hex"])).decode(DATA).readings == ()


def test_the_birth_certificate_names_aliases_and_has_values() -> None:
    expected = SESSION[1]["expected"]
    decoded = decode(BIRTH)
    assert [[r.metric, r.value, r.unit] for r in decoded.readings] == expected["values"]
    assert parse(BIRTH).aliases == {int(alias): name for alias, name in expected["aliases"].items()}
    assert decoded.sent_at == datetime(2025, 3, 8, 23, 10, 5, tzinfo=UTC)
    assert decoded.refusals == ()


def test_data_by_alias_is_read_after_the_birth_certificate_and_refused_before() -> None:
    decoded = after(BIRTH).decode(DATA)
    assert [[r.metric, r.value, r.unit] for r in decoded.readings] == SESSION[2]["expected"]["values"]
    assert {r.at for r in decoded.readings} == {datetime(2025, 3, 8, 23, 10, 10, tzinfo=UTC)}
    assert [r.reason for r in decode(DATA).refusals] == [Reason.UNKNOWN_METRIC] * 2


def test_null_is_no_value() -> None:
    decoded = after(BIRTH).decode(NULL)
    assert decoded.readings == ()
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.NO_VALUE, "spo2")]


@pytest.mark.parametrize("index", [0, 5])
def test_a_birth_or_death_of_a_node_has_no_vitals(index: int) -> None:
    decoded = decode(bytes.fromhex(SESSION[index]["hex"]))
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.NO_READING, "")]


def test_a_float_of_32_bits_is_what_the_device_meant() -> None:
    assert [r.value for r in decode(payload(named("Temp", single(36.6)))).readings] == [36.6]


def test_the_engineering_unit_counts() -> None:
    celsius = decode(payload(named("Temp", double(98.6), prop("engUnit", field(8, b"F")))))
    pressure = decode(payload(named("BP/Systolic", double(16.0), prop("engUnit", field(8, b"kPa")))))
    assert [round(r.value, 2) for r in (*celsius.readings, *pressure.readings)] == [37, 120.01]
    assert [r.reason for r in decode(payload(named("Temp", double(98.6)))).refusals] == [Reason.UNKNOWN_UNIT]
    assert [r.reason for r in decode(payload(named("Glucose", double(54)))).refusals] == [Reason.UNKNOWN_UNIT]


@pytest.mark.parametrize("place", [3, 4])  # an int or a long
@pytest.mark.parametrize("quality", [0, 500])
def test_a_bad_or_stale_value_is_none(quality: int, place: int) -> None:
    metric = named("SpO2", double(79), prop("Quality", field(place, quality)))
    assert [(r.reason, r.detail) for r in decode(payload(metric)).refusals] == [(Reason.NO_VALUE, f"quality {quality}")]


def test_a_signed_number_is_negative_and_impossible() -> None:
    metric = named("SpO2", field(10, 2**32 - 1), field(4, 3))
    assert [(r.reason, r.value) for r in decode(payload(metric)).refusals] == [(Reason.IMPOSSIBLE, -1.0)]


@pytest.mark.parametrize(
    ("metric", "reason", "name"),
    [
        (named("SpO2", b""), Reason.NOT_A_NUMBER, "spo2"),
        (named("SpO2", double(float("nan"))), Reason.NOT_A_NUMBER, "spo2"),
        (named("SpO2", double(float("inf"))), Reason.INFINITE, "spo2"),
        (named("SpO2", field(15, b"97")), Reason.NOT_A_NUMBER, "spo2"),
        (named("Vitals/PulseRate", field(10, 0)), Reason.IMPOSSIBLE, "pulse_rate"),
        (named("Pump/Speed", double(7)), Reason.UNKNOWN_METRIC, "Pump/Speed"),
        (named("SpO2", double(97), field(3, 2**63)), Reason.WRONG_SHAPE, "spo2"),
        (b"", Reason.UNKNOWN_METRIC, ""),
    ],
)
def test_a_metric_is_refused_by_name_and_costs_no_other(metric: bytes, reason: Reason, name: str) -> None:
    decoded = decode(payload(metric, named("SpO2", double(79))))
    assert [(refusal.reason, refusal.metric) for refusal in decoded.refusals] == [(reason, name)]
    assert [r.value for r in decoded.readings] == [79]


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"\xff", Reason.MALFORMED),
        (BIRTH[:-3], Reason.MALFORMED),
        (field(2, b"\x08"), Reason.MALFORMED),
        (field(1, b"now"), Reason.MALFORMED),
        (field(2, field(1, b"\xff")), Reason.BAD_UTF8),
        (field(2, b"") * 1001, Reason.WRONG_SHAPE),
        (b"\x00" * 70_000, Reason.TOO_LARGE),
        (payload() + field(4, b"SPBV1.0_COMPRESSED") + field(5, b"\x78\x9c"), Reason.FORBIDDEN),
    ],
)
def test_what_cannot_be_read_is_refused_whole(encoded: bytes, reason: Reason) -> None:
    assert [(refusal.reason, refusal.metric) for refusal in decode(encoded).refusals] == [(reason, None)]


def test_who_speaks_by_an_unknown_alias_is_to_be_asked_for_its_birth_certificate() -> None:
    assert decode(DATA).lost_thread
    assert not after(BIRTH).decode(DATA).lost_thread
    assert not decode(BIRTH).lost_thread


def numbered(seq: int, *metrics: bytes) -> bytes:
    return payload(*metrics) + field(3, seq)


def test_a_gap_in_a_nodes_numbers_asks_for_its_birth_certificate_and_costs_no_value() -> None:
    born, value = numbered(0, named("bdSeq", field(11, 1))), named("SpO2", double(97.0))
    conversation = after(born, *(numbered(seq % 256, value) for seq in range(1, 256)))
    assert not conversation.decode(numbered(0, value)).lost_thread  # after 255
    assert not conversation.decode(numbered(0, value)).lost_thread  # the same again
    late = conversation.decode(numbered(3, value))
    assert (late.lost_thread, [r.value for r in late.readings]) == (True, [97])
    assert not conversation.decode(numbered(4, value)).lost_thread
    assert not conversation.decode(payload(named("bdSeq", field(11, 1)))).lost_thread  # its death has no number
    assert not conversation.decode(numbered(9, value)).lost_thread


def test_what_has_seen_no_birth_of_the_node_counts_no_numbers() -> None:
    value = named("SpO2", double(97.0))
    assert not after(numbered(3, value)).decode(numbered(7, value)).lost_thread


def test_it_is_asked_by_the_command_of_the_standard() -> None:
    asked = parse(rebirth(datetime(2025, 3, 8, 23, 10, 5, tzinfo=UTC)))
    [told] = asked.metrics
    assert (asked.sent_ms, told.name, told.datatype) == (1741475405000, "Node Control/Rebirth", 11)
    assert rebirth(datetime(2025, 3, 8, 23, 10, 5, tzinfo=UTC)).endswith(b"\x70\x01")  # field 14, boolean_value: true
