"""From a change of a condition to an alarm and its delivery: one transaction, told once, never lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from devices.alarms import Episode, What
from devices.conditions import DeviceState, PatientState
from devices.evaluate import Evaluator
from devices.evaluation_log import LeaseLost
from devices.rules import Priority
from server.monitoring.evaluation import EvaluationRecorder, EvaluationStore
from server.notifications.deliveries import NewDelivery
from server.store.journal import partition_of
from server.store.monitoring import EvaluationStoreQueries, MonitoringLookQueries
from server.store.tables import alarms, audit, deliveries, partitions, patient_states, transitions, users
from tests.monitoring.house import DEVICE, DOCTOR, EVERYTHING, NOON, SENDER, House, low_spo2, silence

WRITTEN = (alarms, transitions, deliveries, patient_states)


async def written(house: House) -> list[int]:
    """How many rows of each kind there are."""
    return [len(await house.rows(sa.select(table))) for table in WRITTEN]


async def test_a_raised_alarm_tells_the_doctor_in_the_same_transaction(house: House) -> None:
    await house.commit(low_spo2())
    [record] = await house.records()
    [delivery] = await house.outbox()
    assert (record.episode.condition, record.episode.priority, record.episode.value) == ("spo2.low", "medium", 88.0)
    assert delivery.cause == f"transition:{record.transition_id}"
    assert (delivery.recipient, delivery.address, delivery.urgent) == ("user:doctor", "+8613800000001", True)
    assert "王*" in delivery.body
    assert "88" not in delivery.body
    assert (await house.audited())[-1] == "alarm.raised"
    assert house.hints == 1
    assert {"patient:patient", "alarms:doctor", "outbox"} <= set(house.told)


async def test_the_line_of_the_patients_session_hears_of_it(house: House) -> None:
    session_id = await house.book("patient", DOCTOR)
    await house.commit(low_spo2())
    assert f"session:{session_id}" in house.told


class Crash(RuntimeError):
    """The process dies here."""


class CrashingQueries(EvaluationStoreQueries):
    """Dies when the delivery is written: the alarm is already in the transaction."""

    async def add_delivery(self, new: NewDelivery) -> bool:
        await super().add_delivery(new)
        raise Crash


async def test_a_crash_between_alarm_and_delivery_leaves_neither(house: House) -> None:
    store = EvaluationStore(
        partial(house.store.write, CrashingQueries), partial(house.store.read, EvaluationStoreQueries)
    )
    outcome = await house.outcome(low_spo2())
    with pytest.raises(Crash):
        await EvaluationRecorder(store, SENDER, house.pages, lambda: NOON).commit(outcome)
    assert await written(house) == [0, 0, 0, 0]
    assert house.told == []
    await house.recorder.commit(outcome)
    assert await written(house) == [1, 1, 1, 0]


@pytest.mark.parametrize("ended", [True, False])
async def test_a_commit_whose_answer_was_lost_comes_again_and_changes_nothing(house: House, ended: bool) -> None:
    changes = [silence(), silence(What.ENDED)] if ended else [low_spo2(), low_spo2(priority=Priority.HIGH)]
    outcome = await house.outcome(*changes)
    await house.recorder.commit(outcome)
    before = await written(house)
    await house.recorder.commit(outcome)
    assert await written(house) == before


async def test_an_outcome_of_time_alone_is_known_by_the_states_it_leaves(house: House) -> None:
    """A tick moves no position; that silence fell twice and was over in between is two outcomes, not one repeated."""
    quiet, heard = PatientState({DEVICE: DeviceState(silent=True)}), PatientState({DEVICE: DeviceState()})
    for state, what in ((quiet, What.RAISED), (quiet, What.RAISED), (heard, What.ENDED), (quiet, What.RAISED)):
        outcome = replace(await house.outcome(silence(what)), position=0, states={"patient": state})
        await house.recorder.commit(outcome)
    assert [delivery.template for delivery in await house.outbox()] == ["alarm", "alarm"]
    assert await written(house) == [2, 4, 2, 1]


async def test_who_lost_the_lease_writes_nothing(house: House) -> None:
    outcome = await house.outcome(low_spo2())
    await house.new_recorder().lease()
    house.told.clear()
    with pytest.raises(LeaseLost):
        await house.recorder.commit(outcome)
    assert await written(house) == [0, 0, 0, 0]
    assert house.told == []


async def test_the_position_moves_with_the_alarm(house: House) -> None:
    await house.commit(low_spo2())
    query = sa.select(partitions.c.evaluated).where(partitions.c.id == partition_of("patient"))
    assert [row.evaluated for row in await house.rows(query)] == [1]


async def test_worse_is_told_again_and_what_was_acknowledged_is_open_again(house: House) -> None:
    await house.commit(low_spo2())
    [record] = await house.records()
    await house.alarms.acknowledge(DOCTOR, record.episode.id, Priority.MEDIUM, NOON)
    await house.commit(low_spo2(What.WORSENED, Priority.HIGH))
    [worse] = await house.records()
    assert worse.episode.id == record.episode.id
    assert worse.episode.priority is Priority.HIGH
    assert worse.episode.acknowledged_at is None
    assert worse.transition_id != record.transition_id
    assert len(await house.outbox()) == 2
    assert await house.kinds() == ["raised", "acknowledged", "worsened"]


async def test_a_breach_after_the_end_is_the_same_alarm_told_again(house: House) -> None:
    for what in (What.RAISED, What.ENDED, What.RAISED):
        await house.commit(low_spo2(what))
    [record] = await house.records()
    assert record.episode.round == 2
    assert len(await house.outbox()) == 2


async def test_raised_again_while_it_is_raised_tells_nobody(house: House) -> None:
    await house.commit(low_spo2())
    await house.commit(low_spo2())
    assert await written(house) == [1, 1, 1, 0]


async def test_silence_that_ends_is_resolved_by_itself(house: House) -> None:
    await house.commit(silence())
    await house.commit(silence(What.ENDED))
    assert await house.kinds() == ["raised", "ended", "resolved"]


async def test_what_ends_without_having_been_raised_is_nothing(house: House) -> None:
    await house.commit(low_spo2(What.ENDED))
    assert await written(house) == [0, 0, 0, 0]


async def test_a_doctor_without_telephone_is_not_the_end_of_it(house: House) -> None:
    await house.execute(sa.update(users).where(users.c.id == "doctor").values(phone=None))
    await house.commit(low_spo2())
    [delivery] = await house.outbox()
    assert (delivery.recipient, delivery.template) == ("user:operator", "alarm_relay")
    assert "李医生" in delivery.body


async def test_a_disabled_doctor_is_not_rung(house: House) -> None:
    await house.execute(sa.update(users).where(users.c.id == "doctor").values(disabled_at=NOON))
    await house.commit(low_spo2())
    assert [delivery.recipient for delivery in await house.outbox()] == ["user:operator"]


async def test_nobody_with_a_telephone_still_leaves_the_alarm(house: House) -> None:
    await house.execute(sa.update(users).values(phone=None))
    await house.commit(low_spo2())
    assert await written(house) == [1, 1, 0, 0]


async def test_an_alarm_after_the_device_was_taken_off_finds_its_last_doctor(house: House) -> None:
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    await house.commit(low_spo2())
    assert [delivery.recipient for delivery in await house.outbox()] == ["user:doctor"]


async def test_what_was_received_before_an_outage_is_told_after_it(house: House) -> None:
    """``at`` is the receipt of a message that waited two hours for evaluation: its text must not be born expired."""
    house.now = NOON + timedelta(hours=2)
    await house.commit(low_spo2(at=NOON))
    [delivery] = await house.outbox()
    assert delivery.created_at == house.now
    assert delivery.expires_at > house.now


async def test_a_page_that_cannot_be_told_costs_no_alarm(house: House) -> None:
    async def broken(topic: str) -> None:
        raise ConnectionError(topic)

    house.pages._wires = replace(house.pages._wires, tell=broken)
    await house.commit(low_spo2())
    assert await written(house) == [1, 1, 1, 0]
    assert house.hints == 1


async def test_where_nobody_knows_whose_pages_show_it_everybody_reads_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dark(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(MonitoringLookQueries, "audience", dark)
    await house.commit(silence())
    assert EVERYTHING in house.told


async def test_who_takes_over_has_every_page_read_again(house: House) -> None:
    """The one before may have put an alarm on record and ended before a page was told."""
    house.told.clear()
    await house.new_recorder().lease()
    assert EVERYTHING in house.told


class Rival(EvaluationStoreQueries):
    """Believes that nothing is open, as one that read before another's commit."""

    reads = 0

    async def open_episodes(self, patient_id: str) -> Sequence[Episode]:
        Rival.reads += 1
        return () if Rival.reads == 1 else await super().open_episodes(patient_id)


