"""Whatever way the bytes are cut, the same messages come out; what is no MQTT is refused by an error, never misread."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt_frames import MalformedError, Packet, Publish, parse, whole
from tests.devices.raw_mqtt import frame, text

PING = Packet(0xD0, b"")


def written(one: Publish, *, v5: bool, properties: bytes = b"") -> bytes:
    packet_id = one.packet_id.to_bytes(2, "big") if one.packet_id else b""
    head = text(one.topic) + packet_id + (bytes([len(properties)]) + properties if v5 else b"")
    return frame(0x30 | (2 if one.packet_id else 0) | one.retain, head + one.payload)


publishes = st.builds(
    Publish,
    topic=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    payload=st.binary(max_size=300),
    packet_id=st.integers(0, 65535),
    retain=st.booleans(),
)


def read(pieces: list[bytes], *, v5: bool) -> list[Publish | Packet]:
    """As the client does: what is not whole stays for the next piece."""
    held = b""
    found: list[Publish | Packet] = []
    for piece in pieces:
        held, at = held + piece, 0
        while True:
            some, other, at = parse(held, at, v5=v5)
            found += some
            if other is None:
                break
            found.append(other)
        held = held[at:]
    assert held == b""
    return found


@given(st.lists(publishes | st.just(PING), max_size=8), st.booleans(), st.data())
def test_any_cut_of_the_bytes_gives_the_same_packets(
    packets: list[Publish | Packet], v5: bool, data: st.DataObject
) -> None:
    raw = b"".join(frame(*one) if isinstance(one, Packet) else written(one, v5=v5) for one in packets)
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    pieces = [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]
    assert read(pieces, v5=v5) == packets


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 129, 16_383, 16_384, 70_000, 2_097_152])
def test_a_payload_of_any_length_comes_whole_byte_by_byte_too(size: int) -> None:
    one = Publish("a/b", bytes(size), 7, retain=False)
    raw = written(one, v5=True)
    assert parse(raw, 0, v5=True).publishes == [one]
    for cut in (1, 2, 3, 4, 5, len(raw) - 1):
        assert parse(raw[:cut], 0, v5=True) == ([], None, 0)
        assert cut < whole(raw[:cut]) <= len(raw)
    assert whole(raw) == len(raw)


@given(publishes, st.binary(max_size=127))
def test_the_properties_of_mqtt_5_are_passed_over(one: Publish, properties: bytes) -> None:
    assert parse(written(one, v5=True, properties=properties), 0, v5=True).publishes == [one]


def test_long_properties_too() -> None:
    body = text("t") + b"\0\x09" + bytes([0x80 | 72, 1]) + bytes(200) + b"payload"
    assert parse(frame(0x32, body), 0, v5=True).publishes == [Publish("t", b"payload", 9, retain=False)]


def test_a_topic_that_is_no_text_is_no_topic() -> None:
    raw = frame(0x30, text(b"a/\xff") + b"x")
    assert parse(raw, 0, v5=False).publishes == [Publish("", b"x", 0, retain=False)]


MALFORMED = {
    "a length of five digits": b"\x30\x80\x80\x80\x80\x01",
    "QoS 2, which nobody asked for": frame(0x34, text("t") + b"\0\1"),
    "QoS 3": frame(0x36, text("t") + b"\0\1"),
    "no packet id": frame(0x32, text("t")),
    "packet id 0": frame(0x32, text("t") + b"\0\0x"),
    "a topic beyond the end": frame(0x30, b"\0\xffshort"),
    "half a topic length": frame(0x30, b"\0"),
    "nothing at all": frame(0x30, b""),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("v5", [False, True])
def test_what_breaks_the_protocol_is_an_error_and_costs_nothing_before_it(raw: bytes, v5: bool) -> None:
    before = Publish("t", b"whole", 7, retain=False)
    with pytest.raises(MalformedError) as refused:
        parse(written(before, v5=v5) + raw + bytes(8), 0, v5=v5)
    assert refused.value.before == [before]


@pytest.mark.parametrize("rest", [b"", b"\x05", b"\x80", b"\xff\xff\xff\xff\xff", b"\x80\x80\x80\x80\x01"])
def test_properties_that_do_not_end_in_their_packet_are_an_error(rest: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(frame(0x32, text("t") + b"\0\1" + rest) + bytes(300), 0, v5=True)


@given(st.binary(max_size=60), st.booleans())
def test_noise_is_read_to_an_end_or_refused(noise: bytes, v5: bool) -> None:
    with suppress(MalformedError):
        assert 0 <= parse(noise, 0, v5=v5).at <= len(noise)
