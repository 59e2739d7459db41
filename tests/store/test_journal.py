"""What a device was told is stored, is stored: once, in order, for whom it was measured."""

import asyncio
import random
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
import sqlalchemy as sa

from devices.journal import Ack, Committed, Journal
from devices.readings import Body, Gap, Quarantined, Reading, Reason, Refusal
from server.store import tables
from server.store.engine import Store
from server.store.errors import Unavailable
from server.store.evaluation import EvaluationQueries
from server.store.gaps import GapQueries
from server.store.journal import JournalQueries, StoreJournal, partition_of
from tests.store.filled import plain
from tests.store.ward import NOON, Ward, at, message


@pytest.fixture
def journal(store: Store) -> Journal:
    return StoreJournal(store)


def covered(done: Committed) -> list[tuple[str, int]]:
    return [(ack.device_id, ack.seq) for ack in done.acks]


async def test_a_message_is_stored_with_its_patient_and_place(journal: Journal, ward: Ward) -> None:
    patient = await ward.worn()
    done = await journal.commit([message(5)], [])
    assert done.acks == (Ack("BM-1", "e", 5),)
    [stored] = done.stored
    [row] = await ward.rows(tables.messages)
    assert (row.id, row.patient_id, row.partition, row.position) == (
        stored.message_id, patient, partition_of(patient), 1,
    )  # fmt: skip
    assert (row.identity, row.epoch, row.seq, row.measured_at, row.received_at) == ("e:5", "e", 5, at(5), at(6))
    assert await ward.bodies() == [message(5).body]


