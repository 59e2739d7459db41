"""What the link asks of an MQTT client: our own and paho's keep it, at a real Mosquitto in both versions of MQTT, at
the embedded broker, and at one that says what brokers should not."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devices.broker import EmbeddedBroker, TlsListener
from devices.mqtt_frames import Publish
from devices.wire import LinkClient, StockClient, WireClient
from tests.devices.ear import Address, Ear, listening, said_with_everything, speaking, until
from tests.devices.mosquitto import Mosquitto
from tests.devices.raw_mqtt import frame, publish, text
from tests.devices.scripted_broker import PINGREQ, ScriptedBroker, scripted
from tests.devices.test_broker import self_signed

TOPIC = "bedside/v1/ox1/readings"
Kind = type[LinkClient]


@pytest.fixture(params=[WireClient, StockClient], ids=["wire", "paho"])
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path)


@pytest.fixture
def trust(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


@pytest.fixture
def mosquitto(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path, certificate)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
async def embedded(certificate: tuple[Path, Path]) -> AsyncIterator[EmbeddedBroker]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    broker = EmbeddedBroker(
        lambda device_id, secret: secret == f"secret of {device_id}", tls=TlsListener("127.0.0.1", 0, context)
    )
    await broker.start()
    yield broker
    await broker.stop()


@dataclass(frozen=True)
class Place:
    """A broker to be at: our address there, and a device's."""

    server: Address
    device: Address
    tls_port: int


