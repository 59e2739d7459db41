"""The guard's verdicts: who may say what where, and which frames never reach the broker."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.broker_frames import Connect, Fault, Frame, RefusedError, ViolationError, Will
from devices.broker_guard import Answer, Client, Forward, identify, inspect
from tests.devices import raw_mqtt
from tests.devices.test_broker_frames import parsed

DEVICE = Client("ox1")
SERVER = Client("bedside-server", service=True)


def verdict(frame: bytes, client: Client = DEVICE) -> Forward | Answer:
    return inspect(client, parsed(frame))


def fault(frame: bytes, client: Client = DEVICE) -> Fault:
    with pytest.raises(ViolationError) as violation:
        verdict(frame, client)
    return violation.value.fault


@pytest.mark.parametrize("topic", ["readings", "gatt/2a5f", "wave/ppg", "status", "ack/x", "unheard-of"])
def test_a_device_publishes_under_its_own_branch(topic: str) -> None:
    frame = raw_mqtt.publish(f"bedside/v1/ox1/{topic}")
    assert verdict(frame) == Forward(frame)


@pytest.mark.parametrize(
    "topic",
    [
        "bedside/v1/ox2/readings",
        "bedside/v1/ox1/ack",
        "bedside/v1/ox1/command",
        "bedside/v1/ox1",
        "bedside/v1/ox1/",
        "bedside/v1/ox11/readings",
        "bedside/v1//readings",
        "bedside/v2/ox1/readings",
        "/bedside/v1/ox1/readings",
        "$SYS/broker",
        "ox1",
    ],
)
def test_a_device_publishes_nowhere_else(topic: str) -> None:
    assert fault(raw_mqtt.publish(topic)) is Fault.FOREIGN_TOPIC


@pytest.mark.parametrize("topic", ["bedside/v1/+/readings", "bedside/v1/ox1/#", ""])
def test_a_topic_with_a_wildcard_or_without_a_letter_is_bad(topic: str) -> None:
    assert fault(raw_mqtt.publish(topic)) is Fault.BAD_TOPIC


@pytest.mark.parametrize("raw", [b"bedside/v1/ox1/\xff", b"bedside/v1/ox1/\xed\xa0\x80", b"bedside/v1/ox1/\0"])
def test_a_topic_that_is_no_utf_8_is_bad(raw: bytes) -> None:
    assert fault(raw_mqtt.publish(raw)) is Fault.BAD_UTF8


def test_nothing_is_retained() -> None:
    kept = verdict(raw_mqtt.publish("bedside/v1/ox1/readings", retain=True))
    assert kept == Forward(raw_mqtt.publish("bedside/v1/ox1/readings", retain=False))


def test_quality_2_is_refused() -> None:
    assert fault(raw_mqtt.publish("bedside/v1/ox1/readings", qos=2)) is Fault.QOS_2


def test_a_topic_longer_than_its_frame_is_an_overrun() -> None:
    assert fault(raw_mqtt.frame(0x32, b"\x40\x00bedside")) is Fault.OVERRUN


@pytest.mark.parametrize("first", [0x10, 0x20, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xF0, 0x00])
def test_packets_that_no_client_of_ours_sends_are_unexpected(first: int) -> None:
    assert fault(raw_mqtt.frame(first, b"\0\1")) is Fault.UNEXPECTED_PACKET


@pytest.mark.parametrize("frame", ["c100", "c00100", "e10102", "400300010 0".replace(" ", ""), "40020000", "82020001"])
def test_wrong_flags_lengths_and_ids_are_malformed(frame: str) -> None:
    assert fault(bytes.fromhex(frame)) is Fault.MALFORMED


def test_a_device_hears_its_own_receipts_at_most_at_quality_1() -> None:
    asked = raw_mqtt.subscribe("bedside/v1/ox1/ack", "bedside/v1/ox1/command", qos=2)
    assert verdict(asked) == Forward(raw_mqtt.subscribe("bedside/v1/ox1/ack", "bedside/v1/ox1/command", qos=1))


@pytest.mark.parametrize(
    "topic", ["#", "+/v1/ox1/ack", "bedside/v1/+/ack", "bedside/v1/ox1/#", "bedside/v1/ox2/ack", "$SYS/#"]
)
def test_a_device_that_asks_for_more_is_granted_nothing(topic: str) -> None:
    assert verdict(raw_mqtt.subscribe("bedside/v1/ox1/ack", topic)) == Answer(bytes.fromhex("900400098080"))


@pytest.mark.parametrize("topic", ["bedside/#/x", "bedside/v1+", "bedside/v#"])
def test_a_filter_with_a_misplaced_wildcard_is_bad(topic: str) -> None:
    assert fault(raw_mqtt.subscribe(topic), SERVER) is Fault.BAD_TOPIC


def test_the_server_hears_and_speaks_everywhere_below_the_root() -> None:
    hears = raw_mqtt.subscribe("bedside/v1/#")
    speaks = raw_mqtt.publish("bedside/v1/ox1/ack")
    assert (verdict(hears, SERVER), verdict(speaks, SERVER)) == (Forward(hears), Forward(speaks))
    assert fault(raw_mqtt.publish("elsewhere"), SERVER) is Fault.FOREIGN_TOPIC


@given(st.integers(0, 255), st.binary(max_size=80), st.sampled_from([DEVICE, SERVER]))
def test_no_frame_makes_the_guard_fail_otherwise_than_by_name(first: int, body: bytes, client: Client) -> None:
    with suppress(ViolationError):
        inspect(client, Frame(first, body))


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_passes_stays_in_its_branch(left: str, right: str) -> None:
    topic = f"bedside/v1/{left}/{right}"
    try:
        inspect(DEVICE, Frame(0x30, raw_mqtt.text(topic.encode(errors="replace"))))
    except ViolationError:
        return
    assert topic.startswith("bedside/v1/ox1/")


def claim(client_id: str, user: str | None, will: str | None = None) -> Fault | str:
    connect = Connect(client_id, user, b"s", 30, Will(will, b"", 1) if will else None)
    try:
        return identify(connect)
    except RefusedError as refused:
        return refused.fault


def test_the_client_id_is_the_user_name() -> None:
    assert claim("ox1", "ox1") == "ox1"
    assert claim("ox2", "ox1") is Fault.CLIENT_ID
    assert claim("ox1", None) is Fault.CLIENT_ID


@pytest.mark.parametrize("name", ["", "+", "#", "a/b", "$SYS", "ö", "x" * 65, "ox1\n"])
def test_a_client_id_is_letters_digits_dash_and_underscore(name: str) -> None:
    assert claim(name, name) is Fault.CLIENT_ID


def test_a_will_speaks_only_on_the_own_status() -> None:
    assert claim("ox1", "ox1", "bedside/v1/ox1/status") == "ox1"
    assert claim("ox1", "ox1", "bedside/v1/ox2/status") is Fault.WILL_TOPIC
    assert claim("ox1", "ox1", "bedside/v1/ox1/readings") is Fault.WILL_TOPIC