async def test_an_alarm_that_a_rival_opened_first_is_joined_and_not_lost(house: House) -> None:
    await house.commit(low_spo2())
    Rival.reads = 0
    store = EvaluationStore(partial(house.store.write, Rival), partial(house.store.read, Rival))
    recorder = EvaluationRecorder(store, SENDER, house.pages, lambda: NOON)
    await recorder.commit(await house.outcome(low_spo2(What.WORSENED, Priority.HIGH)))
    [record] = await house.records()
    assert record.episode.priority is Priority.HIGH
    assert await house.kinds() == ["raised", "worsened"]
    assert Rival.reads == 2


async def test_an_acknowledgement_that_meets_a_worsening_waits_for_its_outcome(house: House) -> None:
    await house.commit(low_spo2())
    [record] = await house.records()
    worse = await house.outcome(low_spo2(What.WORSENED, Priority.HIGH))
    has_read, go_on = asyncio.Event(), asyncio.Event()

    class Slow(EvaluationStoreQueries):
        async def open_episodes(self, patient_id: str) -> Sequence[Episode]:
            episodes = await super().open_episodes(patient_id)
            has_read.set()
            await go_on.wait()
            return episodes

    store = EvaluationStore(partial(house.store.write, Slow), partial(house.store.read, Slow))
    recorder = EvaluationRecorder(store, SENDER, house.pages, lambda: NOON)
    async with asyncio.TaskGroup() as group:
        committing = group.create_task(recorder.commit(worse))
        await has_read.wait()
        answer = group.create_task(acknowledge(house, record.episode.id))
        await asyncio.sleep(0.1)
        assert not answer.done()
        go_on.set()
    assert committing.done()
    assert answer.result() == "AlarmWorsened"


