"""Devices: a secret that is shown once, ids that fit a topic, and lists that name no foreign patient."""

import base64

import pytest
import sqlalchemy as sa

from server.monitoring.errors import DeviceExists, DeviceRefused, NotFound
from server.monitoring.registry import secret_hash
from server.store.registry import DeviceRegistry, RegistryQueries
from server.store.tables import devices
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, OPERATOR, House


async def test_a_secret_is_256_random_bits_shown_once_and_kept_as_a_hash(house: House) -> None:
    first = await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", house.now)
    second = await house.devices.add(OPERATOR.actor, "pulse-2", "脉搏仪", house.now)
    assert len(base64.urlsafe_b64decode(first.secret + "=")) == 32
    assert first.secret != second.secret
    assert first.topic == "bedside/v1/pulse-1/readings"
    [row] = await house.rows(sa.select(devices).where(devices.c.id == "pulse-1"))
    assert row.secret_hash == secret_hash(first.secret)
    assert first.secret not in str(await house.rows(sa.select(devices)))


async def test_what_is_added_may_connect_and_what_is_revoked_may_not(house: House) -> None:
    added = await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", house.now)
    assert await connects(house, "pulse-1", added.secret)
    assert not await connects(house, "pulse-1", added.secret + "x")
    await house.devices.revoke(OPERATOR.actor, "pulse-1", house.now)
    assert not await connects(house, "pulse-1", added.secret)
    assert house.registry_changes == ["pulse-1", "pulse-1"]
    assert (await house.audited())[-2:] == ["device.added", "device.revoked"]


async def test_an_id_is_given_once_even_after_revocation(house: House) -> None:
    await house.devices.revoke(OPERATOR.actor, DEVICE, house.now)
    with pytest.raises(DeviceExists):
        await house.devices.add(OPERATOR.actor, DEVICE, "血氧仪", house.now)
    with pytest.raises(NotFound):
        await house.devices.revoke(OPERATOR.actor, DEVICE, house.now)


@pytest.mark.parametrize("device_id", ["", "a/b", "#", "a+", "x" * 65, "血氧", "a\n", "$SYS"])
async def test_an_id_that_could_leave_its_topic_is_refused(house: House, device_id: str) -> None:
    with pytest.raises(DeviceRefused) as refused:
        await house.devices.add(OPERATOR.actor, device_id, "x", house.now)
    assert refused.value.field == "id"
    assert house.registry_changes == []


@pytest.mark.parametrize("label", ["", "   ", "x" * 121, "a\x00b", "a\u202eb"])
async def test_a_label_is_one_printable_line(house: House, label: str) -> None:
    with pytest.raises(DeviceRefused) as refused:
        await house.devices.add(OPERATOR.actor, "pulse-1", label, house.now)
    assert refused.value.field == "label"


async def test_only_who_may_know_the_patient_reads_who_wears_it(house: House) -> None:
    named = {}
    for who in (DOCTOR, FOREIGN, OPERATOR, ADMIN):
        [device] = await house.devices.devices(who)
        assert device.worn
        named[who.id] = device.patient.id if device.patient else None
    assert named == {"doctor": "patient", "foreign": None, "operator": "patient", "admin": None}


async def connects(house: House, device_id: str, secret: str) -> bool:
    async with house.store.read(RegistryQueries) as queries:
        return DeviceRegistry(await queries.registered()).check(device_id, secret)
