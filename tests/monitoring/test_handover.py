"""Whose patients' alarms have lost their doctor, and who takes them over: on both databases."""

import asyncio
from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from server.access.principal import Principal
from server.access.roles import Role
from server.monitoring.associations import Wish
from server.monitoring.errors import NotFound, TakenOver
from server.monitoring.handover import Handover, Unattended
from server.store.handover import HandoverLookQueries, HandoverQueries
from server.store.tables import associations, audit, departments, doctor_profiles, users
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, SENDER, House, low_spo2

OTHER = Principal(Role.DOCTOR, "other", "孙医生", "s5")


@pytest.fixture
def handover(house: House) -> Handover:
    begin, look = partial(house.store.write, HandoverQueries), partial(house.store.read, HandoverLookQueries)
    return Handover(begin, look, house.pages, SENDER)


async def hire(house: House, doctor: Principal) -> None:
    row = {"id": doctor.id, "login": doctor.id, "name": doctor.name, "role": "doctor", "password_hash": ""}
    await house.execute(sa.insert(users).values(**row, phone=None, locale="en", created_at=NOON))


async def department(house: House, name: str, *doctors: Principal) -> None:
    row = {"id": name, "name": name, "name_en": name, "childrens": False}
    await house.execute(sa.insert(departments).values(row))
    for doctor in doctors:
        profile = {"doctor_id": doctor.id, "department_id": name, "title": "", "title_en": "", "licence_no": ""}
        await house.execute(sa.insert(doctor_profiles).values(profile))


async def leaves(house: House, doctor: Principal = DOCTOR) -> None:
    await house.execute(sa.update(users).where(users.c.id == doctor.id).values(disabled_at=house.now))


async def responsible(house: House) -> set[str]:
    return {row.responsible_id for row in await house.rows(sa.select(associations.c.responsible_id))}


def told_of(found: list[Unattended]) -> list[tuple[str, int]]:
    return [(each.doctor.id, each.patients) for each in found]


async def test_who_works_has_nobody_unattended(house: House, handover: Handover) -> None:
    assert await handover.unattended(ADMIN) == []


async def test_patients_of_a_doctor_who_left_are_counted_once_each(house: House, handover: Handover) -> None:
    await department(house, "lungs", DOCTOR, FOREIGN)
    await house.devices.add(OPERATOR.actor, "second", "血氧仪", house.now)
    await house.associations.associate(DOCTOR, Wish("patient", "second", None), house.now)
    await house.add_patient("another", date(1970, 1, 1))
    await house.book("another", DOCTOR)
    await house.devices.add(OPERATOR.actor, "third", "血氧仪", house.now)
    await house.associations.associate(DOCTOR, Wish("another", "third", None), house.now)
    await leaves(house)
    for who in (FOREIGN, OPERATOR, ADMIN):
        [each] = await handover.unattended(who)
        assert (each.doctor.id, each.department and each.department.name, each.patients) == ("doctor", "lungs", 2)


async def test_another_department_sees_nothing_and_takes_nothing(house: House, handover: Handover) -> None:
    await department(house, "lungs", DOCTOR)
    await department(house, "heart", FOREIGN)
    await leaves(house)
    assert await handover.unattended(FOREIGN) == []
    with pytest.raises(NotFound):
        await handover.take_over(FOREIGN, "doctor", None, house.now)
    assert await responsible(house) == {"doctor"}


async def test_a_colleague_takes_over_and_is_told_of_what_comes_next(house: House, handover: Handover) -> None:
    await department(house, "lungs", DOCTOR, FOREIGN)
    await house.commit(low_spo2())
    await leaves(house)
    await handover.take_over(FOREIGN, "doctor", None, house.now)
    assert await handover.unattended(ADMIN) == []
    assert {"alarms:foreign", "patient:patient", "outbox"} <= set(house.told)
    [alarm] = await house.alarms.of_patient(FOREIGN, "patient")  # the open one is this doctor's now, too
    assert alarm.condition == "spo2.low"
    house.now += timedelta(minutes=5)
    await house.alarms.escalate(house.now)
    assert "user:foreign" in {one.recipient for one in await house.outbox() if one.template == "alarm_unanswered"}


async def test_it_is_on_record_and_both_are_told_without_a_patients_name(house: House, handover: Handover) -> None:
    await department(house, "lungs", DOCTOR, FOREIGN)
    await leaves(house)
    await handover.take_over(FOREIGN, "doctor", None, house.now)
    [entry] = await house.rows(sa.select(audit).where(audit.c.action == "alarms.taken_over"))
    assert (entry.actor, entry.subject) == ("user:foreign", "patient:patient")
    assert entry.detail == {"from": "doctor", "to": "foreign"}
    letters = [one for one in await house.outbox() if one.template == "handover"]
    assert {one.recipient for one in letters} == {"user:doctor", "user:foreign"}
    assert all("李医生" in one.body and "赵医生" in one.body and "王" not in one.body for one in letters)


async def test_an_administrator_says_who_takes_over(house: House, handover: Handover) -> None:
    await hire(house, OTHER)
    await leaves(house)
    for nobody in (None, "none", "operator", "doctor"):
        with pytest.raises(NotFound):
            await handover.take_over(ADMIN, "doctor", nobody, house.now)
    await handover.take_over(ADMIN, "doctor", "other", house.now)
    assert await responsible(house) == {"other"}


async def test_nobody_takes_over_from_who_works_or_for_a_colleague(house: House, handover: Handover) -> None:
    await hire(house, OTHER)
    await department(house, "lungs", DOCTOR, FOREIGN, OTHER)
    with pytest.raises(NotFound):
        await handover.take_over(FOREIGN, "doctor", None, house.now)
    await leaves(house)
    with pytest.raises(NotFound):
        await handover.take_over(FOREIGN, "doctor", "other", house.now)


async def test_of_two_who_take_over_at_once_one_answers_for_the_patients(house: House, handover: Handover) -> None:
    await hire(house, OTHER)
    await department(house, "lungs", DOCTOR, FOREIGN, OTHER)
    await leaves(house)
    both = (handover.take_over(who, "doctor", None, house.now) for who in (FOREIGN, OTHER))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in done if each is not None] == [TakenOver]
    assert len(await responsible(house)) == 1


async def test_what_is_taken_off_and_over_stays_with_who_left(house: House, handover: Handover) -> None:
    """Only where an open alarm still waits for an answer is there something to take over."""
    await department(house, "lungs", DOCTOR, FOREIGN)
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, house.now)
    await leaves(house)
    assert told_of(await handover.unattended(ADMIN)) == []
    await house.commit(low_spo2())
    assert told_of(await handover.unattended(ADMIN)) == [("doctor", 1)]


async def test_a_page_watches_what_its_person_may_see_and_hears_of_a_take_over(
    house: House, handover: Handover
) -> None:
    await hire(house, OTHER)
    await department(house, "lungs", DOCTOR, FOREIGN)
    await department(house, "heart", OTHER)
    await leaves(house)
    [seen] = (await handover.topic(FOREIGN.id)).values()
    assert seen.doctor.id == "doctor"
    assert await handover.topic(OPERATOR.id) == await handover.topic(ADMIN.id) == {"doctor/doctor": seen}
    assert await handover.topic(OTHER.id) == {}
    await handover.take_over(FOREIGN, "doctor", None, house.now)
    assert "unattended" in house.told
    assert await handover.topic(FOREIGN.id) == {}
