"""Who is booked: somebody new, or one whom the hospital knows. The pure part, and whole bookings on both databases."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from server.clinic.errors import NotFound
from server.clinic.recognition import MOST_SHOWN, SOMEBODY_NEW, UNSAID, Claim, Identity, KnownPatient, identify
from server.patients.known import Register
from server.patients.patient import InvalidPatient, Patient, PatientDetails, Sex
from server.store import tables
from tests.clinic.house import LI, NOW, OPERATOR, WANG, ZHAO, House, at

KNOWN = Patient("w", "王小明", Sex.MALE, date(1961, 3, 4), "+8613812345678", "zh-CN", "w@example.org")
TYPED = replace(KNOWN, id="typed", name="王 小明", email=None)


def test_an_unknown_person_is_new() -> None:
    assert identify(TYPED, UNSAID, Register()) == Identity(TYPED)


def test_somebody_alike_is_not_booked_before_it_is_said_who_it_is() -> None:
    with pytest.raises(KnownPatient) as refused:
        identify(TYPED, UNSAID, Register([KNOWN]))
    assert list(refused.value.alike) == ["w"]
    assert identify(TYPED, SOMEBODY_NEW, Register([KNOWN])) == Identity(TYPED)


def test_the_one_who_is_meant_keeps_the_record_as_it_is() -> None:
    assert identify(TYPED, Claim("w"), Register([KNOWN])) == Identity(KNOWN, known=True)


def test_the_telephone_that_was_said_last_is_the_one() -> None:
    moved = replace(TYPED, phone="+8613900000000")
    now = replace(KNOWN, phone="+8613900000000")
    assert identify(moved, Claim("w"), Register([KNOWN])) == Identity(now, known=True, was=KNOWN)


def test_an_id_alone_opens_no_record() -> None:
    stranger = replace(KNOWN, id="s", name="李四", phone="+8613911111111")
    for claimed in ("s", "none"):
        with pytest.raises(NotFound):
            identify(TYPED, Claim(claimed), Register([KNOWN, stranger]))


async def issue(house: House, session_id: str, details: PatientDetails = WANG, claim: Claim = UNSAID) -> str:
    """The id of the patient who was booked."""
    issued = await house.clinic.issue(OPERATOR, session_id, details, NOW, claim=claim)
    return issued.who.patient.id


async def refused(house: House, session_id: str, details: PatientDetails = WANG) -> KnownPatient:
    with pytest.raises(KnownPatient) as refusal:
        await issue(house, session_id, details)
    return refusal.value


async def test_who_comes_again_is_booked_on_the_older_record(house: House) -> None:
    first, second = await house.session(), await house.session()
    patient_id = await issue(house, first)
    [candidate] = (await refused(house, second)).candidates
    assert (candidate.id, candidate.name, candidate.phone, candidate.same_phone) == (
        patient_id,
        "王小明",
        "•••5678",
        True,
    )
    assert (candidate.last_visit, candidate.serial) == (None, None)
    assert await issue(house, second, claim=Claim(candidate.id)) == patient_id
    assert [row.patient_id for row in await house.table(tables.tickets)] == [patient_id, patient_id]
    assert len(await house.table(tables.patients)) == 1


async def test_the_candidate_shows_the_last_visit_and_the_number_held_in_this_session(house: House) -> None:
    _, ticket_id = await house.in_visit()
    [ticket] = [row for row in await house.table(tables.tickets) if row.id == ticket_id]
    [candidate] = (await refused(house, ticket.session_id)).candidates
    assert (candidate.last_visit, candidate.serial) == (at(5), 1)


async def test_somebody_else_of_the_same_name_and_day_gets_an_own_record(house: House) -> None:
    session_id = await house.session()
    first = await issue(house, session_id)
    second = await issue(house, session_id, replace(WANG, phone="13900000000"), SOMEBODY_NEW)
    assert first != second
    both = (await refused(house, session_id)).candidates
    assert {(each.id, each.same_phone) for each in both} == {(first, True), (second, False)}


async def test_a_refusal_uses_no_number_and_is_kept(house: House) -> None:
    session_id = await house.session()
    await issue(house, session_id)
    await refused(house, session_id)
    await issue(house, session_id, claim=SOMEBODY_NEW)
    assert [row.serial for row in await house.rows(session_id)] == [1, 2]
    assert (await house.audited())[-3:] == ["ticket.booked", "patients.alike", "ticket.booked"]


async def test_how_the_patient_was_reached_before_is_kept(house: House) -> None:
    session_id = await house.session()
    patient_id = await issue(house, session_id, replace(WANG, email="w@example.org"))
    await issue(house, session_id, replace(WANG, phone="13900000000", locale="en"), Claim(patient_id))
    [patient], [former] = await house.table(tables.patients), await house.table(tables.former_contacts)
    assert (patient.phone, patient.locale, patient.email) == ("+8613900000000", "en", "w@example.org")
    assert (former.patient_id, former.phone, former.locale) == (patient_id, "+8613812345678", "zh-CN")
    assert (former.changed_by, former.until_at) == (OPERATOR.id, NOW)
    assert {row.address for row in await house.table(tables.deliveries)} == {former.phone, patient.phone}


async def test_two_who_book_an_unknown_person_at_once_do_not_make_two(house: House) -> None:
    first, second = await house.session(), await house.session()
    done = await asyncio.gather(issue(house, first), issue(house, second), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["KnownPatient", "str"]
    assert len(await house.table(tables.patients)) == 1


async def test_nor_do_two_servers(house: House) -> None:
    """Each with a group commit of its own, into sessions whose locks do not meet."""
    other = House(house.store)
    sessions = [await house.session() for _ in range(8)]
    asked = [issue((house, other)[index % 2], each) for index, each in enumerate(sessions)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in done].count(str) == 1
    assert len(await house.table(tables.patients)) == 1


async def test_a_session_of_somebody_else_tells_nothing(house: House) -> None:
    session_id = await house.session(LI)
    await issue(house, session_id)
    with pytest.raises(NotFound):
        await house.clinic.issue(ZHAO, session_id, WANG, NOW, claim=UNSAID)
    assert "patients.alike" not in await house.audited()


async def test_many_namesakes_do_not_hide_who_was_there_before(house: House) -> None:
    session_id = await house.session()
    seen = await issue(house, session_id)
    for number in range(MOST_SHOWN + 2):
        namesake = replace(WANG, phone=f"139{number:08d}")
        await house.clinic.issue(OPERATOR, session_id, namesake, at(1), claim=SOMEBODY_NEW)
    shown = (await refused(house, session_id)).candidates
    assert (len(shown), shown[0].id) == (MOST_SHOWN, seen)


async def test_what_cannot_be_is_said_before_who_it_is(house: House) -> None:
    session_id = await house.session()
    await issue(house, session_id)
    with pytest.raises(InvalidPatient):
        await issue(house, session_id, replace(WANG, phone="12"))
