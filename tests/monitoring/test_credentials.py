"""A broker outside hears of every credential until it took: the dead first, secrets from memory alone."""

import asyncio
from collections.abc import Sequence

import pytest

from server.monitoring import credentials
from server.monitoring.credentials import CredentialChange, CredentialRelay, new_secret
from server.monitoring.views import CredentialState


class Broker:
    """A broker that keeps who may come in, and fails when it is told to."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.heard: list[str] = []
        self.down = False

    async def admit(self, device_id: str, secret: str) -> None:
        self._hear(f"admit {device_id}")
        self.secrets[device_id] = secret

    async def bar(self, device_id: str) -> None:
        self._hear(f"bar {device_id}")
        self.secrets.pop(device_id, None)

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if self.down:
            raise OSError("away")


class Ledger:
    """The registry's versions."""

    def __init__(self) -> None:
        self.states: dict[str, CredentialState] = {}
        self.told: list[str] = []

    def change(self, device_id: str, *, live: bool) -> CredentialChange:
        before = self.states.get(device_id)
        version = before.version + 1 if before else 1
        self.states[device_id] = CredentialState(device_id, version, before.broker_version if before else 0, live)
        return CredentialChange(device_id, version, new_secret() if live else None)

    async def pending(self) -> Sequence[CredentialState]:
        return [one for one in self.states.values() if one.broker_version < one.version]

    async def taken(self, device_id: str, version: int) -> None:
        one = self.states[device_id]
        self.states[device_id] = CredentialState(device_id, one.version, version, one.live)

    async def tell(self, device_id: str) -> None:
        self.told.append(device_id)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def relay(broker: Broker, ledger: Ledger) -> CredentialRelay:
    return CredentialRelay(broker, ledger, ledger.tell)


async def test_what_is_made_is_admitted_and_what_is_dead_barred_first(
    relay: CredentialRelay, broker: Broker, ledger: Ledger
) -> None:
    relay.offer(made := ledger.change("a", live=True))
    relay.offer(ledger.change("z", live=False))
    await relay.turn()
    assert broker.heard == ["bar z", "admit a"]
    assert broker.secrets == {"a": made.secret}
    assert await ledger.pending() == []
    assert ledger.told == ["z", "a"]


async def test_it_is_told_again_until_it_took(relay: CredentialRelay, broker: Broker, ledger: Ledger) -> None:
    broker.down = True
    relay.offer(ledger.change("a", live=True))
    await relay.turn()
    assert len(await ledger.pending()) == 1
    broker.down = False
    await relay.turn()
    assert broker.heard == ["admit a"]  # not before its time
    relay.offer(ledger.change("a", live=False))  # what is new goes at once
    await relay.turn()
    assert (broker.secrets, await ledger.pending()) == ({}, [])


async def test_of_two_secrets_the_newest_counts(relay: CredentialRelay, broker: Broker, ledger: Ledger) -> None:
    relay.offer(ledger.change("a", live=True))
    relay.offer(newest := ledger.change("a", live=True))
    await relay.turn()
    assert broker.secrets == {"a": newest.secret}


async def test_an_old_secret_never_outlives_a_new_one_that_was_lost(
    broker: Broker, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that rotated died before it told: nobody has the new secret, and the old one is no longer good."""
    broker.secrets["a"] = "old"
    ledger.change("a", live=True)
    restarted = CredentialRelay(broker, ledger, ledger.tell)
    await restarted.turn()
    assert broker.heard == []  # perhaps it is being told just now
    monkeypatch.setattr(credentials, "ORPHANED_S", 0.0)
    restarted = CredentialRelay(broker, ledger, ledger.tell)
    await restarted.turn()
    await restarted.turn()
    assert (broker.heard, broker.secrets) == (["bar a"], {})
    assert len(await ledger.pending()) == 1  # until it is rotated
    restarted.offer(ledger.change("a", live=True))
    await restarted.turn()
    assert "a" in broker.secrets
    assert await ledger.pending() == []


async def test_it_works_on_by_itself(relay: CredentialRelay, broker: Broker, ledger: Ledger) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(relay.run())
        relay.offer(ledger.change("a", live=True))
        while not ledger.told:
            await asyncio.sleep(0)
        running.cancel()
    assert "a" in broker.secrets


def test_no_secret_begins_like_an_option() -> None:
    assert not any(new_secret().startswith("-") for _ in range(500))
