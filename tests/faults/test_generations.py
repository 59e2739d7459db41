"""The programme's own test: a link that forgets which connection a message came in is found out by the wire."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import pytest

from devices.arrivals import Arrival, Receipt
from devices.mqtt import MqttLink
from devices.mqtt_endpoint import Backoff, Endpoint
from tests.devices.raw_mqtt import frame, text
from tests.devices.scripted_broker import ScriptedBroker, scripted
from tests.faults.ledgers import Key, Promise, Promises
from tests.faults.rows import Rows
from tests.faults.tap import Ear
from tests.faults.verdict import Fault, Wrong, kept

FIRST, SECOND = Key("ox-1", "e", 1), Key("ox-1", "e", 2)
SAME_ID = b"\0\1"


def publish(key: Key) -> bytes:
    payload = msgspec.json.encode({"epoch": key.epoch, "seq": key.seq, "readings": []})
    return frame(0x32, text(f"bedside/v1/{key.device_id}/readings") + SAME_ID + b"\0" + payload)


async def taken(link: MqttLink) -> list[Arrival]:
    return await asyncio.wait_for(link.arrivals(0.0, 10), 10)


async def overtaken(broker: ScriptedBroker, link: MqttLink) -> list[Fault]:
    """The first message is being committed when its connection ends; the next one begins with the same packet id, which
    is the second message's now. Then the first commit is done."""
    heard: list[Key] = []
    ear = Ear(heard.append)
    await broker.say(publish(FIRST))
    committed = await taken(link)
    broker.hang_up()
    del broker.heard[:]
    await broker.say(publish(SECOND))
    await taken(link)
    link.acknowledge([arrival.receipt for arrival in committed])
    await asyncio.sleep(0.05)
    ear.from_broker(publish(SECOND))
    ear.from_server(bytes(broker.heard))
    return kept(Promises(frozenset({FIRST, SECOND}), {Promise.TAKEN: set(heard)}), Rows(stored=[FIRST]))


def forgetful(self: MqttLink, receipts: Sequence[Receipt]) -> None:
    due = self._unacknowledged.acknowledged([receipt.mid for receipt in receipts])
    if due and self._connection is not None:
        self._connection.puback(due)


@pytest.mark.parametrize("planted", [False, True])
async def test_a_link_that_forgets_the_connection_is_found_out(planted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if planted:
        monkeypatch.setattr(MqttLink, "acknowledge", forgetful)
    async with scripted(5) as broker:
        link = MqttLink(Endpoint("127.0.0.1", broker.port, "bedside", "", persistent=True), backoff=Backoff(0.0, 0.01))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(link.run())
            faults = await overtaken(broker, link)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    lost = [Fault(Wrong.LOST, f"{SECOND}, though {Promise.TAKEN}")]
    assert faults == (lost if planted else [])
