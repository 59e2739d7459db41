"""Who wears what: one wearer a device, no limits for the young, nothing of the last patient for the next."""

import asyncio
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from devices.alarms import What
from devices.evaluate import Evaluator
from server.access.principal import Principal
from server.monitoring.associations import Wish
from server.monitoring.errors import DeviceWorn, NobodyResponsible, NotFound, ProfileNotApplicable
from server.store.journal import partition_of
from server.store.tables import associations, messages
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, House, lost, low_spo2

ADULT = date(1990, 1, 1)
PROFILE = "adult-continuous"


async def test_a_worn_device_is_refused_without_a_word_about_the_wearer(house: House) -> None:
    await house.add_patient("other", ADULT, "赵钱孙")
    await house.book("other", FOREIGN)
    with pytest.raises(DeviceWorn) as refused:
        await house.associations.associate(FOREIGN, Wish("other", DEVICE, PROFILE), NOON)
    assert "王小明" not in str(refused.value)
    assert "patient" not in str(refused.value)


async def test_two_at_once_and_only_one_wears_it(house: House) -> None:
    await house.add_patient("other", ADULT)
    await house.book("other", DOCTOR)
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    results = await asyncio.gather(
        *(house.associations.associate(DOCTOR, Wish(who, "pulse-1", None), NOON) for who in ("patient", "other")),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results].count("DeviceWorn") == 1
    open_now = sa.select(associations).where(associations.c.device_id == "pulse-1", associations.c.until_at.is_(None))
    assert len(await house.rows(open_now)) == 1


@pytest.mark.parametrize(("who", "patient"), [(FOREIGN, "patient"), (ADMIN, "patient"), (DOCTOR, "nobody")])
async def test_a_foreign_patient_is_a_missing_one(house: House, who: Principal, patient: str) -> None:
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    with pytest.raises(NotFound):
        await house.associations.associate(who, Wish(patient, "pulse-1", None), NOON)
    with pytest.raises(NotFound):
        await house.associations.dissociate(who, patient, DEVICE, NOON)


