"""The wire hears what the server acknowledged, however the bytes are cut."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.ledgers import Key
from tests.faults.tap import PUBACK, PUBLISH, Ear, Frames, Packet, tap

READING = b'{"epoch":"a1","seq":7,"oldest":1,"readings":[]}'


def frame(kind: int, body: bytes, flags: int = 0) -> bytes:
    length, value = b"", len(body)
    while True:
        value, low = divmod(value, 128)
        length += bytes([low | (0x80 if value else 0)])
        if not value:
            return bytes([kind << 4 | flags]) + length + body


def publish(topic: str, payload: bytes, mid: int, properties: bytes = b"") -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2) + name + mid.to_bytes(2) + bytes([len(properties)]) + properties + payload
    return frame(PUBLISH, body, flags=0b0010)


def puback(mid: int, reason: bytes = b"") -> bytes:
    return frame(PUBACK, mid.to_bytes(2) + reason)


@given(bodies=st.lists(st.binary(max_size=400), max_size=5), data=st.data())
def test_a_stream_gives_the_same_packets_wherever_it_is_cut(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(PUBLISH, body, 2) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    frames = Frames()
    packets = [p for a, b in pairwise([0, *cuts, len(stream)]) for p in frames.feed(stream[a:b])]
    assert packets == [Packet(PUBLISH, 2, body) for body in bodies]


def heard(from_broker: bytes, from_server: bytes) -> list[Key]:
    taken: list[Key] = []
    ear = Ear(taken.append)
    ear.from_broker(from_broker)
    ear.from_server(from_server)
    return taken


def test_a_reading_is_taken_when_the_server_acknowledges_it() -> None:
    message = publish("bedside/v1/ox-1/readings", READING, 5, properties=b"\x01\x00")
    assert heard(message, b"") == []
    assert heard(message, puback(6)) == []
    assert heard(message, puback(5)) == [Key("ox-1", "a1", 7)]
    assert heard(message, puback(5) + puback(5)) == [Key("ox-1", "a1", 7)]


@pytest.mark.parametrize(("reason", "times"), [(b"\x00", 1), (b"\x10\x00", 1), (b"\x80", 0)])
def test_a_refusal_takes_nothing(reason: bytes, times: int) -> None:
    message = publish("bedside/v1/ox-1/readings", READING, 5)
    assert len(heard(message, puback(5, reason))) == times


def test_what_is_no_reading_is_nobodys_loss() -> None:
    assert heard(publish("bedside/v1/ox-1/status", b'{"online":true}', 5), puback(5)) == []


async def test_every_byte_is_carried_and_an_end_on_one_side_ends_the_other() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as broker,
        tap(broker.sockets[0].getsockname()[1], lambda _: None) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\xc0\x00\n")  # a PINGREQ, and a line's end for the echo
        assert await reader.readexactly(3) == b"\xc0\x00\n"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
