"""Old blocks go with the readings of their time, the seconds stay; of a patient who is forgotten nothing does."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from devices.readings import Body, Message
from server.store.engine import Store
from server.store.journal import StoreJournal
from server.store.readings_retention import ReadingsRetentionQueries
from server.store.tables import associations, wave_tiles, waves
from server.store.wave_retention import delete_of_patients
from tests.devices.wave_samples import block
from tests.monitoring.house import DEVICE, NOON, House
from tests.store.filled import plain

HOUR = timedelta(hours=1)


@pytest.fixture
async def house(store: Store) -> House:
    """A patient who wears the device from noon on; a second was recorded at each hour, one of them before."""
    house = House(store)
    await house.open()
    moments = [NOON + number * HOUR for number in (-1, 1, 2, 3)]
    named = [(f"e:{at.isoformat()}", block(range(9), at, 10)) for at in moments]
    messages = [Message(DEVICE, name, NOON, NOON, Body(), waves=(one,)) for name, one in named]
    await StoreJournal(store).commit(messages, [])
    return house


async def left(house: House) -> tuple[int, int]:
    return len(await house.rows(sa.select(waves.c.number))), len(await house.rows(sa.select(wave_tiles.c.start)))


async def test_what_is_older_goes_and_its_seconds_stay(house: House) -> None:
    async with house.store.write(ReadingsRetentionQueries) as tx:
        before = NOON + 2.5 * HOUR
        assert list(await tx.with_readings(before, "", 9)) == ["patient"]
        assert list(await tx.with_readings(NOON - 2 * HOUR, "", 9)) == []
        assert await tx.count_old("patient", before) == 2, "not what was recorded before the patient wore it"
        assert [await tx.delete_old("patient", before, 1) for _ in range(3)] == [1, 1, 0]
    assert await left(house) == (2, 4)


async def test_of_who_is_forgotten_nothing_stays_and_of_others_everything(house: House) -> None:
    await house.execute(sa.update(associations).values(until_at=NOON + 2.5 * HOUR))
    async with house.store.write(plain) as connection:
        await delete_of_patients(connection, ["patient"])
    assert await left(house) == (2, 2)
