"""One guarded connection: what it hands on, what it holds back once it is cut, and its pace."""

import asyncio
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from devices.broker_frames import Connect, Fault
from devices.broker_guard import Client
from devices.broker_session import Connection, GuardLimits, Pace
from tests.devices import raw_mqtt

READING = raw_mqtt.publish("bedside/v1/ox1/readings", qos=0)


class Wire:
    """A stream writer that only remembers."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False

    @property
    def transport(self) -> "Wire":
        return self

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


def connection(*frames: bytes) -> tuple[Connection, Wire]:
    reader, wire = asyncio.StreamReader(), Wire()
    reader.feed_data(b"".join(frames))
    reader.feed_eof()
    streams = (reader, cast("asyncio.StreamWriter", wire))
    return Connection(Client("ox1"), Connect("ox1", "ox1", b"s", 30), streams, GuardLimits(close_s=0.05)), wire


async def test_it_hands_on_its_own_connect_and_then_frame_by_frame() -> None:
    conversation, _ = connection(READING, READING)
    reader = conversation.broker_reader
    hello = Connect("ox1", None, None, 0).encode()
    assert await reader.read(len(hello)) == hello
    assert await reader.read(1) + await reader.read(len(READING) - 1) == READING
    assert await reader.read(3) == READING[:3]
    assert await reader.read(999) == READING[3:], "never beyond a frame"
    assert await reader.read(0) == b""
    assert await reader.read(1) == b""


async def test_what_already_lies_in_the_socket_goes_no_further_once_it_is_cut() -> None:
    conversation, wire = connection(READING, READING)
    assert await conversation.next_frame() == READING
    conversation.cut(Fault.REVOKED)
    assert wire.aborted
    assert await conversation.next_frame() == b""


async def test_a_refused_subscription_is_answered_and_the_next_frame_handed_on() -> None:
    conversation, wire = connection(raw_mqtt.subscribe("#"), READING)
    assert await conversation.next_frame() == READING
    assert wire.written == bytes.fromhex("9003000980")


async def test_nothing_after_a_goodbye_is_heard() -> None:
    conversation, _ = connection(raw_mqtt.GOODBYE, READING)
    assert await conversation.next_frame() == raw_mqtt.GOODBYE
    assert await conversation.next_frame() == b""
    assert conversation.fault is None


async def test_the_first_fault_is_the_one_that_is_told() -> None:
    conversation, _ = connection(raw_mqtt.publish("elsewhere"))
    assert await conversation.next_frame() == b""
    conversation.cut(Fault.UNAVAILABLE)
    assert conversation.fault is Fault.FOREIGN_TOPIC


@given(st.lists(st.floats(0, 3), min_size=1, max_size=300))
def test_no_second_sees_more_frames_than_the_burst_and_the_rate(gaps_s: list[float]) -> None:
    pace, now_s, passed = Pace(per_s=10, burst=5), 100.0, list[float]()
    for gap_s in gaps_s:
        now_s += gap_s
        now_s += pace.delay_s(now_s)
        passed.append(now_s)
    for begin_s in passed:
        assert sum(begin_s <= at_s < begin_s + 1 for at_s in passed) <= 5 + 10 + 1
