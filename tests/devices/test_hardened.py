"""Mosquitto with the files of deploy/, attacked by a device that was let in and by strangers. Judged by what arrives:
Mosquitto answers a forbidden QoS 1 message with a PUBACK, and delivers it to nobody."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

import pytest
from paho.mqtt.client import topic_matches_sub

from devices.arrivals import Arrival
from devices.codecs import CODECS, WAVES
from devices.dynsec_link import Dynsec
from devices.mqtt import MqttLink
from devices.mqtt_endpoint import Backoff, Endpoint
from devices.topics import in_format
from tests.devices import raw_mqtt
from tests.devices.hardened import DEPLOY, SERVER, Hardened, Kept, devices
from tests.devices.raw_mqtt import RawClient
from tests.devices.test_mqtt import running

SECRETS = {"ox1": "secret of ox1", "ox2": "secret of ox2"}
WILL_S = 0.2
TOPICS = ("$SYS/broker/publish/messages/dropped",)
QUICK = Backoff(0.05, 0.2)


@pytest.fixture(scope="module", params=Kept)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardened]:
    made = Hardened(tmp_path_factory.mktemp("mosquitto"), request.param, SECRETS)
    made.start()
    if request.param is Kept.DYNSEC:
        asyncio.run(registered(made))
    yield made
    made.kill()


async def registered(broker: Hardened) -> None:
    accounts = Dynsec(broker.registry, SERVER)
    await accounts.reconcile(devices(*SECRETS))
    for device, secret in SECRETS.items():
        await accounts.admit(device, secret)


@pytest.fixture
async def server(broker: Hardened) -> AsyncIterator[MqttLink]:
    async with running(MqttLink(as_server(broker), backoff=QUICK)) as link:
        yield link


def as_server(broker: Hardened) -> Endpoint:
    return Endpoint("127.0.0.1", broker.port, SERVER.username, SERVER.password, persistent=True)


async def heard(link: MqttLink, last: bytes) -> list[Arrival]:
    """What comes before the message that says ``last``; everything is acknowledged."""
    found: list[Arrival] = []
    async with asyncio.timeout(10):
        while not found or found[-1].payload != last:
            some = await link.arrivals(0, 100)
            link.acknowledge([arrival.receipt for arrival in some])
            found += some
    return found[:-1]


async def says(link: MqttLink, client: RawClient, *frames: bytes, name: str = "ox1") -> list[Arrival]:
    """What arrives of these frames: a message of its own comes behind them on the same connection."""
    last = token_bytes()
    for frame in (*frames, raw_mqtt.publish(f"bedside/v1/{name}/readings", last, mid=8)):
        client.send(frame)
    return await heard(link, last)


async def device(broker: Hardened, name: str = "ox1") -> RawClient:
    return await RawClient.device(broker.port, name, secret=SECRETS[name])


@pytest.mark.parametrize("channel", ["readings", "readings/fhir", "gatt/2a5f", "wave/ecg_ii", "sparkplug", "status"])
async def test_a_device_speaks_on_its_branch(broker: Hardened, server: MqttLink, channel: str) -> None:
    ox1 = await device(broker)
    arrived = await says(server, ox1, raw_mqtt.publish(f"bedside/v1/ox1/{channel}", b"mine"))
    assert [(a.topic, a.payload) for a in arrived] == [(f"bedside/v1/ox1/{channel}", b"mine")]
    await ox1.close()


@pytest.mark.parametrize("format_", [*CODECS, *WAVES, "gateway/a/b", "status"])
def test_the_list_of_rights_knows_every_format_that_is_read(format_: str) -> None:
    """What Mosquitto does not know there it acknowledges, and throws away."""
    shipped = (DEPLOY / "bedside.acl").read_text().replace("%u", "ox1")
    allowed = [line.split()[2] for line in shipped.splitlines() if line.startswith("pattern write")]
    assert any(topic_matches_sub(pattern, in_format("ox1", format_)) for pattern in allowed)


FOREIGN = (
    "bedside/v1/ox2/readings",
    "bedside/v1/ox1/ack",
    "bedside/v1/ox1/command",
    "bedside/v1/ox2/ack",
    "bedside/v1/readings",
    "bedside/v1",
    "elsewhere",
    "$SYS/broker/uptime",
    "$CONTROL/dynamic-security/v1",
)


@pytest.mark.parametrize("topic", FOREIGN)
async def test_what_it_says_elsewhere_arrives_nowhere(broker: Hardened, server: MqttLink, topic: str) -> None:
    ox1, victim = await device(broker), await device(broker, "ox2")
    victim.send(raw_mqtt.subscribe("bedside/v1/ox2/ack"))
    await victim.read(5)
    assert not await says(server, ox1, raw_mqtt.publish(topic, b"forged"))
    assert await victim.alive()  # a ping's answer is the next it hears
    await ox1.close()
    await victim.close()


@pytest.mark.parametrize("client_id", ["a/b", "ox2", "bedside-server", "#", "+", "ox2/readings", ""])
async def test_whatever_it_calls_itself_it_is_who_its_secret_says(
    broker: Hardened, server: MqttLink, client_id: str
) -> None:
    """``a/b`` may speak on no branch ``a``, and nobody takes another's session."""
    victim = await device(broker, "ox2")
    ox1 = await RawClient.open(broker.port, raw_mqtt.connect(client_id, SECRETS["ox1"], user="ox1"))
    if await ox1.read(4) == raw_mqtt.ACCEPTED:
        branches = {"ox2", client_id} - {"#", "+", ""}
        forged = [raw_mqtt.publish(f"bedside/v1/{branch}/readings", b"forged") for branch in branches]
        assert not await says(server, ox1, *forged)
    assert await victim.alive()
    assert server.connected
    await ox1.close()
    await victim.close()


