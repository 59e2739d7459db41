"""Mosquitto with the listener of deploy/ for certificates: who is let in, as whom, and what is left to one that was
revoked. Judged by what arrives."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from devices.arrivals import Arrival
from devices.dynsec_link import Dynsec
from devices.mqtt import MqttLink
from tests.devices import raw_mqtt
from tests.devices.authority import Authority, Pair
from tests.devices.hardened import SERVER, Hardened, Kept, devices
from tests.devices.raw_mqtt import ACCEPTED, RawClient
from tests.devices.test_hardened import QUICK, as_server, heard, says
from tests.devices.test_mqtt import running


class Place(NamedTuple):
    broker: Hardened
    port: int
    authority: Authority


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    broker = Hardened(tmp_path_factory.mktemp("mosquitto"), Kept.DYNSEC)
    authority = Authority(tmp_path_factory.mktemp("authority"))
    port = broker.takes_certificates(authority.file)
    broker.start()
    asyncio.run(_registered(broker))
    yield Place(broker, port, authority)
    broker.kill()


async def _registered(broker: Hardened) -> None:
    accounts = Dynsec(broker.registry, SERVER)
    await accounts.reconcile(devices("ox1", "ox2"))
    for device in ("ox1", "ox2"):
        await accounts.admit(device, f"secret of {device}")


def payloads(arrived: list[Arrival]) -> list[bytes]:
    """What the broker had not seen confirmed when the test before ended may be among them."""
    return [one.payload for one in arrived]


async def showing(place: Place, pair: Pair | None, called: str) -> RawClient:
    trust = ssl.create_default_context(cafile=place.broker.certificate)
    if pair:
        trust.load_cert_chain(*pair)
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port, ssl=trust)
    client = RawClient(reader, writer)
    client.send(raw_mqtt.connect(called, None))
    return client


async def test_a_certificate_is_its_common_name_whatever_its_bearer_calls_itself(place: Place) -> None:
    async with running(MqttLink(as_server(place.broker), backoff=QUICK)) as server:
        ox1 = await showing(place, place.authority.signs("ox1"), "ox2")
        assert await ox1.read(4) == ACCEPTED
        said = await says(server, ox1, raw_mqtt.publish("bedside/v1/ox2/readings", b"forged"))
        assert b"forged" not in payloads(said)
        await ox1.close()


@pytest.mark.parametrize("name", ["ox9", "#", "bedside/v1"])
async def test_who_has_no_account_says_nothing(place: Place, name: str) -> None:
    async with running(MqttLink(as_server(place.broker), backoff=QUICK)) as server:
        stranger = await showing(place, place.authority.signs(name), name)
        stranger.send(raw_mqtt.publish("bedside/v1/ox9/readings", b"forged"))
        stranger.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"forged"))
        honest = await showing(place, place.authority.signs("ox1"), "ox1")
        assert await honest.read(4) == ACCEPTED
        assert b"forged" not in payloads(await says(server, honest))
        await stranger.close()
        await honest.close()


async def test_nobody_comes_in_without_one_or_with_another_authoritys(place: Place, tmp_path: Path) -> None:
    for pair in (None, Authority(tmp_path / "other").signs("ox1")):
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await (await showing(place, pair, "ox1")).read(4)


async def test_one_that_was_revoked_is_cut_and_says_nothing_more(place: Place) -> None:
    pair = place.authority.signs("ox2")
    async with running(MqttLink(as_server(place.broker), backoff=QUICK)) as server:
        ox2 = await showing(place, pair, "ox2")
        assert await ox2.read(4) == ACCEPTED
        await says(server, ox2, name="ox2")
        await Dynsec(place.broker.registry, SERVER).bar("ox2")
        async with asyncio.timeout(5):
            await ox2.rest()
        again = await showing(place, pair, "ox2")
        again.send(raw_mqtt.publish("bedside/v1/ox2/readings", b"after its end"))
        honest = await showing(place, place.authority.signs("ox1"), "ox1")
        assert await honest.read(4) == ACCEPTED
        honest.send(raw_mqtt.publish("bedside/v1/ox1/readings", b"last"))
        assert b"after its end" not in payloads(await heard(server, b"last"))
        await again.close()
        await honest.close()
