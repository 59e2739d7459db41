"""A house beside a Mosquitto whose accounts it keeps: what the registry says reaches it, and who is revoked is cut."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from devices.dynsec import Wanted
from server import desk
from server.app import Bedside, open_bedside
from server.outside import BrokerAccounts, dynsec_of
from server.settings import Data, Mqtt, Settings, Web
from server.store.devices import StoredCredentials
from tests.devices import raw_mqtt
from tests.devices.hardened import REGISTRY_PASSWORD, SERVER, Hardened, Kept
from tests.devices.raw_mqtt import RawClient
from tests.ports import free_port

CUT_S = 5.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Hardened]:
    (tmp_path / "mosquitto").mkdir()
    made = Hardened(tmp_path / "mosquitto", Kept.DYNSEC)
    made.start()
    yield made
    made.kill()


def mqtt_of(broker: Hardened) -> Mqtt:
    return Mqtt(
        broker="outside",
        port=broker.port,
        accounts="dynsec",
        password=SecretStr(SERVER.password),
        registry_password=SecretStr(REGISTRY_PASSWORD),
    )


@pytest.fixture
async def house(broker: Hardened, tmp_path: Path) -> AsyncIterator[Bedside]:
    web = Web(host="127.0.0.1", http_port=free_port(), https_port=free_port())
    bedside = await open_bedside(
        Settings(web=web, data=Data(directory=tmp_path / "data"), mqtt=mqtt_of(broker)), demo=False
    )
    await bedside.start()
    yield bedside
    await bedside.stop()


async def until(true: object, within_s: float = 20.0) -> None:
    assert callable(true)
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.05)


async def test_a_device_speaks_once_it_is_in_the_registry_and_is_cut_when_it_is_revoked(
    house: Bedside, broker: Hardened
) -> None:
    """The server's own account is made by it too: nothing but the registry's stood at the broker before."""
    await until(lambda: not house.condition.not_ready())
    await until(lambda: house.services.broker_drops.counts == {"mosquitto": 0})  # what the broker says of itself
    added = await house.services.registering.devices.add("system", "OX-1", "Oximeter", datetime.now(UTC))
    await broker_has_it(house, "OX-1")
    device = await RawClient.device(broker.port, "OX-1", secret=added.secret)
    device.send(raw_mqtt.subscribe("bedside/v1/OX-1/ack"))
    await device.read(5)
    device.send(raw_mqtt.publish("bedside/v1/OX-1/readings", b'{"epoch": "e", "seq": 1, "readings": []}'))
    assert await device.read(4) == bytes([0x40, 2, 0, 7])  # the broker's word; then the server's
    assert (await device.read((await device.read(2, 10.0))[1])).endswith(b'{"epoch":"e","seq":1}')
    begun = monotonic()
    await house.services.registering.devices.revoke("system", "OX-1", datetime.now(UTC))
    await device.rest(CUT_S)
    assert monotonic() - begun < CUT_S
    again = await RawClient.open(broker.port, raw_mqtt.connect("OX-1", added.secret))
    assert await again.rest() != raw_mqtt.ACCEPTED


async def test_a_device_of_the_command_line_speaks_too_and_its_secret_can_be_changed(
    house: Bedside, broker: Hardened
) -> None:
    first = said_secret(await desk.add_device(house._settings, "OX-2", None))
    device = await RawClient.device(broker.port, "OX-2", secret=first)
    second = said_secret(await desk.rotate_device(house._settings, "OX-2"))
    await device.rest(CUT_S)
    await RawClient.device(broker.port, "OX-2", secret=second)
    await broker_has_it(house, "OX-2")


async def broker_has_it(house: Bedside, device_id: str) -> None:
    """The broker has taken the newest credential, and that is on record."""
    async with asyncio.timeout(20.0):
        while device_id in {one.device_id for one in await StoredCredentials(house.store).pending()}:
            await asyncio.sleep(0.05)


def said_secret(printed: str) -> str:
    found = re.search(r"[A-Za-z0-9_-]{43}", printed)
    assert found, printed
    return found[0]


async def test_who_may_speak_and_has_no_account_is_named_once_and_counted(broker: Hardened) -> None:
    async def registry() -> Collection[Wanted]:
        return [Wanted("OX-9")]

    dynsec = dynsec_of(mqtt_of(broker))
    assert dynsec
    accounts = BrokerAccounts(dynsec, registry)
    with capture_logs() as log:
        await accounts._reconcile()
        await accounts._reconcile()
    assert accounts.missing == ("OX-9",)
    assert [line["devices"] for line in log if line["event"] == "broker.accounts_missing"] == [("OX-9",)]


def test_accounts_that_are_kept_by_hand_are_left_alone() -> None:
    assert dynsec_of(Mqtt(broker="outside", password=SecretStr("x"))) is None
