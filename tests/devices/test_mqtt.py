"""The server's link with either client, and the device's, against the embedded broker and a real Mosquitto."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Protocol

import msgspec
import pytest

from devices.arrivals import Arrival, Link, Receipt
from devices.broker import EmbeddedBroker
from devices.mqtt import DeviceClient, MqttLink
from devices.mqtt_endpoint import Backoff, Endpoint, Library, Tls
from devices.wire import CHUNK
from tests.devices.mosquitto import Mosquitto

QUICK = Backoff(0.05, 0.2)
LIBRARY = Library.WIRE


@pytest.fixture(autouse=True, params=Library)
def _either_client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "LIBRARY", request.param)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(lambda device_id, secret: secret == f"secret of {device_id}")
    await broker.start()
    yield broker
    await broker.stop()


class HasPort(Protocol):
    port: int


def service(broker: HasPort, *, window: int = 1000) -> Endpoint:
    if isinstance(broker, EmbeddedBroker):
        own = broker.service
        return Endpoint("127.0.0.1", broker.port, own.client_id, own.secret, window=window, library=LIBRARY)
    return Endpoint("127.0.0.1", broker.port, "bedside-server", "any", persistent=True, window=window, library=LIBRARY)


async def until(true: object, within_s: float = 20.0) -> None:
    assert callable(true)
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(link: MqttLink) -> AsyncIterator[MqttLink]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        try:
            await until(lambda: link.connected)
            yield link
        finally:
            await link.close()
            await asyncio.wait_for(task, 10)


class Device:
    """A device that is connected, with what it heard."""

    def __init__(self, broker: HasPort, device_id: str = "ox1") -> None:
        self.id = device_id
        self.heard: list[tuple[str, object]] = []
        self.published: list[int] = []
        self.ends: list[str] = []
        self.up = asyncio.Event()
        self.client = DeviceClient(
            Endpoint("127.0.0.1", broker.port, device_id, f"secret of {device_id}", keep_alive_s=5),
            [f"bedside/v1/{device_id}/ack"],
            will=(f"bedside/v1/{device_id}/status", b"gone"),
        )
        self.client.on_up = self.up.set
        self.client.on_down = self.ends.append
        self.client.on_published = self.published.append
        self.client.on_message = lambda topic, payload: self.heard.append((topic, msgspec.json.decode(payload)))

    async def connect(self) -> "Device":
        await self.client.connect()
        await asyncio.wait_for(self.up.wait(), 5)
        await asyncio.sleep(0.05)  # the subscription is in
        return self

    def send(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.client.publish(f"bedside/v1/{self.id}/readings", payload)


async def collect(link: Link, count: int) -> list[Arrival]:
    got: list[Arrival] = []
    async with asyncio.timeout(60):
        while len(got) < count:
            got += await link.arrivals(0.01, 100)
    return got


def payloads(arrivals: list[Arrival]) -> list[bytes]:
    return [arrival.payload for arrival in arrivals]


def receipts(arrivals: list[Arrival]) -> list[Receipt]:
    return [arrival.receipt for arrival in arrivals]


async def silent(link: Link, for_s: float = 0.5) -> bool:
    try:
        await asyncio.wait_for(link.arrivals(0, 1), for_s)
    except TimeoutError:
        return True
    return False


# ── on both brokers ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, embedded: EmbeddedBroker) -> HasPort:
    chosen: HasPort = embedded if request.param == "embedded" else request.getfixturevalue("mosquitto")
    return chosen


async def test_what_a_device_publishes_arrives_in_order_with_its_topic(broker: HasPort) -> None:
    async with running(MqttLink(service(broker))) as link:
        device = await Device(broker).connect()
        sent = [b"%d" % number for number in range(100)]
        device.send(*sent)
        arrivals = await collect(link, 100)
        assert payloads(arrivals) == sent
        assert {(arrival.topic, arrival.retained) for arrival in arrivals} == {("bedside/v1/ox1/readings", False)}
        link.acknowledge(receipts(arrivals))
        await until(lambda: len(device.published) == 100)
        device.client.disconnect()


async def test_a_device_hears_the_newest_receipt_of_its_stream_and_the_server_not_its_own_voice(
    broker: HasPort,
) -> None:
    async with running(MqttLink(service(broker))) as link:
        device = await Device(broker).connect()
        for seq in range(1, 501):
            link.publish_ack("ox1", "e1", seq)
        link.publish_ack("ox1", "", 7)
        newest = ("bedside/v1/ox1/ack", {"epoch": "e1", "seq": 500})
        await until(lambda: newest in device.heard)
        assert ("bedside/v1/ox1/ack", {"epoch": None, "seq": 7}) in device.heard
        assert len(device.heard) <= 4, "older receipts are not worth a message"
        assert await silent(link)
        device.send(b"after the echoes")
        assert payloads(await collect(link, 1)) == [b"after the echoes"]


async def test_a_lost_device_speaks_by_its_will(broker: HasPort) -> None:
    async with running(MqttLink(service(broker))) as link:
        device = await Device(broker).connect()
        device.client.drop()
        (will,) = await collect(link, 1)
        assert (will.topic, will.payload) == ("bedside/v1/ox1/status", b"gone")
        await until(lambda: device.ends != [])


async def test_a_closed_link_owes_no_receipt(broker: HasPort) -> None:
    device = await Device(broker).connect()
    async with running(MqttLink(service(broker))) as link:
        link.publish_ack("ox1", "e1", 1)
        link.publish_ack("ox1", "e1", 2)
    await until(lambda: ("bedside/v1/ox1/ack", {"epoch": "e1", "seq": 2}) in device.heard)


async def test_readiness_hears_of_every_change(broker: HasPort) -> None:
    heard: list[bool] = []
    async with running(MqttLink(service(broker), heard.append)) as link:
        assert link.connected
    assert heard == [True, False]
    assert not link.connected


# ── acknowledgement, against Mosquitto with a session that persists ───────────────────────────────────────────────


async def test_what_was_not_acknowledged_comes_again_to_the_next_process_and_what_was_does_not(
    mosquitto: Mosquitto,
) -> None:
    device = await Device(mosquitto).connect()
    async with running(MqttLink(service(mosquitto))) as first:
        device.send(b"1", b"2", b"3", b"4")
        arrivals = await collect(first, 4)
        first.acknowledge(receipts(arrivals)[:2])
    async with running(MqttLink(service(mosquitto))) as second:
        assert payloads(await collect(second, 2)) == [b"3", b"4"]
        assert await silent(second)


async def test_messages_are_acknowledged_in_the_order_of_receipt(mosquitto: Mosquitto) -> None:
    device = await Device(mosquitto).connect()
    async with running(MqttLink(service(mosquitto))) as first:
        device.send(b"1", b"2", b"3")
        _, two, three = receipts(await collect(first, 3))
        first.acknowledge([three, two])
    async with running(MqttLink(service(mosquitto))) as second:
        again = await collect(second, 3)
        assert payloads(again) == [b"1", b"2", b"3"]
        second.acknowledge(receipts(again)[::-1])
    async with running(MqttLink(service(mosquitto))) as third:
        assert await silent(third)


async def test_what_only_ends_like_our_own_word_is_a_devices_message(mosquitto: Mosquitto) -> None:
    device = await Device(mosquitto).connect()
    async with running(MqttLink(service(mosquitto))) as link:
        device.client.publish("bedside/v1/ox1/readings/ack", b"mine")
        assert payloads(await collect(link, 1)) == [b"mine"]


async def test_a_receipt_of_an_older_connection_acknowledges_nothing(mosquitto: Mosquitto) -> None:
    device = await Device(mosquitto).connect()
    link = MqttLink(service(mosquitto), backoff=QUICK)
    async with running(link):
        device.send(b"1", b"2")
        old = await collect(link, 2)
        assert link._connection is not None
        link._connection._client.socket().shutdown(2)  # type: ignore[union-attr]
        await until(lambda: not link.connected)
        await until(lambda: link.connected)
        again = await collect(link, 2)
        assert payloads(again) == [b"1", b"2"]
        assert [r.mid for r in receipts(again)] == [r.mid for r in receipts(old)], (
            "the same packet ids: that is the trap"
        )
        link.acknowledge(receipts(old))
    async with running(MqttLink(service(mosquitto))) as next_link:
        last = await collect(next_link, 2)
        assert payloads(last) == [b"1", b"2"], "the old receipts must not have settled the new messages"
        next_link.acknowledge(receipts(last))
    async with running(MqttLink(service(mosquitto))) as final:
        assert await silent(final)


async def test_the_broker_stops_at_the_window_and_goes_on_as_messages_are_acknowledged(mosquitto: Mosquitto) -> None:
    device = await Device(mosquitto).connect()
    async with running(MqttLink(service(mosquitto, window=50))) as link:
        device.send(*[b"%d" % number for number in range(200)])
        got = await collect(link, 50)
        assert await silent(link), "more than the window is under way"
        while len(got) < 200:
            link.acknowledge(receipts(got))
            got += await collect(link, 1)
        assert payloads(got) == [b"%d" % number for number in range(200)]


async def test_a_killed_broker_is_found_again_and_its_lost_session_is_counted(mosquitto: Mosquitto) -> None:
    link = MqttLink(service(mosquitto), backoff=QUICK)
    async with running(link):
        link.publish_ack("ox1", "e1", 4)
        mosquitto.kill()
        await until(lambda: not link.connected)
        mosquitto.forget()
        link.publish_ack("ox1", "e1", 5)
        mosquitto.start()
        device = await Device(mosquitto).connect()
        await until(lambda: link.connected)
        assert link.sessions_lost == 1
        device.send(b"1")
        assert payloads(await collect(link, 1)) == [b"1"]


async def test_a_receipt_that_was_on_its_way_when_the_broker_died_is_sent_again(mosquitto: Mosquitto) -> None:
    link = MqttLink(service(mosquitto), backoff=Backoff(1.0, 1.0))
    async with running(link):
        mosquitto.stall()
        link.publish_ack("ox1", "e1", 4)
        mosquitto.kill()
        await until(lambda: not link.connected)
        mosquitto.start()
        device = await Device(mosquitto).connect()
        assert not link.connected
        await until(lambda: ("bedside/v1/ox1/ack", {"epoch": "e1", "seq": 4}) in device.heard)


# ── the link alone ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_full_hand_over_slows_the_embedded_broker_down_and_drops_nothing(embedded: EmbeddedBroker) -> None:
    async with running(MqttLink(service(embedded, window=10))) as link:
        device = await Device(embedded).connect()
        sent = [b"%d" % number * 1000 for number in range(200)]
        device.send(*sent)
        await until(lambda: len(link._inbox) >= 10)
        await asyncio.sleep(0.3)
        assert len(link._inbox) <= 10 + CHUNK // 1000, "the window, and what one read may bring beyond it"
        got: list[Arrival] = []
        while len(got) < 200:
            batch = await link.arrivals(0, 7)
            assert len(batch) <= 7
            link.acknowledge(receipts(batch))
            got += batch
        assert payloads(got) == sent


async def test_it_closes_in_bounded_time_with_a_full_hand_over(embedded: EmbeddedBroker) -> None:
    async with running(MqttLink(service(embedded, window=5))):
        device = await Device(embedded).connect()
        device.send(*[b"x"] * 100)
        await asyncio.sleep(0.2)
        begun = monotonic()
    assert monotonic() - begun < 10


async def test_a_broker_that_is_away_or_says_no_is_tried_again_without_an_error(embedded: EmbeddedBroker) -> None:
    wrong = service(embedded)
    nobody = MqttLink(Endpoint("127.0.0.1", wrong.port, wrong.client_id, "guessed"), backoff=QUICK)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(nobody.run())
        await until(lambda: sum(embedded.faults.values()) >= 3)
        assert not nobody.connected
        await nobody.close()
        await asyncio.wait_for(task, 5)


async def test_a_cancelled_link_lets_go(embedded: EmbeddedBroker) -> None:
    link = MqttLink(service(embedded))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        await until(lambda: link.connected)
        task.cancel()
    await until(lambda: embedded.connections == 0)


async def test_a_full_hand_over_does_not_grow_with_every_connection(mosquitto: Mosquitto) -> None:
    device = await Device(mosquitto).connect()
    link = MqttLink(service(mosquitto, window=10), backoff=QUICK)
    async with running(link):
        device.send(*[b"%d" % number for number in range(30)])
        await until(lambda: len(link._inbox) >= 10)
        assert link._connection is not None
        link._connection.let_go()
        await until(lambda: not link.connected)
        await asyncio.sleep(0.5)
        assert not link.connected, "nothing is asked for while there is no room"
        got = await collect(link, 10)
        while set(payloads(got)) != {b"%d" % number for number in range(30)}:
            got += await collect(link, 1)
            link.acknowledge(receipts(got))


def test_a_missing_certificate_is_said_when_the_link_is_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        MqttLink(Endpoint("127.0.0.1", 1, "x", "y", tls=Tls(ca=tmp_path / "none.pem")))


def test_the_secret_is_not_in_the_words_of_an_endpoint() -> None:
    assert "geheim" not in repr(Endpoint("127.0.0.1", 1, "x", "geheim"))


def test_the_tries_become_rarer_and_never_fall_together() -> None:
    backoff = Backoff(0.5, 30)
    assert [backoff.delay_s(failures, 1.0) for failures in (0, 1, 2, 6, 7, 900)] == [0.5, 1, 2, 30, 30, 30]
    assert backoff.delay_s(3, 0.0) == backoff.delay_s(3, 1.0) / 2
