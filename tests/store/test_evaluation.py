"""Who evaluates holds the newest epoch; what is pending comes in order; what is remembered is the patient's own."""

import asyncio

import pytest

from devices.conditions import Care, PatientState, Worn
from devices.evaluation_log import Lease, LeaseLost
from devices.unjudged import Wearing
from server.store import tables
from server.store.engine import Store
from server.store.evaluation import EvaluationQueries
from server.store.journal import StoreJournal, partition_of
from tests.store.ward import NOON, Ward, at, message


async def leased(store: Store) -> dict[int, Lease]:
    async with store.write(EvaluationQueries) as queries:
        return dict(await queries.lease())


async def evaluate(store: Store, lease: Lease, position: int) -> None:
    async with store.write(EvaluationQueries) as queries:
        await queries.fence(lease.partition, lease.epoch)
        await queries.set_evaluated(lease.partition, position)


async def test_a_worker_leases_every_partition(store: Store) -> None:
    first = await leased(store)
    assert first == {number: Lease(number, 1, 0) for number in range(16)}
    await evaluate(store, first[3], 8)
    assert (await leased(store))[3] == Lease(3, 2, 8)


async def test_a_worker_that_lost_its_lease_writes_nothing(store: Store, ward: Ward) -> None:
    old = (await leased(store))[3]
    new = (await leased(store))[3]
    await evaluate(store, new, 5)
    with pytest.raises(LeaseLost):
        await evaluate(store, old, 9)
    evaluated = {row.id: row.evaluated for row in await ward.rows(tables.partitions)}
    assert evaluated[3] == 5


async def test_a_lease_waits_for_a_commit_that_is_under_way(store: Store) -> None:
    """Else the old worker's alarms would come after the new one has begun where they are missing."""
    old = (await leased(store))[3]
    async with asyncio.TaskGroup() as group, store.write(EvaluationQueries) as queries:
        await queries.fence(3, old.epoch)
        taken = group.create_task(leased(store))
        await asyncio.sleep(0.2)
        assert not taken.done()
        await queries.set_evaluated(3, 7)
    assert taken.result()[3] == Lease(3, 2, 7)


async def test_evaluation_never_goes_back(store: Store, ward: Ward) -> None:
    lease = (await leased(store))[3]
    await evaluate(store, lease, 9)
    await evaluate(store, lease, 4)
    assert {row.id: row.evaluated for row in await ward.rows(tables.partitions)}[3] == 9


async def test_what_is_pending_comes_in_order_and_in_portions(store: Store, ward: Ward) -> None:
    patient = await ward.worn()
    await StoreJournal(store).commit([message(seq) for seq in (4, 2, 9, 7)], [])
    async with store.read(EvaluationQueries) as queries:
        first = await queries.pending(partition_of(patient), 0, 3)
        rest = await queries.pending(partition_of(patient), first[-1].position, 3)
        elsewhere = await queries.pending((partition_of(patient) + 1) % 16, 0, 3)
    assert [(one.position, one.received_at) for one in [*first, *rest]] == [
        (1, at(5)), (2, at(3)), (3, at(10)), (4, at(8)),
    ]  # fmt: skip
    assert (first[0].patient_id, first[0].device_id, first[0].body) == (patient, "BM-1", message(4).body)
    assert elsewhere == []


async def test_how_far_each_partition_has_come_is_the_position_of_its_newest_message(store: Store, ward: Ward) -> None:
    patient = await ward.worn()
    async with store.read(EvaluationQueries) as queries:
        assert await queries.newest() == dict.fromkeys(range(16), 0)
    await StoreJournal(store).commit([message(seq) for seq in (4, 2, 9)], [])
    async with store.read(EvaluationQueries) as queries:
        assert await queries.newest() == {**dict.fromkeys(range(16), 0), partition_of(patient): 3}


async def test_what_is_remembered_of_a_patient_is_replaced_and_the_others_stay(store: Store, ward: Ward) -> None:
    one, other = await ward.patient(), await ward.patient()
    async with store.write(EvaluationQueries) as queries:
        await queries.save_states(3, {one: PatientState(), other: PatientState()})
        await queries.save_states(3, {one: PatientState()})
        await queries.save_states(3, {})
    async with store.read(EvaluationQueries) as queries:
        assert await queries.states(3) == {one: PatientState(), other: PatientState()}
        assert await queries.states(4) == {}


async def test_who_wears_a_device_is_cared_for_until_it_comes_off(store: Store, ward: Ward) -> None:
    for device in ("BM-1", "BM-2", "BM-3"):
        await ward.device(device)
    one, other, gone = await ward.patient(), await ward.patient(), await ward.patient()
    await ward.wear(one, "BM-2", since=at(5), profile=None)
    await ward.wear(one, "BM-1")
    await ward.wear(gone, "BM-3", until_at=at(9))
    await ward.wear(other, "BM-3", since=at(9))
    async with store.read(EvaluationQueries) as queries:
        assert await queries.cares() == {
            one: Care(one, (Worn("BM-1", "adult-continuous", NOON), Worn("BM-2", None, at(5)))),
            other: Care(other, (Worn("BM-3", "adult-continuous", at(9)),)),
        }


async def test_of_a_device_that_is_off_it_is_known_when_it_was_worn_under_limits(store: Store, ward: Ward) -> None:
    for device in ("BM-1", "BM-2"):
        await ward.device(device)
    patient = await ward.patient()
    await ward.wear(patient, "BM-1", until_at=at(60))
    await ward.wear(patient, "BM-2", until_at=at(60), profile=None)
    async with store.read(EvaluationQueries) as queries:
        assert await queries.cares() == {}
        known = await queries.cares({(patient, "BM-1"), (patient, "BM-2"), ("nobody", "BM-1")})
    assert known == {patient: Care(patient, (), (Wearing("BM-1", "adult-continuous", NOON, at(60)),))}