async def test_what_comes_again_is_acknowledged_again_and_stored_once(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([message(1), message(2)], [])
    done = await journal.commit([message(2), message(1)], [])
    assert covered(done) == [("BM-1", 2)]
    assert done.stored == []
    assert len(await ward.rows(tables.messages)) == 2


async def test_what_comes_twice_in_one_batch_is_stored_once_where_it_came_first(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    done = await journal.commit([message(1), message(2), message(1)], [])
    assert [(one.message.seq, one.position) for one in done.stored] == [(1, 1), (2, 2)]


async def test_a_number_that_its_stream_has_forgotten_is_stored_once(
    store: Store, journal: Journal, ward: Ward
) -> None:
    """Beyond a thousand gaps the highest numbers are forgotten: nothing but the unique key knows them then."""
    await ward.worn()
    await journal.commit([message(1), message(9)], [])
    async with store.write(plain) as connection:
        await connection.execute(sa.update(tables.streams).values(ahead=[]))
    done = await journal.commit([message(9), message(2)], [])
    assert [one.message.seq for one in done.stored] == [2]
    assert sorted(seq for _, _, seq in await ward.positions()) == [1, 2, 9]
    assert [position for _, position, _ in await ward.positions()] == [1, 2, 3]


async def test_content_without_sequence_is_stored_once_and_acknowledged_by_nothing(
    journal: Journal, ward: Ward
) -> None:
    await ward.worn()
    same = msgspec.structs.replace(message(1), identity="#abc", epoch=None, seq=None)
    for _ in range(2):
        assert (await journal.commit([same], [])).acks == ()
    assert len(await ward.rows(tables.messages)) == 1


async def test_a_message_that_outlived_its_wearer_is_divided_by_who_wore_the_device(
    journal: Journal, ward: Ward
) -> None:
    """A device that was offline sends its minutes at once: those of the patient before are not the next one's."""
    await ward.device()
    before, now = await ward.patient(), await ward.patient()
    await ward.wear(before, since=at(0), until_at=at(100))
    await ward.wear(now, since=at(200))
    readings = [Reading("spo2", value, "%", at(second)) for second, value in ((90, 70), (150, 50), (210, 97), (99, 71))]
    body = Body(tuple(readings), refusals=(Refusal(Reason.NOT_A_NUMBER, "pulse_rate"),))
    whole = msgspec.structs.replace(message(220), measured_at=at(210), body=body)
    for _ in range(2):
        done = await journal.commit([whole], [])
        assert covered(done) == [("BM-1", 220)]
    rows = {row.patient_id: row for row in await ward.rows(tables.messages)}
    bodies = {patient: msgspec.json.decode(row.body, type=Body) for patient, row in rows.items()}
    values = {patient: [reading.value for reading in kept.readings] for patient, kept in bodies.items()}
    assert values == {now: [97], before: [70, 71], None: [50]}
    assert [len(bodies[patient].refusals) for patient in (now, before, None)] == [1, 0, 0]
    assert (rows[now].identity, rows[now].seq) == (whole.identity, 220)
    assert [rows[patient].measured_at for patient in (now, before, None)] == [at(210), at(99), at(150)]
    assert rows[None].position is None


async def test_two_devices_may_say_the_same(journal: Journal, ward: Ward) -> None:
    await ward.worn("BM-1")
    await ward.worn("BM-2")
    done = await journal.commit([message(1, "BM-1"), message(1, "BM-2")], [])
    assert len(done.stored) == 2


async def test_a_backlog_in_any_order_is_stored_once_and_covered_at_the_end(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    dice = random.Random(1)  # noqa: S311 – a shuffle that repeats
    sent = [message(seq, oldest=0) for seq in range(60)] * 3
    dice.shuffle(sent)
    while sent:
        taken = [sent.pop() for _ in range(min(len(sent), dice.randint(1, 17)))]
        done = await journal.commit(taken, [])
    assert covered(done) == [("BM-1", 59)]
    places = await ward.positions()
    assert sorted(seq for _, _, seq in places) == list(range(60))
    assert [position for _, position, _ in places] == list(range(1, 61))


async def test_the_device_is_told_no_more_than_what_is_there_without_a_hole(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    assert covered(await journal.commit([message(1, oldest=1)], [])) == [("BM-1", 1)]
    assert covered(await journal.commit([message(3, oldest=2)], [])) == [("BM-1", 1)]
    assert covered(await journal.commit([message(2, oldest=2)], [])) == [("BM-1", 3)]


async def test_each_epoch_is_covered_by_itself(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    done = await journal.commit([message(900), message(1, epoch="f"), message(7, epoch=None)], [])
    assert set(done.acks) == {Ack("BM-1", "e", 900), Ack("BM-1", "f", 1), Ack("BM-1", "", 7)}


async def test_what_the_device_no_longer_holds_is_said_by_the_message_that_revealed_it(
    journal: Journal, ward: Ward
) -> None:
    await ward.worn()
    await journal.commit([message(1, oldest=1)], [])
    done = await journal.commit([message(9, oldest=6)], [])
    assert done.stored[0].message.body.gaps == (Gap(2, 5),)
    assert [body.gaps for body in await ward.bodies() if body.gaps] == [(Gap(2, 5),)]
    assert covered(done) == [("BM-1", 5)]


async def test_a_gap_that_a_duplicate_reveals_is_not_lost(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([message(1, oldest=1), message(9, oldest=1)], [])
    done = await journal.commit([message(9, oldest=9), message(10, oldest=9)], [])
    fresh, said = done.stored
    assert (fresh.message.seq, fresh.message.body.gaps) == (10, ())
    assert (said.message.body.gaps, said.message.body.readings, said.position) == ((Gap(2, 8),), (), 4)
    assert covered(done) == [("BM-1", 10)]


async def test_what_is_lost_for_good_is_listed_by_device_the_newest_first(
    store: Store, journal: Journal, ward: Ward
) -> None:
    await ward.worn()
    await ward.worn("BM-2")
    await journal.commit([message(1), message(4, oldest=1), message(7, oldest=1), message(9, oldest=9)], [])
    await journal.commit([message(20, "BM-2", oldest=1), message(30, "BM-2", oldest=30)], [])
    async with store.read(GapQueries) as look:
        newest = await look.newest_gaps(10)
        assert await look.newest_gaps(1) == newest[:1]
    assert [(gap.label, gap.first, gap.last, gap.number, gap.at) for gap in newest] == [
        ("BM-2", 1, 29, 28, at(31)),  # one row a message: all but 20
        ("BM-1", 2, 8, 5, at(10)),
    ]


async def test_a_reading_belongs_to_who_wore_the_device_when_it_was_measured(journal: Journal, ward: Ward) -> None:
    await ward.device()
    first, second = await ward.patient(), await ward.patient()
    await ward.wear(first, since=at(10), until_at=at(20))
    await ward.wear(second, since=at(20))
    done = await journal.commit([message(seq) for seq in (9, 10, 19, 20, 90)], [])
    assert [one.patient_id for one in done.stored] == [None, first, first, second, second]


async def test_what_nobody_wears_is_held_and_acknowledged(journal: Journal, ward: Ward) -> None:
    await ward.device()
    done = await journal.commit([message(1)], [])
    assert covered(done) == [("BM-1", 1)]
    assert [(one.patient_id, one.partition, one.position) for one in done.stored] == [(None, None, None)]


async def test_no_position_becomes_visible_before_a_lower_one(store: Store, ward: Ward) -> None:
    """One batch is held open while another of the same partition wants to commit: evaluation skips neither."""
    patient = await ward.worn("BM-1")
    await ward.device("BM-2")
    await ward.wear(patient, "BM-2")
    journal, place = StoreJournal(store), partition_of(patient)
    seen: list[list[int]] = []

    async def look() -> None:
        async with store.read(EvaluationQueries) as queries:
            seen.append([one.position for one in await queries.pending(place, 0, 10)])

    async with asyncio.TaskGroup() as group, store.write(JournalQueries) as queries:
        known = await queries.known([message(1, "BM-1")])
        [first] = await queries.place([message(1, "BM-1")], known)
        second = group.create_task(journal.commit([message(1, "BM-2")], []))
        await asyncio.sleep(0.3)
        assert not second.done(), "the second batch overtook the first"
        await look()
    await look()
    assert (first.position, second.result().stored[0].position) == (1, 2)
    assert seen == [[], [1, 2]]


async def test_a_batch_that_fails_gives_its_positions_back(store: Store, journal: Journal, ward: Ward) -> None:
    await ward.worn()

    async def fail() -> None:
        async with store.write(JournalQueries) as queries:
            await queries.place([message(1)], await queries.known([message(1)]))
            raise RuntimeError("the process is not well")

    with pytest.raises(RuntimeError):
        await fail()
    done = await journal.commit([message(2)], [])
    assert [one.position for one in done.stored] == [1]


async def test_batches_at_once_store_everything_once(journal: Journal, ward: Ward) -> None:
    """Eight writers with the same backlog of five devices, each in its own order."""
    for device in range(5):
        await ward.worn(f"BM-{device}")

    async def send(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 – a shuffle that repeats
        sent = [message(seq, f"BM-{device}", oldest=0) for seq in range(12) for device in range(5)]
        dice.shuffle(sent)
        for first in range(0, len(sent), 15):
            await journal.commit(sent[first : first + 15], [])

    async with asyncio.TaskGroup() as group:
        for seed in range(8):
            group.create_task(send(seed))
    rows = await ward.rows(tables.messages)
    assert len(rows) == len({(row.device_id, row.identity) for row in rows}) == 60
    assert {row.covered for row in await ward.rows(tables.streams)} == {11}
    issued = {row.id: row.issued for row in await ward.rows(tables.partitions)}
    assert sum(issued.values()) == 60
    for partition, position, _ in await ward.positions():
        assert 1 <= position <= issued[partition]


async def test_the_device_is_heard_and_its_clock_remembered(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    fast = msgspec.structs.replace(message(8), clock_offset=timedelta(seconds=-90.5))
    await journal.commit([fast, message(3)], [])
    await journal.commit([message(2)], [])
    [device] = await ward.rows(tables.devices)
    assert (device.last_received_at, device.clock_offset_ms) == (at(9), -90_500)


async def test_a_duplicate_too_says_that_the_device_is_alive(journal: Journal, ward: Ward) -> None:
    await ward.worn()
    await journal.commit([message(1)], [])
    await journal.commit([msgspec.structs.replace(message(1), received_at=at(60))], [])
    [device] = await ward.rows(tables.devices)
    assert device.last_received_at == at(60)


def quarantined(payload: bytes, detail: str = "") -> Quarantined:
    return Quarantined(NOON, "bedside/v1/x/readings", "x", Reason.BAD_JSON, detail, payload)


@pytest.mark.parametrize(("times", "kept"), [(256, 65_536), (257, 4096)])
async def test_what_cannot_be_read_is_kept_with_its_size_and_sum(
    journal: Journal, ward: Ward, times: int, kept: int
) -> None:
    """Whole where a codec could have taken it: then it can be replayed."""
    payload = bytes(range(256)) * times
    await journal.commit([], [quarantined(payload)])
    [row] = await ward.rows(tables.quarantine)
    assert (row.payload, row.payload_size) == (payload[:kept], 256 * times)
    assert row.payload_sha256 == sha256(payload).hexdigest()
    assert (row.reason, row.device_id, row.received_at) == ("bad_json", "x", NOON)


@pytest.mark.parametrize("detail", ["a\0b", "\ud800", "x" * 900])
async def test_nothing_a_device_writes_keeps_it_out_of_quarantine(journal: Journal, ward: Ward, detail: str) -> None:
    await journal.commit([], [quarantined(b"{", detail)])
    assert len(await ward.rows(tables.quarantine)) == 1


async def test_a_message_that_cannot_be_stored_is_no_outage(journal: Journal, ward: Ward) -> None:
    """Ingest searches for it instead of waiting for the database to come back."""
    with pytest.raises(Exception, match=r"(?i)foreign key") as caught:
        await journal.commit([message(1, "BM-9")], [])
    assert not isinstance(caught.value, Unavailable)
    assert await ward.rows(tables.messages) == []


def test_a_patient_s_partition_never_moves() -> None:
    patients = ("00000000000000000000000000000000", "3f2a", "ward-7")
    assert [partition_of(patient) for patient in patients] == [0, 14, 12]
    assert {partition_of(str(number)) for number in range(1_000)} == set(range(16))


async def test_a_batch_of_nothing_is_nothing(journal: Journal, ward: Ward) -> None:
    assert await journal.commit([], []) == Committed((), [], [])
