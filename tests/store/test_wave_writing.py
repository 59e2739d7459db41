"""Blocks are stored once, with the rest of their message, and the seconds that they come to are exact."""

import msgspec
import pytest

from devices.journal import Ack, Journal
from devices.pyramid import tiles_of
from devices.readings import Body, Message
from devices.waves import Block
from server.store import tables
from server.store.engine import Store
from server.store.journal import StoreJournal
from tests.devices.wave_samples import block
from tests.store.ward import Ward, at, message


@pytest.fixture
def journal(store: Store) -> Journal:
    return StoreJournal(store)


def second(seq: int, *blocks: Block, device: str = "BM-1", epoch: str = "e") -> Message:
    """The device's second number ``seq``, in its own stream beside the readings."""
    return Message(
        device_id=device,
        identity=f"{epoch}:{seq}/ecg_ii",
        received_at=at(seq + 1),
        measured_at=at(seq + 1),
        body=Body(),
        epoch=epoch,
        seq=seq,
        waves=blocks or (block(range(250), at(seq)),),
    )


async def test_a_block_is_stored_beside_the_readings_and_has_no_place_among_them(journal: Journal, ward: Ward) -> None:
    patient = await ward.worn()
    done = await journal.commit([message(1), second(2)], [])
    assert done.acks == (Ack("BM-1", "e", 2),)
    assert [one.message.seq for one in done.stored] == [1]
    assert [(one.message.seq, one.patient_ids) for one in done.waves] == [(2, frozenset({patient}))]
    assert len(await ward.rows(tables.messages)) == 1
    [row] = await ward.rows(tables.waves)
    assert (row.device_id, row.identity, row.number, row.channel, row.rate) == ("BM-1", "e:2/ecg_ii", 0, "ecg_ii", 250)
    assert (row.samples, row.until_us - row.start_us) == (block(range(250)).samples, 1_000_000)


async def test_what_comes_again_is_stored_once(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([second(1), second(2)], [])
    done = await journal.commit([second(2), second(1), second(3)], [])
    assert (done.acks, done.messages) == ((Ack("BM-1", "e", 3),), 1)
    assert len(await ward.rows(tables.waves)) == 3


async def test_a_number_that_the_stream_forgot_is_stored_once(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([second(1)], [])
    await ward.execute(tables.streams.delete())
    assert (await journal.commit([second(1), second(2)], [])).messages == 1
    assert len(await ward.rows(tables.waves)) == 2


async def test_a_device_that_numbers_its_waveforms_apart_loses_nothing(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([message(1), second(1)], [])
    await journal.commit([second(2), message(2)], [])
    assert [len(await ward.rows(table)) for table in (tables.messages, tables.waves)] == [2, 2]


async def test_what_the_device_lost_is_named_all_the_same(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([second(1)], [])
    done = await journal.commit([msgspec.structs.replace(second(5), oldest=5)], [])
    [stored] = done.stored
    assert [(gap.first, gap.last) for gap in stored.message.body.gaps] == [(2, 4)]
    assert done.messages == 1, "counted once, though it has a row in both tables"


async def test_the_seconds_are_those_of_all_blocks_whatever_batch_they_came_in(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    seconds = [second(number) for number in (70, 1, 2, 3)]
    await journal.commit(seconds[:2], [])
    await journal.commit(seconds[1:], [])
    kept = {row.start: row.seconds for row in await ward.rows(tables.wave_tiles)}
    assert kept == tiles_of(one.waves[0] for one in seconds)
    assert len(kept) == 2


async def test_nobody_who_wore_it_is_told_of_what_nobody_wore(journal: Journal, ward: Ward) -> None:
    await ward.device()
    [waves] = (await journal.commit([second(1)], [])).waves
    assert waves.patient_ids == frozenset()
    assert len(await ward.rows(tables.waves)) == 1, "kept for whoever is said to have worn it"