async def test_an_unknown_or_revoked_device_is_not_found(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    await house.devices.revoke(OPERATOR.actor, "pulse-1", NOON)
    for device in ("pulse-1", "never-seen"):
        with pytest.raises(NotFound):
            await house.associations.associate(DOCTOR, Wish("patient", device, None), NOON)


@pytest.mark.parametrize(("born", "fits"), [(date(2008, 11, 21), True), (date(2008, 11, 22), False)])
async def test_limits_for_adults_begin_on_the_eighteenth_birthday(house: House, born: date, fits: bool) -> None:
    await house.add_patient("young", born)
    await house.book("young", DOCTOR)
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    wish = Wish("young", "pulse-1", PROFILE)
    if fits:
        assert (await house.associations.associate(DOCTOR, wish, NOON)).profile == PROFILE
        return
    with pytest.raises(ProfileNotApplicable) as refused:
        await house.associations.associate(DOCTOR, wish, NOON)
    assert refused.value.reason == "under_18"
    assert (await house.associations.associate(DOCTOR, Wish("young", "pulse-1", None), NOON)).profile is None


async def test_the_birthday_is_the_hospitals_and_not_greenwichs(house: House) -> None:
    await house.add_patient("young", date(2008, 11, 22))
    await house.book("young", DOCTOR)
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    past_midnight_in_shanghai = NOON + timedelta(hours=5)
    wish = Wish("young", "pulse-1", PROFILE)
    assert (await house.associations.associate(DOCTOR, wish, past_midnight_in_shanghai)).profile == PROFILE


async def test_an_unknown_profile_is_refused(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    with pytest.raises(ProfileNotApplicable):
        await house.associations.associate(DOCTOR, Wish("patient", "pulse-1", "no-such-profile"), NOON)


async def test_what_an_operator_associates_is_answered_for_by_the_patients_doctor(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    await house.associations.associate(OPERATOR, Wish("patient", "pulse-1", None), NOON)
    query = sa.select(associations.c.responsible_id).where(associations.c.device_id == "pulse-1")
    assert [row.responsible_id for row in await house.rows(query)] == ["doctor"]


async def test_a_patient_whom_no_doctor_knows_is_not_monitored(house: House) -> None:
    await house.add_patient("stray", ADULT)
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    with pytest.raises(NobodyResponsible):
        await house.associations.associate(OPERATOR, Wish("stray", "pulse-1", None), NOON)


async def test_what_was_held_from_now_on_is_adopted_and_what_the_last_wearer_sent_is_not(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "pulse-1", "脉搏仪", NOON)
    before = await house.hear(NOON - timedelta(seconds=1), 79, device_id="pulse-1")
    after = await house.hear(NOON + timedelta(seconds=1), 97, device_id="pulse-1")
    await house.execute(sa.update(messages).where(messages.c.device_id == "pulse-1").values(patient_id=None))
    await house.associations.associate(DOCTOR, Wish("patient", "pulse-1", None), NOON)
    rows = await house.rows(sa.select(messages.c.id, messages.c.patient_id, messages.c.position))
    assert {row.id: row.patient_id for row in rows} == {before: None, after: "patient"}
    assert [row.position for row in rows if row.id == after] == [1]


async def test_ending_resolves_what_only_waits_to_be_seen_of_this_device_and_nothing_else(house: House) -> None:
    await house.commit(low_spo2(), lost(), lost(What.ENDED))
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    states = {record.episode.condition: record.episode.state for record in await house.records()}
    assert states == {"spo2.low": "active", f"gap:{DEVICE}": "resolved"}
    assert "resolved" in await house.kinds()
    assert (await house.audited())[-1] == "device.dissociated"
    assert "patient:patient" in house.told


async def test_a_device_that_is_put_on_again_at_once_and_stays_silent_is_not_forgotten(house: House) -> None:
    """Between two ticks of evaluation, which thinks that it has said so: what it finds to be over, it ends itself."""
    clock = [NOON]
    evaluator = Evaluator(house.recorder, lambda: clock[0], partition_of)
    await evaluator.begin()
    clock[0] = NOON + timedelta(seconds=121)
    await evaluator.tick()
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, clock[0])
    await house.associations.associate(DOCTOR, Wish("patient", DEVICE, PROFILE), clock[0])
    clock[0] += timedelta(seconds=300)
    await evaluator.tick()
    assert [one.episode.state for one in await house.records() if one.episode.state != "resolved"] == ["active"]


async def test_what_a_second_device_says_too_outlives_the_first(house: House) -> None:
    """``refused:spo2`` is one alarm of the patient, whichever device's readings are refused."""
    await house.devices.add(OPERATOR.actor, "oxi-2", "血氧仪二", NOON)
    await house.associations.associate(DOCTOR, Wish("patient", "oxi-2", PROFILE), NOON)
    clock = [NOON]
    evaluator = Evaluator(house.recorder, lambda: clock[0], partition_of)
    await evaluator.begin()
    for device in (DEVICE, "oxi-2"):
        await house.refuse(device)
    await evaluator.tick()
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    await evaluator.tick()
    assert [one.episode.state for one in await house.records()] == ["active"]


async def test_ended_is_ended_and_the_device_is_free_for_the_next(house: House) -> None:
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    with pytest.raises(NotFound):
        await house.associations.dissociate(DOCTOR, "patient", DEVICE, NOON)
    await house.add_patient("other", ADULT)
    await house.book("other", FOREIGN)
    worn = await house.associations.associate(FOREIGN, Wish("other", DEVICE, None), NOON)
    assert worn.patient is not None
    assert worn.patient.id == "other"


async def test_who_associated_what_is_audited_by_id(house: House) -> None:
    assert (await house.audited())[-1] == "device.associated"


async def test_what_comes_when_the_device_is_off_is_said_to_be_unjudged_to_who_answered_for_it(house: House) -> None:
    house.now = NOON + timedelta(hours=1)
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, house.now)
    evaluator = Evaluator(house.recorder, lambda: house.now, partition_of)
    await evaluator.begin()
    house.now += timedelta(minutes=5)
    await house.receive(97, NOON + timedelta(minutes=10))
    await house.receive(70, NOON + timedelta(minutes=11))
    await evaluator.tick()
    [record] = await house.records()
    assert (record.episode.condition, record.episode.priority) == (f"unjudged:{DEVICE}", "high")
    assert {letter.recipient for letter in await house.outbox()} == {"user:doctor"}
    house.now += timedelta(minutes=1)
    await evaluator.tick()
    assert (await house.records())[0].episode.state == "ended"