@pytest.mark.parametrize("user", ["a/b", "ox1/x", "#", "+", "%u", "ox9", ""])
async def test_a_name_that_is_no_devices_is_not_let_in(broker: Hardened, user: str) -> None:
    stranger = await RawClient.open(broker.port, raw_mqtt.connect("ox1", SECRETS["ox1"], user=user))
    assert await stranger.rest() != raw_mqtt.ACCEPTED


async def test_nobody_enters_without_a_name_or_with_a_wrong_secret(broker: Hardened) -> None:
    nameless = raw_mqtt.frame(0x10, raw_mqtt.text("MQTT") + bytes([4, 2, 0, 30]) + raw_mqtt.text("ox1"))
    for connect in (nameless, raw_mqtt.connect("ox1", SECRETS["ox2"]), raw_mqtt.connect("bedside-server", "")):
        stranger = await RawClient.open(broker.port, connect)
        assert await stranger.rest() != raw_mqtt.ACCEPTED


@pytest.mark.parametrize(
    "wanted",
    ["#", "+/+/+/+", "bedside/#", "bedside/v1/+/ack", "bedside/v1/ox1/#", "bedside/v1/ox2/ack", "$SYS/#",
     "bedside/v1/ox1/readings", "$share/all/bedside/v1/#"],
)  # fmt: skip
async def test_it_hears_its_own_acknowledgements_whatever_it_asks_for(
    broker: Hardened, server: MqttLink, wanted: str
) -> None:
    spy, victim = await device(broker), await device(broker, "ox2")
    spy.send(raw_mqtt.subscribe(wanted))
    await spy.read(5)
    server.publish_ack("ox2", "e", 1)
    private, forgotten = (raw_mqtt.publish("bedside/v1/ox2/status", said, retain=True) for said in (b"private", b""))
    assert len(await says(server, victim, private, forgotten, name="ox2")) == 2
    assert await spy.alive()  # nothing came before the ping's answer
    await spy.close()
    await victim.close()


async def test_its_own_acknowledgement_reaches_it(broker: Hardened, server: MqttLink) -> None:
    ox1 = await device(broker)
    ox1.send(raw_mqtt.subscribe("bedside/v1/ox1/ack"))
    assert (await ox1.read(5))[-1] == 1
    server.publish_ack("ox1", "e1", 7)
    said = await ox1.read(2)
    assert b'"seq":7' in await ox1.read(said[1])
    await ox1.close()


async def test_a_retained_reading_is_marked_as_somebodys_past(broker: Hardened, server: MqttLink) -> None:
    """To who subscribes later; what is retained under a foreign name is retained nowhere."""
    ox1 = await device(broker)
    topics = ("bedside/v1/ox1/status", "bedside/v1/ox2/status", "bedside/v1/ox1/ack")
    first = await says(server, ox1, *(raw_mqtt.publish(topic, b"old", retain=True) for topic in topics))
    assert [(a.topic, a.retained) for a in first] == [("bedside/v1/ox1/status", False)]
    await server.close()
    async with running(MqttLink(as_server(broker), backoff=QUICK)) as later:
        again = await says(later, ox1)
        assert [(a.topic, a.retained) for a in again] == [("bedside/v1/ox1/status", True)]
        await says(later, ox1, raw_mqtt.publish("bedside/v1/ox1/status", b"", retain=True))
    await ox1.close()


