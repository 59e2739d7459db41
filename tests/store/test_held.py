"""Who puts a device on gets what it measured since then, and nothing of what it measured before."""

import asyncio

import msgspec
import pytest
import sqlalchemy as sa

from devices.journal import Journal
from devices.readings import Body, Message, Reading
from server.store import tables
from server.store.engine import Store
from server.store.held import HeldQueries
from server.store.journal import JournalQueries, StoreJournal, partition_of
from tests.store.ward import NOON, Ward, at, message


@pytest.fixture
def journal(store: Store) -> Journal:
    return StoreJournal(store)


def of_minutes(*minutes: int) -> Message:
    """One message, with a reading of each of these minutes after noon, sent in the last."""
    readings = tuple(Reading("spo2", float(90 + number), "%", at(60 * number)) for number in minutes)
    return msgspec.structs.replace(
        message(60 * max(minutes)), received_at=at(60 * max(minutes) + 1), body=Body(readings=readings)
    )


async def test_who_puts_the_device_on_gets_what_was_measured_since(store: Store, journal: Journal, ward: Ward) -> None:
    await ward.device()
    patient = await ward.patient()
    await journal.commit([message(seq) for seq in (3, 1, 2, 4, 5)], [])
    async with store.write(HeldQueries) as queries:
        assert await queries.adopt("BM-1", patient, at(2), at(5)) == 3
    place = partition_of(patient)
    assert await ward.positions() == [(place, 1, 2), (place, 2, 3), (place, 3, 4)]
    [partition] = [row for row in await ward.rows(tables.partitions) if row.id == place]
    assert partition.issued == 3


async def test_an_association_waits_for_a_batch_that_is_under_way(store: Store, journal: Journal, ward: Ward) -> None:
    """Else a message could be held for good: stored as nobody's just after the association looked for it."""
    await ward.device()
    patient = await ward.patient()
    order: list[str] = []

    async def adopt() -> None:
        async with store.write(HeldQueries) as queries:
            assert await queries.adopt("BM-1", patient, NOON, None) == 1
            order.append("adopted")

    async with asyncio.TaskGroup() as group, store.write(JournalQueries) as queries:
        known = await queries.known([message(1)])
        group.create_task(adopt())
        await asyncio.sleep(0.2)
        await queries.place([message(1)], known)
        order.append("stored")
    assert order == ["stored", "adopted"]


async def test_of_a_message_that_is_older_in_part_that_part_is_nobody_s(
    store: Store, journal: Journal, ward: Ward
) -> None:
    """Somebody else may have tried the device on before."""
    await ward.device()
    patient = await ward.patient()
    await journal.commit([of_minutes(1, 4, 5, 9)], [])
    async with store.write(HeldQueries) as queries:
        assert await queries.adopt("BM-1", patient, at(300), None) == 1
    rows = sorted(await ward.rows(tables.messages), key=lambda row: str(row.measured_at))
    kept = [(row.patient_id, [one.value for one in msgspec.json.decode(row.body, type=Body).readings]) for row in rows]
    assert kept == [(None, [91.0, 94.0]), (patient, [95.0, 99.0])]
    assert rows[0].measured_at == at(240)
    async with store.write(HeldQueries) as queries:
        assert await queries.adopt("BM-1", patient, at(180), None) == 1, "said later to have worn it since before"


async def test_a_message_whose_part_was_taken_from_it_is_known_when_it_comes_again(
    store: Store, journal: Journal, ward: Ward
) -> None:
    await ward.device()
    patient = await ward.patient()
    await journal.commit([of_minutes(1, 9)], [])
    async with store.write(HeldQueries) as queries:
        await queries.adopt("BM-1", patient, at(300), None)
    assert (await journal.commit([of_minutes(1, 9)], [])).stored == []
    async with store.read(lambda connection: connection) as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(tables.messages)) == 2
