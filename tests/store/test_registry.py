"""Who may connect: the devices that were added and not revoked, with their own secret."""

from datetime import timedelta
from hashlib import sha256

import pytest

from devices.arrivals import KnownDevice, Registry
from server.store.engine import Store
from server.store.registry import DeviceRegistry, RegisteredDevice, RegistryQueries
from tests.store.ward import NOON, Ward

SECRET = "correct horse"
BEDSIDE_1 = RegisteredDevice(KnownDevice("BM-1", timedelta(0)), sha256(SECRET.encode()).digest())


def test_a_device_is_let_in_by_its_own_secret_only() -> None:
    registry = DeviceRegistry([BEDSIDE_1])
    assert registry.check("BM-1", SECRET)
    assert not registry.check("BM-1", "wrong horse")
    assert not registry.check("BM-2", SECRET)


@pytest.mark.parametrize("secret", ["", "\ud800", "\0" * 32, "é" * 10_000])
def test_no_secret_however_strange_lets_in_or_raises(secret: str) -> None:
    assert not DeviceRegistry([BEDSIDE_1]).check("BM-1", secret)
    assert not DeviceRegistry().check("BM-9", secret)


def test_a_device_that_is_no_longer_there_is_unknown_at_once() -> None:
    registry = DeviceRegistry([BEDSIDE_1])
    asked: Registry = registry
    assert asked.known("BM-1") == BEDSIDE_1.known
    registry.replace([])
    assert asked.known("BM-1") is None
    assert not registry.check("BM-1", SECRET)


async def test_a_revoked_device_is_not_loaded(store: Store, ward: Ward) -> None:
    await ward.device("BM-1", clock_offset_ms=-1_500, secret_hash=BEDSIDE_1.secret_hash)
    await ward.device("BM-2", revoked_at=NOON)
    async with store.read(RegistryQueries) as queries:
        loaded = await queries.registered()
    assert loaded == [RegisteredDevice(KnownDevice("BM-1", timedelta(seconds=-1.5)), BEDSIDE_1.secret_hash)]


def test_a_device_whose_credential_of_before_is_dead_is_named() -> None:
    other = RegisteredDevice(KnownDevice("BM-2", timedelta(0)), BEDSIDE_1.secret_hash)
    third = RegisteredDevice(KnownDevice("BM-3", timedelta(0)), BEDSIDE_1.secret_hash)
    registry = DeviceRegistry([BEDSIDE_1, other, third])
    rotated = RegisteredDevice(BEDSIDE_1.known, sha256(b"another horse").digest())
    assert registry.replace([rotated, third], ended=["BM-2"]) == {"BM-1", "BM-2"}
    assert registry.on_record("BM-2")
    assert not registry.on_record("BM-9")
