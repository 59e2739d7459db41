"""Acknowledging and escalating: who answers is on record, and silence of people climbs the ladder."""

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from devices.alarms import Episode, What, acknowledge
from devices.rules import Priority
from server.access.principal import Principal
from server.monitoring.associations import Wish
from server.monitoring.errors import AlarmClosed, AlarmWorsened, NotFound
from server.notifications.deliveries import DeliveryState
from server.store.errors import Unavailable
from server.store.monitoring import AlarmQueries
from server.store.tables import associations, audit, deliveries, sessions, users
from tests.monitoring.house import (
    ACK,
    ADMIN,
    DEVICE,
    DOCTOR,
    FOREIGN,
    NOON,
    OPERATOR,
    House,
    low_spo2,
    silence,
)

LATER = NOON + ACK


async def only_id(house: House) -> str:
    [record] = await house.records()
    return record.episode.id


async def steps(house: House) -> list[tuple[int, str]]:
    return [(delivery.step, delivery.recipient) for delivery in await house.outbox()]


async def test_who_acknowledged_and_when_is_on_record(house: House) -> None:
    await house.commit(low_spo2())
    house.told.clear()
    view = await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, LATER)
    assert view.acknowledged is not None
    assert (view.acknowledged.by, view.acknowledged.at, view.acknowledged.priority) == ("李医生", LATER, "medium")
    [entry] = await house.rows(sa.select(audit).where(audit.c.action == "alarm.acknowledged"))
    assert (entry.actor, entry.at, entry.detail["priority"]) == ("user:doctor", LATER, "medium")
    assert {"patient:patient", "alarms:doctor"} <= set(house.told)


async def test_an_acknowledgement_is_bound_to_the_priority_that_was_seen(house: House) -> None:
    await house.commit(low_spo2())
    await house.commit(low_spo2(What.WORSENED, Priority.HIGH))
    with pytest.raises(AlarmWorsened):
        await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, NOON)
    assert (await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.HIGH, NOON)).acknowledged


async def test_an_acknowledgement_does_not_reach_a_round_that_was_not_seen(house: House) -> None:
    """A page that was blind for a minute still shows the first fall: its answer must not silence the second."""
    await house.commit(low_spo2())
    alarm_id = await only_id(house)
    await house.commit(low_spo2(What.ENDED), low_spo2())
    with pytest.raises(AlarmWorsened):
        await house.alarms.acknowledge(DOCTOR, alarm_id, Priority.MEDIUM, NOON, seen_round=1)
    assert (await house.alarms.acknowledge(DOCTOR, alarm_id, Priority.MEDIUM, NOON, seen_round=2)).acknowledged


async def test_acknowledged_twice_is_recorded_once(house: House) -> None:
    await house.commit(low_spo2())
    for moment in (NOON, LATER):
        view = await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, moment)
    assert view.acknowledged is not None
    assert view.acknowledged.at == NOON
    assert (await house.audited()).count("alarm.acknowledged") == 1


async def test_acknowledged_after_the_end_is_resolved(house: House) -> None:
    await house.commit(low_spo2())
    await house.commit(low_spo2(What.ENDED))
    assert (await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, NOON)).state == "resolved"
    with pytest.raises(AlarmClosed):
        await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, NOON)


@pytest.mark.parametrize("who", [FOREIGN, OPERATOR, ADMIN])
async def test_a_foreign_alarm_is_a_missing_one(house: House, who: Principal) -> None:
    await house.commit(low_spo2())
    with pytest.raises(NotFound) as foreign:
        await house.alarms.acknowledge(who, await only_id(house), Priority.MEDIUM, NOON)
    with pytest.raises(NotFound) as missing:
        await house.alarms.acknowledge(who, "0" * 32, Priority.MEDIUM, NOON)
    assert str(foreign.value) == str(missing.value)
    with pytest.raises(NotFound):
        await house.alarms.of_patient(who, "patient")
    assert "acknowledged" not in await house.kinds()


