"""The embedded broker under attack: judged by what is delivered to the server, and by who is still connected."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from devices import broker_session
from devices.broker import BrokerError, EmbeddedBroker, TlsListener
from devices.broker_frames import Fault
from devices.broker_session import GuardLimits
from server.doorway import doorways
from tests.devices import raw_mqtt
from tests.devices.raw_mqtt import ACCEPTED, GOODBYE, RawClient

REVOKED: set[str] = set()
LIMITS = GuardLimits(connect_s=0.3, close_s=1.0, drain_s=0.5)


def check(device_id: str, secret: str) -> bool:
    return secret == f"secret of {device_id}" and device_id not in REVOKED


@asynccontextmanager
async def running(**options: object) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(check, **{"limits": LIMITS, **options})  # type: ignore[arg-type]
    REVOKED.clear()
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    async with running() as broker:
        yield broker


class Server(RawClient):
    """The server's own client, subscribed to everything; it takes what is delivered as (topic, payload, flags)."""

    @classmethod
    async def listen(cls, broker: EmbeddedBroker) -> "Server":
        client = await cls.open(broker.port, raw_mqtt.connect(broker.service.client_id, broker.service.secret))
        assert await client.read(4) == ACCEPTED
        client.send(raw_mqtt.subscribe("bedside/v1/#", qos=0))
        assert await client.read(5) == bytes.fromhex("9003000900")
        return cls(client.reader, client.writer)

    async def delivered(self) -> tuple[str, bytes, int]:
        first = (await self.read(1))[0]
        length, shift = 0, 0
        while True:
            digit = (await self.read(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
        body = await self.read(length)
        end = 2 + int.from_bytes(body[:2], "big")
        packet_id = 2 if first & 0x06 else 0
        return body[2:end].decode(), body[end + packet_id :], first & 0x0F

    async def hears_nothing_but(self, witness: RawClient, witness_id: str) -> None:
        """An honest device's message, sent after the attack, is the next thing that arrives."""
        witness.send(raw_mqtt.publish(f"bedside/v1/{witness_id}/readings", b"honest"))
        assert await self.delivered() == (f"bedside/v1/{witness_id}/readings", b"honest", 0)


@pytest.fixture
async def server(broker: EmbeddedBroker) -> AsyncIterator[Server]:
    server = await Server.listen(broker)
    yield server
    await server.close()


@pytest.fixture
async def witness(broker: EmbeddedBroker) -> AsyncIterator[RawClient]:
    client = await RawClient.device(broker.port, "witness")
    yield client
    await client.close()


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)


# ── who is let in ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "reply", "fault"),
    [
        (raw_mqtt.connect("ox1", "secret of ox1", level=5), "2003008400", Fault.PROTOCOL_LEVEL),
        (raw_mqtt.connect("ox1", "secret of ox1", level=3), "20020001", Fault.PROTOCOL_LEVEL),
        (raw_mqtt.connect("ox1", "guessed"), "20020004", Fault.CREDENTIAL),
        (raw_mqtt.connect("stranger", ""), "20020004", Fault.CREDENTIAL),
        (raw_mqtt.connect("bedside-server", "secret of bedside-server"), "20020004", Fault.CREDENTIAL),
        (raw_mqtt.connect("ox2", "secret of ox1", user="ox1"), "20020002", Fault.CLIENT_ID),
        (raw_mqtt.connect("a/b", "secret of a/b"), "20020002", Fault.CLIENT_ID),
        (raw_mqtt.connect("ox1", "secret of ox1", will="bedside/v1/ox2/status"), "20020005", Fault.WILL_TOPIC),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", Fault.NOT_MQTT),
        (b"\x16\x03\x01\x02\x00", "", Fault.NOT_MQTT),
        (b"\x30\x02\x00\x00", "", Fault.NOT_MQTT),
        (b"\x10\xff\xff\xff\xff\x7f", "", Fault.TOO_LARGE),
        (b"\x10\x80\x80\x80\x80\x00", "", Fault.MALFORMED),
        (raw_mqtt.connect("ox1", "secret of ox1")[:9], "", Fault.TOO_SLOW),
        (b"", "", Fault.TOO_SLOW),
    ],
)
async def test_a_connect_that_may_not_is_refused_by_name_and_closed(
    broker: EmbeddedBroker, first: bytes, reply: str, fault: Fault
) -> None:
    client = await RawClient.open(broker.port, first)
    assert (await client.rest()).hex() == reply
    await until(lambda: broker.faults[fault] == 1)
    assert broker.connections == 0


