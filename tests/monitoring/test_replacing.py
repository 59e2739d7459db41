"""A new device in the place of an old one: wearer, limits and the held readings move; the old one is dead."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from devices.readings import Body, Message, Reading
from server.monitoring.associations import Wish
from server.monitoring.device_state import DeviceState
from server.monitoring.errors import DeviceRefused, DeviceStateWrong, DeviceWorn
from server.monitoring.replacing import Replacement
from server.store.journal import StoreJournal
from server.store.tables import associations, devices, messages
from tests.monitoring.house import DEVICE, DOCTOR, NOON, OPERATOR, House

HOUR = timedelta(hours=1)


@pytest.fixture
async def spare(house: House) -> str:
    """A second oximeter, worn by nobody; an hour has passed."""
    await house.devices.add(OPERATOR.actor, "spare", "备用", NOON)
    house.registry_changes.clear()
    house.now = NOON + HOUR
    return "spare"


async def test_the_new_device_takes_over_wearer_limits_and_doctor(house: House, spare: str) -> None:
    new = await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, spare), house.now)
    assert (new.id, new.worn) == (spare, True)
    old, taken_over = await house.rows(sa.select(associations).order_by(associations.c.from_at))
    assert (old.until_at, taken_over.until_at) == (house.now, None)
    assert (taken_over.patient_id, taken_over.profile, taken_over.responsible_id, taken_over.from_at) == (
        "patient",
        "adult-continuous",
        DOCTOR.id,
        house.now,
    )
    [row] = await house.rows(sa.select(devices).where(devices.c.id == DEVICE))
    assert (row.ended_as, row.replaced_by, row.revoked_at) == (DeviceState.REPLACED, spare, house.now)
    assert house.registry_changes == [DEVICE]
    assert "patient:patient" in house.told


async def test_what_the_new_device_measured_since_then_finds_its_wearer(house: House, spare: str) -> None:
    since = NOON + timedelta(minutes=10)
    await StoreJournal(house.store).commit([measured(spare, 1, NOON), measured(spare, 2, since)], [])
    await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, spare, since), house.now)
    kept = await house.rows(sa.select(messages.c.seq, messages.c.patient_id).order_by(messages.c.seq))
    assert [tuple(row) for row in kept] == [(1, None), (2, "patient")]


@pytest.mark.parametrize("moved", [timedelta(seconds=1), -timedelta(days=8), -HOUR - timedelta(seconds=1)])
async def test_a_moment_that_cannot_be_is_refused(house: House, spare: str, moved: timedelta) -> None:
    """In the future, too long ago, before the old one was put on."""
    with pytest.raises(DeviceRefused) as refused:
        await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, spare, house.now + moved), house.now)
    assert refused.value.field == "at"
    assert house.registry_changes == []


async def test_a_device_that_is_worn_or_dead_replaces_none(house: House, spare: str) -> None:
    await house.devices.add(OPERATOR.actor, "third", "三", NOON)
    await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, spare), house.now)
    with pytest.raises(DeviceStateWrong):
        await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, "third"), house.now)
    with pytest.raises(DeviceStateWrong):
        await house.replacing.replace(OPERATOR.actor, Replacement("third", DEVICE), house.now)
    with pytest.raises(DeviceRefused):
        await house.replacing.replace(OPERATOR.actor, Replacement(spare, spare), house.now)


async def test_a_worn_device_is_not_taken_from_its_patient(house: House, spare: str) -> None:
    await house.add_patient("other", NOON.date().replace(year=1950))
    await house.book("other", DOCTOR)
    await house.associations.associate(DOCTOR, Wish("other", spare, None), house.now)
    before = await house.rows(sa.select(associations).order_by(associations.c.id))
    with pytest.raises(DeviceWorn):
        await house.replacing.replace(OPERATOR.actor, Replacement(DEVICE, spare), house.now)
    assert await house.rows(sa.select(associations).order_by(associations.c.id)) == before


def measured(device_id: str, seq: int, at: datetime) -> Message:
    reading = Reading(metric="spo2", value=97.0, unit="%", at=at)
    return Message(
        device_id=device_id,
        identity=f"e:{seq}",
        received_at=NOON + HOUR,
        measured_at=reading.at,
        body=Body(readings=(reading,)),
        epoch="e",
        seq=seq,
    )