async def test_who_was_told_can_answer_when_the_device_is_off_and_the_session_long_over(house: House) -> None:
    """What befell the patient stays until somebody has seen it: it must not leave the list of the one who is asked."""
    await house.execute(sa.update(sessions).values(closes_at=NOON - timedelta(days=3)))
    await house.execute(sa.update(associations).values(responsible_id="foreign"))
    await house.commit(low_spo2())
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    await house.commit(low_spo2(What.ENDED))
    assert {delivery.recipient for delivery in await house.outbox()} == {"user:foreign"}
    assert len(await house.reader.alarms_topic("foreign", NOON)) == 1
    house.told.clear()
    assert (await house.alarms.acknowledge(FOREIGN, await only_id(house), Priority.MEDIUM, NOON)).state == "resolved"
    assert "alarms:foreign" in house.told
    assert not await house.reader.may_see(FOREIGN, "patient")


async def test_a_list_that_a_patient_leaves_is_read_again(house: House) -> None:
    """Or the console of the doctor who was in charge rings on for somebody else's patient."""
    await house.execute(sa.update(sessions).values(closes_at=NOON - timedelta(days=3)))
    await house.commit(low_spo2())
    await house.book("patient", FOREIGN)
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    house.told.clear()
    await house.associations.associate(FOREIGN, Wish("patient", DEVICE, None), NOON + timedelta(seconds=1))
    assert {"alarms:doctor", "alarms:foreign"} <= set(house.told)
    assert await house.reader.alarms_topic("doctor", NOON) == {}


async def test_one_alarm_that_cannot_be_climbed_for_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.commit(low_spo2())
    await house.commit(silence(at=later(1)))
    stuck = next(one.episode.id for one in await house.records() if one.episode.condition.startswith("silence"))
    lock = AlarmQueries.lock_episode

    async def lock_episode(tx: AlarmQueries, alarm_id: str) -> Episode | None:
        if alarm_id == stuck:
            raise Unavailable("locked by somebody else for too long")
        return await lock(tx, alarm_id)

    monkeypatch.setattr(AlarmQueries, "lock_episode", lock_episode)
    with pytest.raises(ExceptionGroup):
        await house.alarms.escalate(later(1) + ACK)
    assert (1, "user:operator") in await steps(house)


async def test_nobody_answers_and_everyone_is_told_once(house: House) -> None:
    await house.commit(low_spo2())
    for second in range(0, 300, 30):
        await house.alarms.escalate(NOON + timedelta(seconds=second))
        expected = 1 if second < 120 else 3
        assert len(await house.outbox()) == expected, second
    assert await steps(house) == [(0, "user:doctor"), (1, "user:doctor"), (1, "user:operator")]
    assert [one.template for one in await house.outbox()] == ["alarm", "alarm_unanswered", "alarm_relay"]
    assert all(one.urgent for one in await house.outbox())
    assert (await house.audited()).count("alarm.escalated") == 1


async def test_two_nodes_that_escalate_at_once_tell_once(house: House) -> None:
    await house.commit(low_spo2())
    await asyncio.gather(*(house.alarms.escalate(LATER) for _ in range(4)))
    assert len(await house.outbox()) == 3
    assert (await house.audited()).count("alarm.escalated") == 1


async def test_an_answer_given_while_the_ladder_climbs_is_heard(house: House) -> None:
    await house.commit(low_spo2())
    alarm_id = await only_id(house)
    async with asyncio.TaskGroup() as group:
        async with house.store.write(AlarmQueries) as tx:
            seen = await tx.lock_episode(alarm_id)
            assert seen is not None
            climbing = group.create_task(house.alarms.escalate(LATER))
            await asyncio.sleep(0.1)  # it has looked, and waits for the alarm's row
            await tx.save_episode(*acknowledge(seen, DOCTOR.id, Priority.MEDIUM, LATER))
        await climbing
    assert await steps(house) == [(0, "user:doctor")]


async def test_an_answer_in_time_rings_nobody_else(house: House) -> None:
    await house.commit(low_spo2())
    await house.alarms.acknowledge(DOCTOR, await only_id(house), Priority.MEDIUM, LATER - timedelta(seconds=1))
    await house.alarms.escalate(LATER)
    assert len(await house.outbox()) == 1


