"""The plugin of a real Mosquitto, driven: let in, changed, cut, and brought back to what the registry says."""

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from devices import dynsec
from devices.dynsec_link import Dynsec, NotTakenError, _Ask
from devices.mqtt_endpoint import Endpoint
from tests.devices import raw_mqtt
from tests.devices.hardened import SERVER, Hardened, Kept, devices
from tests.devices.raw_mqtt import RawClient

CUT_S = 5.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardened]:
    made = Hardened(tmp_path_factory.mktemp("mosquitto"), Kept.DYNSEC)
    made.start()
    yield made
    made.kill()


@pytest.fixture
async def accounts(broker: Hardened) -> Dynsec:
    """Nobody but the server's own is there."""
    dynsec_link = Dynsec(broker.registry, SERVER)
    await dynsec_link.reconcile(devices())
    return dynsec_link


async def lets_in(broker: Hardened, device: str, secret: str) -> bool:
    client = await RawClient.open(broker.port, raw_mqtt.connect(device, secret))
    try:
        return await client.read(4) == raw_mqtt.ACCEPTED
    finally:
        await client.close()


async def test_a_device_is_let_in_with_the_newest_secret_alone(broker: Hardened, accounts: Dynsec) -> None:
    await accounts.admit("ox1", "first")
    assert await lets_in(broker, "ox1", "first")
    await accounts.admit("ox1", "second")
    assert not await lets_in(broker, "ox1", "first")
    assert await lets_in(broker, "ox1", "second")


@pytest.mark.parametrize("what", ["revoked", "given a new secret", "unknown to the registry at its start"])
async def test_a_live_session_is_cut(broker: Hardened, accounts: Dynsec, what: str) -> None:
    await accounts.admit("ox2", "secret")
    live = await RawClient.device(broker.port, "ox2", secret="secret")
    begun = monotonic()
    if what == "revoked":
        await accounts.bar("ox2")
    elif what == "given a new secret":
        await accounts.admit("ox2", "another")
    else:
        await accounts.reconcile(devices())
    await live.rest(CUT_S)
    assert monotonic() - begun < CUT_S
    assert not await lets_in(broker, "ox2", "secret")


async def test_a_command_beside_the_server_changes_a_secret_though_the_one_cuts_the_other(
    broker: Hardened, accounts: Dynsec
) -> None:
    """Two processes with one account at the broker, which ends the older connection of the two."""
    names = [f"both-{number}" for number in range(5)]
    command = Dynsec(broker.registry, SERVER)

    async def in_turn(*asked: Awaitable[object]) -> None:
        for one in asked:
            await one

    await asyncio.gather(
        in_turn(*(command.admit(name, "secret") for name in names)),
        in_turn(*(accounts.reconcile(devices(*names)) for _ in names)),
    )
    assert [await lets_in(broker, name, "secret") for name in names] == [True] * len(names)


@pytest.mark.parametrize("name", ["bedside-server", "bedside-registry"])
async def test_a_device_never_takes_a_services_account(broker: Hardened, accounts: Dynsec, name: str) -> None:
    for step in (accounts.admit(name, "stolen"), accounts.bar(name)):
        with pytest.raises(NotTakenError):
            await step
    assert not await lets_in(broker, name, "stolen")


async def test_to_bar_a_device_that_the_broker_never_knew_is_done_already(accounts: Dynsec) -> None:
    await accounts.bar("never-seen")


async def test_reconciling_twice_has_nothing_left_to_do(broker: Hardened, accounts: Dynsec) -> None:
    await accounts.admit("ox3", "secret")
    await accounts.admit("ghost", "secret")
    wanted = devices("ox3", "ox4")
    first, second = await accounts.reconcile(wanted), await accounts.reconcile(wanted)
    assert ("disableClient", "ghost") in [(step.name, step.fields["username"]) for step in first.steps]
    assert (first.missing, second.missing, second.steps) == (("ox4",), ("ox4",), ())
    assert await lets_in(broker, "ox3", "secret")
    assert not await lets_in(broker, "ghost", "secret")


async def test_a_device_that_is_back_in_the_registry_speaks_with_the_secret_it_has(
    broker: Hardened, accounts: Dynsec
) -> None:
    await accounts.admit("ox5", "secret")
    await accounts.reconcile(devices())
    assert not await lets_in(broker, "ox5", "secret")
    await accounts.reconcile(devices("ox5"))
    assert await lets_in(broker, "ox5", "secret")


async def test_more_accounts_than_a_page_are_all_seen(
    broker: Hardened, accounts: Dynsec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made by somebody's hand; all are disabled, a few a message."""
    monkeypatch.setattr(dynsec, "PAGE", 10)
    ask = _Ask(broker.registry)
    await ask.open()
    await ask([dynsec.Command("createClient", {"username": f"stranger-{n}", "password": "x"}) for n in range(25)])
    ask.close()
    found = await accounts.reconcile(devices())
    assert len([step for step in found.steps if step.name == "disableClient"]) == 25
    assert not (await accounts.reconcile(devices())).steps


async def test_who_is_not_the_registry_changes_nothing(broker: Hardened, accounts: Dynsec) -> None:
    """A device's answer to the plugin's topic is nobody's: the broker does not carry it."""
    await accounts.admit("ox6", "secret")
    pretender = Dynsec(Endpoint("127.0.0.1", broker.port, "ox6", "secret"), SERVER)
    with pytest.raises((TimeoutError, ConnectionError)):
        await asyncio.wait_for(pretender.admit("ox7", "secret"), 1.0)
    assert not await lets_in(broker, "ox7", "secret")


async def test_a_wrong_password_of_the_registry_is_said_at_once(broker: Hardened) -> None:
    with pytest.raises(ConnectionError):
        await Dynsec(Endpoint("127.0.0.1", broker.port, "bedside-registry", "wrong"), SERVER).bar("ox1")


async def test_a_refused_command_is_named_without_its_password(broker: Hardened, accounts: Dynsec) -> None:
    ask = _Ask(broker.registry)
    await ask.open()
    with pytest.raises(NotTakenError, match="setClientPassword: Client not found") as refused:
        await ask([dynsec.Command("setClientPassword", {"username": "nobody", "password": "a secret"})])
    assert "a secret" not in str(refused.value)
    ask.close()


async def test_no_broker_is_an_error_to_be_tried_again(tmp_path: Path) -> None:
    absent = Hardened(tmp_path, Kept.DYNSEC)
    with pytest.raises(OSError, match="refused"):
        await Dynsec(absent.registry, SERVER).admit("ox1", "secret")