@pytest.mark.parametrize(("will", "said"), [("bedside/v1/ox1/status", True), ("bedside/v1/ox2/status", False)])
async def test_a_will_speaks_on_the_own_branch_or_not_at_all(
    broker: Hardened, server: MqttLink, will: str, said: bool
) -> None:
    dying = await RawClient.open(broker.port, raw_mqtt.connect("ox1", SECRETS["ox1"], will=will))
    await dying.read(4)
    await dying.close()
    await asyncio.sleep(WILL_S)
    ox2 = await device(broker, "ox2")
    assert bool(await says(server, ox2, name="ox2")) is said
    await ox2.close()
    ox1 = await device(broker)
    await says(server, ox1, raw_mqtt.publish("bedside/v1/ox1/status", b"", retain=True))
    await ox1.close()


async def test_the_server_hears_what_the_broker_counts_and_no_device_does(broker: Hardened, server: MqttLink) -> None:
    """Under $SYS; the rest of what arrives is what devices say."""
    await server.close()
    heard_news: list[str] = []
    link = MqttLink(replace(as_server(broker), news=("$SYS/broker/version", "$SYS/other")), backoff=QUICK)
    link.news = lambda topic, _payload: heard_news.append(topic)
    async with running(link) as listening:
        ox1 = await device(broker)
        arrived = await says(listening, ox1, raw_mqtt.publish("bedside/v1/ox1/readings", b"mine"))
        assert [arrival.payload for arrival in arrived] == [b"mine"]
        assert heard_news == ["$SYS/broker/version"]
        await ox1.close()


async def test_a_broker_without_room_says_how_many_it_dropped(tmp_path: Path) -> None:
    made = Hardened(tmp_path, Kept.FILES, SECRETS)
    made.change(("max_queued_messages 100000", "max_queued_messages 10"), ("sys_interval 10", "sys_interval 1"))
    made.start()
    async with running(MqttLink(as_server(made))):
        pass
    ox1 = await device(made)
    for mid in range(1, 1101):  # a window of a thousand, ten in the queue, and ninety too many
        ox1.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"x", mid=mid))
    await ox1.read(4 * 1100)
    counts: list[tuple[str, bytes]] = []
    link = MqttLink(replace(as_server(made), news=TOPICS), backoff=QUICK)
    link.news = lambda topic, payload: counts.append((topic, payload))
    async with running(link):
        async with asyncio.timeout(10):
            while not counts or counts[-1][1] == b"0":  # as it was before, until it says the next
                with suppress(TimeoutError):
                    arrived = await asyncio.wait_for(link.arrivals(0, 100), 0.1)
                    link.acknowledge([arrival.receipt for arrival in arrived])
    assert 0 < int(counts[-1][1]) <= 1090
    made.kill()


async def test_qos_2_and_a_packet_too_large_end_their_connection_alone(broker: Hardened, server: MqttLink) -> None:
    for wrong in (
        raw_mqtt.publish("bedside/v1/ox1/readings", b"x", qos=2),
        raw_mqtt.publish("bedside/v1/ox1/readings", b"x" * 270_000),
    ):
        ox1 = await device(broker)
        ox1.send(wrong)
        await ox1.rest()
    ox1 = await device(broker)
    arrived = await says(server, ox1, raw_mqtt.publish("bedside/v1/ox1/readings", b"x" * 250_000))
    assert [len(arrival.payload) for arrival in arrived] == [250_000]
    await ox1.close()


async def test_the_network_is_spoken_to_in_tls_alone(broker: Hardened, server: MqttLink) -> None:
    trust = ssl.create_default_context(cafile=broker.certificate)
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=trust)
    ox1 = RawClient(reader, writer)
    ox1.send(raw_mqtt.connect("ox1", SECRETS["ox1"]))
    assert await ox1.read(4) == raw_mqtt.ACCEPTED
    assert not await says(server, ox1)
    await ox1.close()
    plain = await RawClient.open(broker.tls_port, raw_mqtt.connect("ox1", SECRETS["ox1"]))
    assert raw_mqtt.ACCEPTED not in await plain.rest()


async def test_what_it_keeps_for_the_server_survives_its_restart(tmp_path: Path) -> None:
    made = Hardened(tmp_path, Kept.FILES, SECRETS)
    made.start()
    async with running(MqttLink(as_server(made))):
        pass
    ox1 = await device(made)
    ox1.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"kept"))
    assert await ox1.read(4)
    made.stop()
    made.start()
    async with running(MqttLink(as_server(made), backoff=QUICK)) as again:
        assert not await heard(again, b"kept")
    made.kill()
