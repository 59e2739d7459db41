"""A visit is advice until the doctor attests an earlier diagnosis; under six a guardian and a specialist are there."""

from dataclasses import replace
from datetime import date

import pytest

from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.store import tables
from server.visits.attestation import Evidence
from server.visits.errors import InvalidAttestation, NotInVisit, VisitOver
from server.visits.policy.pack import Care
from server.visits.policy.packs import NONE
from server.visits.visit import Outcome
from tests.clinic.house import LI, NOW, OPERATOR, WANG, ZHAO, House, at
from tests.visits.documents.samples import photograph
from tests.visits.surgery import Surgery

NOTE = Evidence(None, "Discharge letter of 2026-03, seen on paper")


async def rules(surgery: Surgery, visit_id: str, doctor: Principal = LI) -> list[str]:
    return [refused.rule for refused in (await surgery.read.visit(doctor, visit_id)).care.refused]


async def test_a_visit_is_advice_until_an_earlier_diagnosis_is_attested(house: House) -> None:
    surgery = Surgery(house)
    visit_id, ticket_id = await house.in_visit()
    care = (await surgery.read.visit(LI, visit_id)).care
    assert (care.level, care.may_prescribe, care.policy) == (Care.ADVICE_ONLY, False, "cn-2022/1")
    assert [(refused.rule, refused.article[-7:]) for refused in care.refused] == [("prior-diagnosis", "Art. 16")]
    document_id = await surgery.hand_in(ticket_id, photograph())
    await surgery.attestations.prior_diagnosis(LI, visit_id, Evidence(document_id, None), at(9))
    visit = await surgery.read.visit(LI, visit_id)
    assert (visit.care.level, visit.care.may_prescribe, visit.care.refused) == (Care.TREATMENT, True, [])
    assert visit.prior_diagnosis is not None
    assert visit.prior_diagnosis.document_id == document_id
    [row] = await house.table(tables.prior_diagnoses)
    [document] = await house.table(tables.documents)
    assert (row.document_sha256, row.attested_by, row.policy) == (document.sha256, LI.id, "cn-2022/1")
    assert "prior_diagnosis.attested" in await house.audited()


async def test_what_was_seen_otherwise_is_noted(house: House) -> None:
    surgery = Surgery(house)
    visit_id, _ = await house.in_visit()
    await surgery.attestations.prior_diagnosis(LI, visit_id, NOTE, at(9))
    assert await rules(surgery, visit_id) == []


async def test_only_a_document_of_this_visit_counts(house: House) -> None:
    surgery = Surgery(house)
    visit_id, ticket_id = await house.in_visit()
    [other] = await house.waiting(await house.session(ZHAO))
    foreign = await surgery.hand_in(other, photograph())
    own = await surgery.hand_in(ticket_id, photograph(), at(6))
    for document_id in (foreign, "nothing"):
        with pytest.raises(NotFound):
            await surgery.attestations.prior_diagnosis(LI, visit_id, Evidence(document_id, None), at(9))
    assert await rules(surgery, visit_id) == ["prior-diagnosis"]
    await surgery.attestations.prior_diagnosis(LI, visit_id, Evidence(own, None), at(10))


@pytest.mark.parametrize(
    "seen", [Evidence(None, None), Evidence("x", "y"), Evidence(None, " "), Evidence(None, "x" * 501)]
)
async def test_evidence_is_one_thing_and_not_empty(house: House, seen: Evidence) -> None:
    surgery = Surgery(house)
    visit_id, _ = await house.in_visit()
    with pytest.raises(InvalidAttestation):
        await surgery.attestations.prior_diagnosis(LI, visit_id, seen, at(9))


async def test_only_the_visits_own_doctor_attests_and_only_while_it_runs(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    with pytest.raises(NotInVisit):
        await surgery.attestations.prior_diagnosis(LI, visit_id, NOTE, at(1))
    await house.visits.answer(ticket_id, at(2))
    with pytest.raises(NotFound):
        await surgery.attestations.prior_diagnosis(ZHAO, visit_id, NOTE, at(3))
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    with pytest.raises(VisitOver):
        await surgery.attestations.guardian(LI, visit_id, "李芳", present=True, now=at(61))


async def child_in_visit(house: House, surgery: Surgery) -> str:
    session_id = await house.session()
    child = replace(WANG, birth_date=date(2020, 11, 22))  # six tomorrow
    ticket_id = await house.clinic.book(OPERATOR, session_id, child, NOW)
    await house.clinic.arrive(ticket_id, NOW)
    await house.agree(ticket_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    await house.visits.answer(ticket_id, at(5))
    await surgery.attestations.prior_diagnosis(LI, visit_id, NOTE, at(6))
    return visit_id


async def test_under_six_a_guardian_is_named_and_there(house: House) -> None:
    surgery = Surgery(house)
    await surgery.papers(childrens=True)
    visit_id = await child_in_visit(house, surgery)
    assert await rules(surgery, visit_id) == ["guardian-present"]
    await surgery.attestations.guardian(LI, visit_id, " 李  芳 ", present=True, now=at(7))
    assert await rules(surgery, visit_id) == []
    guardian = (await surgery.read.visit(LI, visit_id)).guardian
    assert guardian is not None
    assert guardian.name == "李 芳"
    await surgery.attestations.guardian(LI, visit_id, "李芳", present=False, now=at(8))
    assert await rules(surgery, visit_id) == ["guardian-present"]


async def test_under_six_the_doctor_is_of_a_childrens_department(house: House) -> None:
    surgery = Surgery(house)
    await surgery.papers(childrens=False)
    visit_id = await child_in_visit(house, surgery)
    await surgery.attestations.guardian(LI, visit_id, "李芳", present=True, now=at(7))
    assert await rules(surgery, visit_id) == ["specialist-for-young-children"]


async def test_a_guardian_has_a_name(house: House) -> None:
    surgery = Surgery(house)
    visit_id, _ = await house.in_visit()
    for name in ("", "123", "\u202eLi", "x" * 61):
        with pytest.raises(InvalidAttestation):
            await surgery.attestations.guardian(LI, visit_id, name, present=True, now=at(7))


async def test_under_the_pack_none_every_visit_may_be_treatment(house: House) -> None:
    surgery = Surgery(house, NONE)
    visit_id, _ = await house.in_visit()
    assert (await surgery.read.visit(LI, visit_id)).care.may_prescribe
