"""Who floods waits for what it has underway; another device's message passes at once."""

import asyncio
import struct

import pytest

from devices.broker_flow import Flow, FlowLimits
from tests.devices import raw_mqtt

LIMITS = FlowLimits(total=8, least=1, most=4, stuck_s=0.2)


def reading_of(device_id: str, mid: int = 7) -> bytes:
    return raw_mqtt.publish(f"bedside/v1/{device_id}/readings", b"x" * 200, mid=mid)


def puback(mid: int) -> bytes:
    return b"\x40\x02" + struct.pack("!H", mid)


async def sends(flow: Flow, device_id: str, times: int = 1) -> None:
    for _ in range(times):
        await flow.enter(device_id, reading_of(device_id))


def has_room(flow: Flow, device_id: str) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(sends(flow, device_id))


async def test_a_device_that_has_its_share_underway_waits_until_the_server_has_one_of_it() -> None:
    flow = Flow(LIMITS)
    await sends(flow, "loud", 4)
    fifth = has_room(flow, "loud")
    await asyncio.sleep(0.01)
    assert not fifth.done()
    await asyncio.wait_for(sends(flow, "quiet"), 0.05)
    flow.told(reading_of("loud", mid=31))
    assert not fifth.done()
    flow.heard(puback(31))
    await asyncio.wait_for(fifth, 0.05)
    assert flow.underway == {"loud": 4, "quiet": 1}


async def test_the_more_devices_are_at_it_the_smaller_is_each_ones_share() -> None:
    flow = Flow(LIMITS)
    for number in range(8):
        await asyncio.wait_for(sends(flow, f"ox{number}"), 0.05)
    second = has_room(flow, "ox0")
    await asyncio.sleep(0.01)
    assert not second.done()
    second.cancel()


async def test_a_server_that_is_away_holds_nobody_up_for_good() -> None:
    flow = Flow(LIMITS)
    await sends(flow, "ox1", 4)
    await asyncio.wait_for(sends(flow, "ox1"), 1)
    assert flow.underway == {"ox1": 1}, "amqtt has forgotten the others by now"


@pytest.mark.parametrize(
    "frame",
    [raw_mqtt.publish("bedside/v1/ox1/readings", qos=0), raw_mqtt.PING, raw_mqtt.subscribe("bedside/v1/ox1/ack")],
)
async def test_what_nobody_acknowledges_is_not_waited_for(frame: bytes) -> None:
    flow = Flow(LIMITS)
    for _ in range(10):
        await asyncio.wait_for(flow.enter("ox1", frame), 0.05)
    assert not flow.underway


async def test_the_servers_own_words_and_an_id_given_up_settle_nothing_twice() -> None:
    flow = Flow(LIMITS)
    await sends(flow, "ox1", 3)
    flow.told(raw_mqtt.publish("bedside/v1/ox1/ack", mid=5))
    flow.heard(puback(5))
    assert flow.underway == {"ox1": 3}
    for _ in range(2):  # the broker gives the id again: what it named before is forgotten
        flow.told(reading_of("ox1", mid=6))
    assert flow.underway == {"ox1": 2}
    for _ in range(2):
        flow.heard(puback(6))
    assert flow.underway == {"ox1": 1}


async def test_what_comes_while_the_server_is_away_is_counted_and_before_it_ever_came_is_not() -> None:
    flow = Flow(LIMITS)
    await sends(flow, "ox1")
    for listening in (True, False, True):
        flow.listens(listening)
        await sends(flow, "ox2")
    assert flow.unheard == 1