async def test_more_half_connects_than_allowed_are_closed_at_once_and_devices_still_get_in() -> None:
    async with running(limits=GuardLimits(connect_s=1.0, pending=3)) as broker:
        idle = [await RawClient.open(broker.port) for _ in range(3)]
        await asyncio.sleep(0.05)
        turned_away = await RawClient.open(broker.port)
        assert await turned_away.rest(within_s=20.0) == b""
        assert broker.faults[Fault.TOO_MANY] == 1
        for client in idle:
            await client.rest()
        await RawClient.device(broker.port, "ox1")


async def test_who_holds_every_place_on_the_threshold_keeps_no_device_of_another_address_out(tmp_path: Path) -> None:
    """Before the TLS handshake and after it."""
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trust = ssl.create_default_context(cafile=certificate)
    tls = TlsListener("127.0.0.1", 0, context, opened=doorways)
    async with running(limits=GuardLimits(connect_s=30.0, pending=4), tls=tls) as broker:
        assert broker.tls_port
        silent = [await RawClient.open(broker.tls_port) for _ in range(3)]
        agreed = await tls_connected(broker, trust, b"")
        turned_away = await RawClient.open(broker.tls_port)
        assert await turned_away.rest() == b""
        streams = await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=trust, local_addr=("127.0.0.2", 0))
        device = RawClient(*streams)
        device.send(raw_mqtt.connect("ox1", "secret of ox1"))
        assert await device.read(4) == ACCEPTED
        assert broker.faults[Fault.TOO_MANY] == 1
        assert await agreed.rest() == b""
        assert await device.alive()
        for client in silent:
            await client.close()


async def test_a_check_that_fails_lets_nobody_in() -> None:
    def broken(_: str, __: str) -> bool:
        raise RuntimeError("no snapshot yet")

    broker = EmbeddedBroker(broken)
    await broker.start()
    try:
        client = await RawClient.open(broker.port, raw_mqtt.connect("ox1", "secret of ox1"))
        assert await client.rest() == b""
        assert broker.connections == 0
    finally:
        await broker.stop()


# ── what is delivered ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        (raw_mqtt.publish("bedside/v1/witness/readings"), Fault.FOREIGN_TOPIC),
        (raw_mqtt.publish("bedside/v1/intruder/ack"), Fault.FOREIGN_TOPIC),
        (raw_mqtt.publish("bedside/v1/witness/ack", qos=0), Fault.FOREIGN_TOPIC),
        (raw_mqtt.publish("bedside/v1/+/readings"), Fault.BAD_TOPIC),
        (raw_mqtt.publish("bedside/v1/intruder/#", qos=0), Fault.BAD_TOPIC),
        (raw_mqtt.publish(b"bedside/v1/intruder/\xff\xfe"), Fault.BAD_UTF8),
        (raw_mqtt.publish(b"bedside/v1/intruder/\0"), Fault.BAD_UTF8),
        (raw_mqtt.publish("bedside/v1/intruder/readings", b"x" * (1 << 20)), Fault.TOO_LARGE),
        (raw_mqtt.publish("bedside/v1/intruder/readings", qos=2), Fault.QOS_2),
        (raw_mqtt.frame(0x32, b"\xff\xffbedside"), Fault.OVERRUN),
        (b"\x32\xff\xff\xff\xff\x01", Fault.TOO_LARGE),
        (raw_mqtt.connect("intruder", "secret of intruder"), Fault.UNEXPECTED_PACKET),
        (raw_mqtt.frame(0x82, b"\0\x01"), Fault.MALFORMED),
    ],
)
async def test_an_attack_is_not_delivered_and_closes_its_connection(
    broker: EmbeddedBroker, server: Server, witness: RawClient, attack: bytes, fault: Fault
) -> None:
    intruder = await RawClient.device(broker.port, "intruder")
    intruder.send(attack)
    assert await intruder.rest() == b""
    await until(lambda: broker.faults == {fault: 1})
    await server.hears_nothing_but(witness, "witness")


