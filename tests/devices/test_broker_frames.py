"""The bytes of MQTT: what is written is read again, what reaches beyond its frame is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.broker_frames import Connect, Fault, Frame, GuardError, RefusedError, ViolationError, Will, parse_connect
from tests.devices import raw_mqtt

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
wills = st.builds(Will, topic=texts, payload=st.binary(max_size=200), qos=st.integers(0, 1))
connects = st.builds(
    Connect, client_id=texts, username=st.none(), password=st.none(), keep_alive_s=st.just(0), will=st.none() | wills
)


def parsed(encoded: bytes) -> Frame:
    """The frame of one whole packet of less than 2 MiB."""
    end = next(at for at in range(1, 5) if encoded[at] < 0x80)
    frame = Frame(encoded[0], encoded[end + 1 :])
    assert frame.encode() == encoded
    return frame


@given(connects)
def test_a_connect_written_for_the_broker_reads_as_the_same_connect(connect: Connect) -> None:
    assert parse_connect(parsed(connect.encode())) == connect


def test_the_connect_for_the_broker_carries_no_secret_no_keep_alive_and_no_retained_will() -> None:
    will = Will("bedside/v1/ox1/status", b"gone", 2)
    encoded = Connect("ox1", "ox1", b"geheim", 60, will).encode()
    assert b"geheim" not in encoded
    flags, keep_alive = encoded[9], encoded[10:12]
    assert (flags, keep_alive) == (0b00001110, b"\0\0")  # will of QoS 1, clean session, nothing else


def test_every_field_of_a_connect_is_read() -> None:
    connect = parse_connect(parsed(raw_mqtt.connect("ox1", "s3cret", will="a/b", keep_alive_s=40)))
    assert connect == Connect("ox1", "ox1", b"s3cret", 40, Will("a/b", b"gone", 1))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reading_of_a_connect_fail_otherwise_than_by_name(body: bytes) -> None:
    for beginning in (b"", raw_mqtt.text("MQTT") + b"\x04"):
        with suppress(GuardError):
            parse_connect(Frame(0x10, beginning + body))


@pytest.mark.parametrize(
    ("level", "reply"),
    [(5, "2003008400"), (3, "20020001"), (0, "20020001")],
)
def test_another_protocol_level_is_answered_in_its_own_words(level: int, reply: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_connect(parsed(raw_mqtt.connect("ox1", "s", level=level)))
    assert refused.value.reply.hex() == reply


def test_a_connect_that_is_cut_short_anywhere_is_an_overrun() -> None:
    whole = parsed(raw_mqtt.connect("ox1", "s", will="a/b")).body
    for length in range(len(whole)):
        with pytest.raises(ViolationError):
            parse_connect(Frame(0x10, whole[:length]))


@pytest.mark.parametrize(
    ("flags", "why"),
    [(0x01, "reserved"), (0x08, "will qos without will"), (0x20, "will retain without will"), (0x40, "no user name")],
)
def test_contradicting_connect_flags_are_malformed(flags: int, why: str) -> None:
    body = raw_mqtt.text("MQTT") + bytes([4, flags, 0, 0]) + raw_mqtt.text("ox1") * 3
    with pytest.raises(ViolationError) as violation:
        parse_connect(Frame(0x10, body))
    assert violation.value.fault is Fault.MALFORMED, why