async def acknowledge(house: House, alarm_id: str) -> str:
    try:
        await house.alarms.acknowledge(DOCTOR, alarm_id, Priority.MEDIUM, NOON)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return type(error).__name__
    return "acknowledged"


async def test_readings_of_a_real_stream_become_one_alarm_and_one_text(house: House) -> None:
    """Through the evaluator itself: stored messages, its clock, this recorder."""
    for second in range(31):
        house.now = NOON + timedelta(seconds=second)
        await house.receive(79.0)
    evaluator = Evaluator(house.recorder, lambda: house.now, partition_of)
    await evaluator.begin()
    await evaluator.tick()
    [record] = [one for one in await house.records() if one.episode.condition == "spo2.low"]
    assert record.episode.priority is Priority.HIGH
    assert record.episode.value == 79.0
    texts = len(await house.outbox())
    again = Evaluator(house.new_recorder(), lambda: house.now, partition_of)
    await again.begin()
    await again.tick()
    assert len(await house.outbox()) == texts


async def test_every_transition_is_audited_without_a_name_or_value(house: House) -> None:
    await house.commit(low_spo2(), silence())
    details = str([row.detail for row in await house.rows(sa.select(audit.c.detail))])
    assert "王小明" not in details
    assert "88" not in details
    assert (await house.audited())[-2:] == ["alarm.raised", "alarm.raised"]
