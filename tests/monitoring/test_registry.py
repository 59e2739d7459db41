"""Devices: a secret that is shown once, ids that fit a topic, steps from state to state."""

import base64

import pytest
import sqlalchemy as sa

from server.monitoring.credentials import secret_hash
from server.monitoring.device_state import DeviceState
from server.monitoring.errors import DeviceExists, DeviceRefused, DeviceStateWrong, NotFound
from server.monitoring.plate import Plate
from server.store.registry import DeviceRegistry, RegistryQueries
from server.store.tables import audit, devices
from tests.monitoring.house import DEVICE, OPERATOR, House


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
    with pytest.raises(DeviceStateWrong):
        await house.devices.revoke(OPERATOR.actor, DEVICE, house.now)
    with pytest.raises(NotFound):
        await house.devices.revoke(OPERATOR.actor, "none", house.now)


PM10 = Plate("Contec", "PM10", "AB 12")


async def test_a_serial_is_given_once_a_model_however_it_is_typed(house: House) -> None:
    added = await house.devices.add(OPERATOR.actor, None, None, house.now, plate=PM10)
    assert (added.device.id, added.device.label) == ("PM10-AB-12", "PM10 AB 12")
    with pytest.raises(DeviceExists) as refused:
        await house.devices.add(OPERATOR.actor, "other", None, house.now, plate=Plate(None, "pm10", " ab  12 "))
    assert refused.value.field == "serial"
    other = await house.devices.add(OPERATOR.actor, None, None, house.now, plate=Plate(None, "PM20", "AB 12"))
    assert other.device.id == "PM20-AB-12"


async def test_what_was_typed_wrong_is_put_right_and_on_record(house: House) -> None:
    """The id stays, and with it topics, credential and wearer."""
    await house.devices.add(OPERATOR.actor, "ox-1", "Oxymeter", house.now, plate=Plate("Contek", "PM1", "AB 12"))
    shown = await house.devices.describe(OPERATOR.actor, "ox-1", "Oximeter", house.now, plate=PM10)
    assert (shown.id, shown.label, shown.maker) == ("ox-1", "Oximeter", "Contec")
    assert (shown.model, shown.serial) == (PM10.model, PM10.serial)
    assert (await house.audited())[-1] == "device.described"
    [entry] = await house.rows(sa.select(audit.c.detail).where(audit.c.action == "device.described"))
    assert "label, maker, model" in str(entry.detail)
    assert "Oxymeter" not in str(entry.detail)
    with pytest.raises(DeviceExists):
        await house.devices.describe(OPERATOR.actor, DEVICE, None, house.now, plate=Plate(None, "pm10", "ab 12"))
    with pytest.raises(DeviceRefused):
        await house.devices.describe(OPERATOR.actor, DEVICE, "x" * 121, house.now, plate=Plate())
    with pytest.raises(NotFound):
        await house.devices.describe(OPERATOR.actor, "none", "x", house.now, plate=Plate())


async def test_the_serial_of_a_device_that_was_revoked_by_mistake_is_free_once_it_is_taken_off(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "ox-1", None, house.now, plate=PM10)
    await house.devices.revoke(OPERATOR.actor, "ox-1", house.now)
    await house.devices.describe(OPERATOR.actor, "ox-1", "Revoked by mistake", house.now, plate=Plate())
    assert (await house.devices.add(OPERATOR.actor, None, None, house.now, plate=PM10)).device.id == "PM10-AB-12"


async def test_a_rotated_credential_replaces_the_old_one_at_once(house: House) -> None:
    added = await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", house.now)
    rotated = await house.devices.rotate(OPERATOR.actor, "pulse-1", house.now)
    assert not await connects(house, "pulse-1", added.secret)
    assert await connects(house, "pulse-1", rotated.secret)


async def test_a_lost_device_is_refused_until_it_is_found_and_rotated(house: House) -> None:
    added = await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", house.now)
    lost = await house.devices.lose(OPERATOR.actor, "pulse-1", house.now)
    assert lost.state == DeviceState.LOST
    assert not await connects(house, "pulse-1", added.secret)
    found = await house.devices.rotate(OPERATOR.actor, "pulse-1", house.now)
    assert found.device.state == DeviceState.NEW
    assert await connects(house, "pulse-1", found.secret)
    await house.devices.revoke(OPERATOR.actor, "pulse-1", house.now)
    with pytest.raises(DeviceStateWrong):
        await house.devices.rotate(OPERATOR.actor, "pulse-1", house.now)
    assert [step.removeprefix("device.") for step in (await house.audited())[-4:]] == [
        "added",
        "lost",
        "rotated",
        "revoked",
    ]


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


async def connects(house: House, device_id: str, secret: str) -> bool:
    async with house.store.read(RegistryQueries) as queries:
        return DeviceRegistry(await queries.registered()).check(device_id, secret)