async def test_the_largest_frame_that_is_allowed_is_delivered(broker: EmbeddedBroker, server: Server) -> None:
    device = await RawClient.device(broker.port, "ox1")
    payload = b"x" * (LIMITS.frame_bytes - 100)
    device.send(raw_mqtt.publish("bedside/v1/ox1/readings", payload))
    assert (await server.delivered())[1] == payload


async def test_a_device_that_subscribes_to_anothers_branch_hears_nothing_of_it(
    broker: EmbeddedBroker, server: Server, witness: RawClient
) -> None:
    intruder = await RawClient.device(broker.port, "intruder")
    for topic in ("#", "bedside/v1/#", "bedside/v1/+/ack", "bedside/v1/witness/ack", "bedside/v1/witness/readings"):
        intruder.send(raw_mqtt.subscribe(topic))
        assert await intruder.read(5) == bytes.fromhex("9003000980")
    server.send(raw_mqtt.publish("bedside/v1/witness/ack", qos=0))
    await server.delivered()
    await server.hears_nothing_but(witness, "witness")
    assert await intruder.alive()


async def test_what_reaches_nobody_while_the_server_is_away_is_counted(broker: EmbeddedBroker, server: Server) -> None:
    device = await RawClient.device(broker.port, "ox1")
    device.send(raw_mqtt.publish("bedside/v1/ox1/readings"))
    await server.delivered()
    await server.close()
    async with asyncio.timeout(5):
        while not broker.unheard:
            device.send(raw_mqtt.publish("bedside/v1/ox1/readings"))
            await asyncio.sleep(0.05)
    counted = broker.unheard
    again = await Server.listen(broker)
    await again.hears_nothing_but(device, "ox1")
    assert broker.unheard == counted
    await again.close()


async def test_a_device_hears_its_own_receipts(broker: EmbeddedBroker, server: Server) -> None:
    device = await RawClient.device(broker.port, "ox1")
    device.send(raw_mqtt.subscribe("bedside/v1/ox1/ack", qos=0))
    assert await device.read(5) == bytes.fromhex("9003000900")
    server.send(raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0))
    expected = raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0)
    assert await device.read(len(expected)) == expected


@pytest.mark.parametrize("topic", ["bedside/v1/ox1/readings", "bedside/v1/ox1/status"])
async def test_what_asks_to_be_retained_is_delivered_once_and_kept_from_everyone_after(
    broker: EmbeddedBroker, server: Server, topic: str
) -> None:
    device = await RawClient.device(broker.port, "ox1")
    device.send(raw_mqtt.publish(topic, b"once", retain=True))
    assert await server.delivered() == (topic, b"once", 0)
    later = await RawClient.device(broker.port, "ox2")
    assert await later.alive()  # the answer to the ping is the first thing that it hears
    await server.close()
    await until(lambda: broker.connections == 2)
    again = await Server.listen(broker)
    await again.hears_nothing_but(later, "ox2")


async def test_the_will_of_a_device_that_goes_without_a_word_is_delivered_on_its_status(
    broker: EmbeddedBroker, server: Server
) -> None:
    topic = "bedside/v1/ox1/status"
    device = await RawClient.open(broker.port, raw_mqtt.connect("ox1", "secret of ox1", will=topic))
    assert await device.read(4) == ACCEPTED
    await device.close()
    assert (await server.delivered())[:2] == (topic, b"gone")
    later = await RawClient.device(broker.port, "ox2")
    assert await later.alive()  # nothing of it was retained, and shown to a stranger


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_a_device_that_says_goodbye_has_no_will(
    broker: EmbeddedBroker, server: Server, witness: RawClient, hangs_up: bool
) -> None:
    device = await RawClient.open(broker.port, raw_mqtt.connect("ox1", "secret of ox1", will="bedside/v1/ox1/status"))
    device.send(GOODBYE)
    if hangs_up:
        device.writer.close()
    assert await device.rest() in {ACCEPTED, b""}
    await until(lambda: broker.connections == 2)
    await server.hears_nothing_but(witness, "witness")