@pytest.fixture(params=["embedded 3.1.1", "mosquitto 3.1.1", "mosquitto 5"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "embedded 3.1.1":
        embedded: EmbeddedBroker = request.getfixturevalue("embedded")
        assert embedded.tls_port
        service = Address(embedded.port, False, embedded.service.client_id, embedded.service.secret)
        return Place(service, Address(embedded.port, False, "ox1", "secret of ox1"), embedded.tls_port)
    mosquitto: Mosquitto = request.getfixturevalue("mosquitto")
    service = Address(mosquitto.port, v5=request.param == "mosquitto 5")
    return Place(service, replace(service, client_id="ox1"), mosquitto.tls_port)


@pytest.fixture(params=[False, True], ids=["3.1.1", "5"])
def v5(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# ── at real brokers ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("qos", [0, 1])
async def test_messages_of_any_size_come_in_order(kind: Kind, place: Place, qos: int) -> None:
    sizes = [0, 1, 90, 91, 127, 128, 5_000, 16_383, 16_384, 60_000] * 5
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]
    async with listening(kind, place.server, settles=True) as ear, speaking(place.device) as device:
        for payload in sent:
            device.client.publish(TOPIC, payload, qos=qos)
        heard = await ear.has(len(sent))
        assert [one.payload for one in heard] == sent
        assert {(one.topic, one.retain) for one in heard} == {(TOPIC, False)}
        assert not qos or all(one.packet_id for one in heard)


async def test_it_publishes_while_it_listens(kind: Kind, place: Place) -> None:
    async with listening(kind, place.server, settles=True) as ear, speaking(place.device) as device:
        for number in range(200):
            device.client.publish(TOPIC, b"%d" % number, qos=1)
            ear.client.publish("bedside/v1/ox1/ack", b"{}", qos=1)
            await asyncio.sleep(0)
        await until(lambda: len(ear.confirmed) == 200)
        await until(lambda: sum(one.topic == TOPIC for one in ear.heard) == 200)


async def test_it_keeps_its_word_over_tls(kind: Kind, place: Place, trust: ssl.SSLContext) -> None:
    secure = replace(place.server, port=place.tls_port, tls=trust)
    sent = [os.urandom(size) for size in (10, 60_000, 3_000, 16_384, 1) * 20]
    async with listening(kind, secure, settles=True) as ear, speaking(place.device) as device:
        for payload in sent:
            device.client.publish(TOPIC, payload, qos=1)
        assert [one.payload for one in await ear.has(len(sent))] == sent
        await until(lambda: len(device.confirmed) == len(sent))


async def test_what_is_small_is_said_at_once(kind: Kind, place: Place, trust: ssl.SSLContext) -> None:
    for server in (place.server, replace(place.server, port=place.tls_port, tls=trust)):
        async with listening(kind, server, settles=True) as ear:
            sock = ear.client.socket()
            assert isinstance(sock, socket.socket)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_broker_of_another_name_is_not_believed(kind: Kind, place: Place) -> None:
    stranger = replace(place.server, port=place.tls_port, tls=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        await Ear(kind, stranger).connect()


async def test_while_it_pauses_it_hears_nothing_and_then_all_of_it(kind: Kind, place: Place) -> None:
    async with listening(kind, place.server, settles=True) as ear, speaking(place.device) as device:
        ear.driver.pause()
        for number in range(300):
            device.client.publish(TOPIC, b"%d" % number, qos=1)
        await asyncio.sleep(0.3)
        assert ear.heard == []
        ear.driver.resume()
        assert [one.payload for one in await ear.has(300)] == [b"%d" % number for number in range(300)]


# ── at a Mosquitto, which keeps a session ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(mosquitto: Mosquitto, v5: bool) -> Address:
    return Address(mosquitto.port, v5)


async def test_nothing_is_acknowledged_but_what_is_told(kind: Kind, kept: Address) -> None:
    async with speaking(replace(kept, client_id="ox1")) as device:
        async with listening(kind, kept) as first:
            for number in range(10):
                device.client.publish(TOPIC, b"%d" % number, qos=1)
            first.puback((await first.has(10))[:4])
            await first.is_read()
            await first.leave()
        async with listening(kind, kept) as second:
            assert [one.payload for one in await second.has(6)] == [b"%d" % number for number in range(4, 10)]
            second.puback(second.heard)
            await second.is_read()
            await second.leave()
        async with listening(kind, kept) as third:
            device.client.publish(TOPIC, b"new", qos=1)
            assert [one.payload for one in await third.has(1)] == [b"new"]


async def test_the_broker_stops_at_the_receive_maximum(kind: Kind, mosquitto: Mosquitto) -> None:
    server = Address(mosquitto.port, v5=True, window=20)
    async with listening(kind, server) as ear, speaking(replace(server, client_id="ox1")) as device:
        for number in range(100):
            device.client.publish(TOPIC, b"%d" % number, qos=1)
        await ear.has(20)
        await asyncio.sleep(0.2)
        assert len(ear.heard) == 20, "more than the window is under way"  # later Mosquitto 2.0.11 is less exact
        ear.acknowledge_all()
        ear.puback(list(ear.heard))
        await ear.has(100)
        assert [one.payload for one in ear.heard] == [b"%d" % number for number in range(100)]


async def test_a_retained_message_says_so(kind: Kind, kept: Address) -> None:
    async with speaking(replace(kept, client_id="ox1")) as device:
        device.client.publish(TOPIC, b"old", qos=1, retain=True)
        await until(lambda: len(device.confirmed) == 1)
        async with listening(kind, kept) as ear:
            assert [(one.payload, one.retain) for one in await ear.has(1)] == [(b"old", True)]


async def test_properties_change_nothing_of_the_message(kind: Kind, mosquitto: Mosquitto) -> None:
    server = Address(mosquitto.port, v5=True)
    async with listening(kind, server) as ear, speaking(replace(server, client_id="ox1")) as device:
        for payload in (b"", b"with all", b"x" * 200):
            device.client.publish(TOPIC, payload, qos=1, properties=said_with_everything())
        device.client.publish(TOPIC, b"without", qos=0)
        assert [one.payload for one in await ear.has(4)] == [b"", b"with all", b"x" * 200, b"without"]


# ── at a broker that says what the test wants ─────────────────────────────────────────────────────────────────────


async def at(kind: Kind, broker: ScriptedBroker, *, v5: bool = False, keep_alive_s: int = 60) -> Ear:
    return await Ear(kind, Address(broker.port, v5, keep_alive_s=keep_alive_s)).connect()


def stream(count: int) -> bytes:
    return b"".join(publish(TOPIC, b"%d" % number * number, mid=number + 1) for number in range(count))


CUTS: dict[str, Callable[[bytes], list[bytes]]] = {
    "at once": lambda raw: [raw],
    "byte by byte": lambda raw: [raw[at : at + 1] for at in range(len(raw))],
    "in pieces of seven": lambda raw: [raw[at : at + 7] for at in range(0, len(raw), 7)],
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
async def test_however_the_bytes_come_the_messages_are_the_same(
    kind: Kind, cut: Callable[[bytes], list[bytes]]
) -> None:
    async with scripted(4) as broker:
        ear = await at(kind, broker)
        await broker.say(*cut(stream(30)))
        assert [(one.payload, one.packet_id) for one in await ear.has(30)] == [
            (b"%d" % number * number, number + 1) for number in range(30)
        ]


async def test_many_are_acknowledged_in_order(kind: Kind, v5: bool) -> None:
    async with scripted(5 if v5 else 4) as broker:
        ear = await at(kind, broker, v5=v5)
        await asyncio.wait_for(broker.accepted.wait(), 5)
        ids = [*range(65_000, 65_536), *range(1, 3_000)]
        ear.client.puback(ids)
        expected = b"".join(b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in ids)
        await until(lambda: len(broker.heard) >= len(expected))
        assert bytes(broker.heard) == expected


BREACHES = {
    "QoS 3": frame(0x36, text(TOPIC) + b"\0\1"),
    "a length of five digits": b"\x30\x80\x80\x80\x80\x01",
    "a topic beyond its packet": frame(0x30, b"\0\xffshort"),
    "no packet id": frame(0x32, text(TOPIC)),
    "a packet of no kind": frame(0xF0, b""),
    "a ping that says something": frame(0xD0, b"x"),
    "half a SUBACK": frame(0x90, b"\0"),
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES)
async def test_a_breach_of_the_protocol_ends_the_connection_after_what_came_before(
    kind: Kind, breach: bytes, v5: bool
) -> None:
    async with scripted(5 if v5 else 4) as broker:
        ear = await at(kind, broker, v5=v5)
        await until(ear.client.is_connected)
        head = publish(TOPIC, (b"\0" if v5 else b"") + b"before", qos=0)
        await broker.say(head + breach + bytes(8))
        await asyncio.wait_for(ear.ended.wait(), 10)
        assert ear.payloads() == [b"before"]
        assert ear.client.socket() is None


async def test_a_broker_that_hangs_up_or_takes_its_leave_has_said_what_it_said(kind: Kind, v5: bool) -> None:
    leave = frame(0xE0, b"\x8b\0") if v5 else b""  # MQTT 5: the server shuts down
    async with scripted(5 if v5 else 4) as broker:
        ear = await at(kind, broker, v5=v5)
        await broker.say(publish(TOPIC, (b"\0" if v5 else b"") + b"last words") + leave)
        broker.hang_up()
        await asyncio.wait_for(ear.ended.wait(), 10)
        assert ear.payloads() == [b"last words"]


async def test_half_a_packet_of_one_connection_is_nothing_in_the_next(kind: Kind) -> None:
    async with scripted(4) as broker:
        ear = await at(kind, broker)
        await broker.say(publish(TOPIC, b"x" * 500)[:250])
        await asyncio.sleep(0.1)
        broker.hang_up()
        await asyncio.wait_for(ear.ended.wait(), 10)
        await ear.connect()
        await broker.say(publish(TOPIC, b"whole"))
        assert [one.payload for one in await ear.has(1)] == [b"whole"]


async def test_it_asks_whether_the_broker_is_there_and_goes_if_it_is_not(kind: Kind) -> None:
    async with scripted(4, answers_pings=False) as broker:
        ear = await at(kind, broker, keep_alive_s=1)
        await asyncio.wait_for(ear.ended.wait(), 20)
        assert PINGREQ in broker.heard


async def test_it_stays_where_pings_are_answered_also_while_it_pauses(kind: Kind) -> None:
    async with scripted(4) as broker:
        ear = await at(kind, broker, keep_alive_s=1)
        await until(lambda: broker.heard.count(PINGREQ) == 2)
        ear.driver.pause()
        await until(lambda: broker.heard.count(PINGREQ) == 5)
        ear.driver.resume()
        await until(lambda: broker.heard.count(PINGREQ) == 7)
        assert not ear.ended.is_set()
        assert broker.connections == 1


async def test_one_that_is_not_let_in_says_why(kind: Kind, embedded: EmbeddedBroker) -> None:
    ear = await Ear(kind, Address(embedded.port, False, "ox1", "guessed")).connect()
    await asyncio.wait_for(ear.ended.wait(), 10)
    assert ear.refused in (["Not authorized"], ["Bad user name or password"])


async def test_where_there_is_no_broker_it_says_so(kind: Kind) -> None:
    async with scripted(4) as broker:
        port = broker.port
    with pytest.raises(OSError, match="refused"):
        await Ear(kind, Address(port, v5=False)).connect()


async def test_what_is_let_go_while_it_connects_closes_as_soon_as_it_is_there(kind: Kind) -> None:
    async with scripted(4) as broker:
        ear = Ear(kind, Address(broker.port, v5=False))
        async with asyncio.TaskGroup() as group:
            connecting = group.create_task(ear.driver.connect())
            await asyncio.sleep(0)
            ear.driver.let_go()
            await connecting
        await until(lambda: ear.client.socket() is None)


async def test_an_error_of_ours_ends_the_connection_and_is_not_asked_again(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Sequence[Publish]) -> None:
        raise LookupError("ours")

    async with scripted(4) as broker:
        ear = await at(kind, broker)
        ear.client.listen(fail)
        await broker.say(publish(TOPIC))
        await asyncio.wait_for(ear.ended.wait(), 10)
    assert "ours" in caplog.text