async def test_a_worsening_begins_the_ladder_again(house: House) -> None:
    await house.commit(low_spo2())
    await house.alarms.escalate(LATER)
    house.now = LATER
    await house.commit(low_spo2(What.WORSENED, Priority.HIGH, LATER))
    await house.alarms.escalate(LATER + ACK - timedelta(seconds=1))
    assert len(await house.outbox()) == 4
    await house.alarms.escalate(LATER + ACK)
    assert len(await house.outbox()) == 6


async def test_a_deterioration_that_ended_unseen_is_still_climbed_for(house: House) -> None:
    await house.commit(low_spo2())
    await house.commit(low_spo2(What.ENDED))
    await house.alarms.escalate(LATER)
    assert len(await house.outbox()) == 3


async def test_silence_escalates_and_ends_with_the_silence(house: House) -> None:
    await house.commit(silence())
    await house.alarms.escalate(LATER)
    assert len(await house.outbox()) == 3
    await house.commit(silence(What.ENDED))
    await house.alarms.escalate(LATER + ACK)
    assert len(await house.outbox()) == 3


async def test_a_doctor_who_cannot_be_reached_is_not_waited_for(house: House) -> None:
    await house.commit(low_spo2())
    await house.execute(sa.update(deliveries).values(state=DeliveryState.FAILED))
    await house.alarms.escalate(NOON + timedelta(seconds=1))
    assert (1, "user:operator") in await steps(house)


async def test_the_time_to_answer_runs_from_the_telling_and_not_from_an_old_receipt(house: House) -> None:
    house.now = NOON + timedelta(hours=2)
    await house.commit(low_spo2(at=NOON))
    await house.alarms.escalate(house.now + ACK - timedelta(seconds=1))
    assert len(await house.outbox()) == 1
    await house.alarms.escalate(house.now + ACK)
    assert len(await house.outbox()) == 3


async def test_alarms_that_nobody_can_be_told_are_counted_until_a_telephone_is_on_record(house: House) -> None:
    await house.execute(sa.update(users).values(phone=None))
    await house.commit(low_spo2())
    await house.alarms.escalate(NOON)
    assert house.alarms.unreachable == 1
    assert await house.outbox() == []
    await house.execute(sa.update(users).where(users.c.id == "operator").values(phone="+8613800000003"))
    await house.alarms.escalate(NOON + timedelta(seconds=1))
    assert house.alarms.unreachable == 0
    assert await steps(house) == [(0, "user:operator")]


async def test_the_view_says_who_was_told_and_who_is_next(house: House) -> None:
    await house.commit(low_spo2())
    [view] = await house.alarms.of_patient(DOCTOR, "patient")
    assert [(told.to, told.channel, told.state) for told in view.told] == [("李医生", "sms", "queued")]
    assert view.next is not None
    assert (view.next.to, view.next.at) == ("前台", LATER)
    assert view.limit is not None
    assert (view.limit.below, view.limit.for_s) == (90, 15)
    assert view.patient.name == "王小明"
    assert view.device_id == DEVICE
    await house.alarms.escalate(LATER)
    [view] = await house.alarms.of_patient(DOCTOR, "patient")
    assert view.next is None
    assert len(view.told) == 3


async def test_a_delivery_that_changed_is_shown_with_its_alarm(house: House) -> None:
    await house.commit(low_spo2())
    [delivery] = await house.outbox()
    house.told.clear()
    await house.pages.delivery_changed(delivery)
    assert house.told == [
        "outbox",
        "patient:patient",
        "alarms:doctor",
        *sorted(t for t in house.told if "session" in t),
    ]


async def test_the_newest_alarm_comes_first_and_resolved_ones_stay(house: House) -> None:
    await house.commit(silence())
    await house.commit(silence(What.ENDED))
    await house.commit(low_spo2(at=later(1)))
    views = await house.alarms.of_patient(DOCTOR, "patient")
    assert [view.state for view in views] == ["active", "resolved"]


def later(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)