async def test_a_goodbye_is_heard_though_its_sender_hangs_up_on_an_answer(
    broker: EmbeddedBroker, server: Server, witness: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that is closed with something unread is reset: the goodbye came before that."""
    monkeypatch.setattr(broker_session, "SETTLE_S", 0.3)
    with socket.create_connection(("127.0.0.1", broker.port)) as device:
        device.send(raw_mqtt.connect("ox1", "secret of ox1", will="bedside/v1/ox1/status"))
        await until(lambda: len(device.recv(4, socket.MSG_PEEK)) == 4)
        device.send(GOODBYE)
    await until(lambda: broker.connections == 2)
    await server.hears_nothing_but(witness, "witness")


async def test_a_session_that_asks_to_be_kept_is_told_that_it_was_not(broker: EmbeddedBroker) -> None:
    for _ in range(2):
        device = await RawClient.open(broker.port, raw_mqtt.connect("ox1", "secret of ox1", clean=False))
        assert await device.read(4) == ACCEPTED  # session present: 0
        await device.close()
        await until(lambda: broker.connections == 0)


# ── who stays in ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "attempt",
    [
        raw_mqtt.connect("ox1", "guessed"),
        raw_mqtt.connect("ox1", "secret of ox2", user="ox2"),
        raw_mqtt.connect("ox1", "secret of ox1", level=5),
        raw_mqtt.connect("ox1", "guessed", clean=False),
    ],
)
async def test_a_failed_takeover_does_nothing_to_its_victim(
    broker: EmbeddedBroker, server: Server, attempt: bytes
) -> None:
    victim = await RawClient.device(broker.port, "ox1")
    victim.send(raw_mqtt.subscribe("bedside/v1/ox1/ack", qos=0))
    await victim.read(5)
    await (await RawClient.open(broker.port, attempt)).rest()
    assert await victim.alive()
    await server.hears_nothing_but(victim, "ox1")
    assert await victim.read(4) == bytes.fromhex("40020007")
    server.send(raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0))
    assert await victim.read(24) == raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0)


async def test_a_device_that_comes_again_takes_its_session_over_whole(broker: EmbeddedBroker, server: Server) -> None:
    older = await RawClient.device(broker.port, "ox1")
    older.send(raw_mqtt.subscribe("bedside/v1/ox1/ack", qos=0))
    await older.read(5)
    newer = await RawClient.device(broker.port, "ox1")
    newer.send(raw_mqtt.subscribe("bedside/v1/ox1/ack", qos=0))
    assert await newer.read(5) == bytes.fromhex("9003000900")
    assert await older.rest() == b""
    server.send(raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0))
    assert await newer.read(24) == raw_mqtt.publish("bedside/v1/ox1/ack", b"12", qos=0)
    await server.delivered()
    await server.hears_nothing_but(newer, "ox1")
    await until(lambda: (broker.connections, broker.faults) == (2, {Fault.TAKEN_OVER: 1}))


async def test_twenty_that_come_at_once_with_one_name_leave_one(broker: EmbeddedBroker) -> None:
    hello = raw_mqtt.connect("ox1", "secret of ox1")
    clients = [await RawClient.open(broker.port, hello) for _ in range(20)]
    await until(lambda: broker.faults[Fault.TAKEN_OVER] == 19)
    assert broker.connections == 1
    for client in clients:
        await client.close()


async def test_a_revoked_device_is_cut_at_once_and_what_it_still_sends_is_not_delivered(
    broker: EmbeddedBroker, server: Server, witness: RawClient
) -> None:
    device = await RawClient.device(broker.port, "ox1")
    REVOKED.add("ox1")
    begun = monotonic()
    thread = threading.Thread(target=broker.revoke, args=("ox1",))
    thread.start()
    thread.join()
    assert await device.rest() == b""
    assert monotonic() - begun < 5.0
    device.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"late"))
    refused = await RawClient.open(broker.port, raw_mqtt.connect("ox1", "secret of ox1"))
    assert (await refused.rest()).hex() == "20020004"
    await server.hears_nothing_but(witness, "witness")


async def test_a_device_that_falls_silent_is_reaped_after_one_and_a_half_keep_alives(
    broker: EmbeddedBroker, witness: RawClient
) -> None:
    silent = await RawClient.device(broker.port, "ox1", keep_alive_s=1)
    begun = monotonic()
    assert await silent.rest() == b""
    assert 1.4 < monotonic() - begun < 10
    await until(lambda: broker.faults == {Fault.SILENT: 1})
    assert await witness.alive()


async def test_a_device_that_pings_in_time_stays(broker: EmbeddedBroker) -> None:
    device = await RawClient.device(broker.port, "ox1", keep_alive_s=1)
    for _ in range(4):
        await asyncio.sleep(0.6)
        assert await device.alive()


async def test_a_frame_that_trickles_in_is_not_waited_for() -> None:
    async with running(limits=GuardLimits(frame_s=0.2)) as broker:
        device = await RawClient.device(broker.port, "ox1", keep_alive_s=600)
        device.send(raw_mqtt.publish("bedside/v1/ox1/readings")[:5])
        assert await device.rest() == b""
        await until(lambda: broker.faults == {Fault.TOO_SLOW: 1})


async def test_a_device_that_floods_is_slowed_down_and_loses_nothing() -> None:
    async with running(limits=GuardLimits(frames_per_s=100, frames_burst=10)) as broker:
        server = await Server.listen(broker)
        device = await RawClient.device(broker.port, "ox1")
        begun = monotonic()
        for number in range(60):
            device.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"%d" % number, qos=0))
        assert [(await server.delivered())[1] for _ in range(60)] == [b"%d" % number for number in range(60)]
        assert monotonic() - begun > 0.4


# ── its own life ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_taken_port_is_said_at_the_start() -> None:
    async with running() as first:
        second = EmbeddedBroker(check, port=first.port)
        with pytest.raises(BrokerError, match="in use"):
            await second.start()


async def test_it_stops_in_bounded_time_with_clients_connected_and_starts_again_on_its_port() -> None:
    broker = EmbeddedBroker(check)
    await broker.start()
    port = broker.port
    clients = [await RawClient.device(port, f"ox{number}") for number in range(30)]
    half = await RawClient.open(port, b"\x10")
    await asyncio.sleep(0.05)  # it is in
    begun = monotonic()
    await broker.stop()
    assert monotonic() - begun < 10
    assert [await client.rest() for client in [*clients, half]] == [b""] * 31
    await broker.start()
    assert broker.port == port
    await RawClient.device(port, "ox1")
    await broker.stop()


async def test_its_supervisor_hears_that_it_ended_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = EmbeddedBroker(check)
    await broker.start()

    async def dies(_: object) -> None:
        raise OSError("the loop is gone")

    assert broker._stop is not None
    monkeypatch.setattr("devices.broker_gate.Gate.close", dies)
    broker._in_loop(broker._stop.set)
    with pytest.raises(BrokerError, match="by itself"):
        await asyncio.wait_for(broker.run(), 5)


async def tls_connected(broker: EmbeddedBroker, trust: ssl.SSLContext, first: bytes) -> RawClient:
    assert broker.tls_port
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=trust)
    writer.write(first)
    return RawClient(reader, writer)


async def test_over_tls_the_same_rules_hold(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trust = ssl.create_default_context(cafile=certificate)
    async with running(tls=TlsListener("127.0.0.1", 0, context)) as broker:
        server = await Server.listen(broker)
        device = await tls_connected(broker, trust, raw_mqtt.connect("ox1", "secret of ox1"))
        assert await device.read(4) == ACCEPTED
        await server.hears_nothing_but(device, "ox1")
        wrong = await tls_connected(broker, trust, raw_mqtt.connect("ox1", "guessed"))
        assert (await wrong.rest()).hex() == "20020004"
        broker.revoke("ox1")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await device.read(100)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"
