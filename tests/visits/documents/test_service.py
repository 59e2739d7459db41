"""Documents of a ticket: taken from its patient, read by its visits' doctors, kept once a doctor may have seen them."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from server.access.errors import TooManyTries
from server.clinic.errors import NotFound, TicketOver
from server.store import tables
from server.store.visits import VisitQueries
from server.visits.documents.errors import ActiveDocument, TooManyDocuments, UnknownKind, VisitBegun
from server.visits.documents.service import MOST_A_TICKET, READ_AT_ONCE
from server.visits.policy.errors import PolicyRefused
from server.visits.policy.packs import NONE
from server.visits.visit import Outcome
from tests.clinic.house import LI, NOW, OPERATOR, ZHAO, House, at
from tests.visits.documents.samples import CAMERA, photograph, report, stream, telephones_photograph
from tests.visits.surgery import Surgery

HALF_MINUTE = timedelta(seconds=30)


async def test_a_photograph_is_kept_made_anew_and_read_by_the_visits_doctor(house: House) -> None:
    surgery = Surgery(house)
    visit_id, ticket_id = await house.in_visit()
    document_id = await surgery.hand_in(ticket_id, telephones_photograph())
    document = await surgery.documents.read(LI, document_id, at(9))
    assert (document.media_type, CAMERA.encode() in document.content) == ("image/jpeg", False)
    shown = (await surgery.read.visit(LI, visit_id)).documents
    assert [(each.id, each.size) for each in shown] == [(document_id, len(document.content))]
    assert (await surgery.read.my_ticket(ticket_id)).documents == shown
    assert {"document.uploaded", "document.read"} <= set(await house.audited())


async def test_a_report_is_kept_as_it_came(house: House) -> None:
    surgery = Surgery(house)
    _, ticket_id = await house.in_visit()
    document = await surgery.documents.read(LI, await surgery.hand_in(ticket_id, report()), at(9))
    assert (document.media_type, document.content) == ("application/pdf", report())


async def test_nobody_else_reads_it(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    document_id = await surgery.hand_in(ticket_id, photograph())
    for nobody in (LI, ZHAO, OPERATOR):  # not even its doctor to be, before the call
        with pytest.raises(NotFound):
            await surgery.documents.read(nobody, document_id, NOW)
    await house.calls.call_next(LI, session_id, at(1))
    await surgery.documents.read(LI, document_id, at(2))
    with pytest.raises(NotFound):
        await surgery.documents.read(ZHAO, document_id, at(2))


async def test_before_the_visit_the_patient_takes_it_back_whole(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    ticket_id, other = await house.waiting(session_id, 2)
    document_id = await surgery.hand_in(ticket_id, photograph())
    with pytest.raises(NotFound):
        await surgery.documents.remove(other, document_id, at(1))
    assert await surgery.kept() == {document_id}
    await surgery.documents.remove(ticket_id, document_id, at(2))
    assert await surgery.kept() == set()
    assert (await surgery.read.my_ticket(ticket_id)).documents == []
    [row] = await house.table(tables.documents)
    assert row.removed_at == at(2), "that it was there stays"
    with pytest.raises(NotFound):
        await surgery.documents.remove(ticket_id, document_id, at(3))


async def test_once_the_visit_has_begun_the_clock_of_the_record_refuses_by_name(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    document_id = await surgery.hand_in(ticket_id, photograph())
    visit_id = await house.calls.call_next(LI, session_id, at(1))
    await house.visits.answer(ticket_id, at(2))
    with pytest.raises(PolicyRefused) as refused:
        await surgery.documents.remove(ticket_id, document_id, at(3))
    assert (refused.value.rule, "Art. 20" in refused.value.article) == ("record-kept-15-years", True)
    # A technical failure puts the patient back into the line: what the doctor has seen stays all the same.
    await house.visits.end(LI, visit_id, Outcome.TECHNICAL_FAILURE, at(4))
    with pytest.raises(PolicyRefused):
        await surgery.documents.remove(ticket_id, document_id, at(5))
    later = await surgery.hand_in(ticket_id, photograph(), at(6))
    await surgery.documents.remove(ticket_id, later, at(7))
    assert await surgery.kept() == {document_id}


async def test_without_a_law_what_the_doctor_saw_stays_too(house: House) -> None:
    surgery, session_id = Surgery(house, NONE), await house.session()
    [ticket_id] = await house.waiting(session_id)
    document_id = await surgery.hand_in(ticket_id, photograph())
    await house.calls.call_next(LI, session_id, at(1))
    await house.visits.answer(ticket_id, at(2))
    with pytest.raises(VisitBegun):
        await surgery.documents.remove(ticket_id, document_id, at(3))


async def test_what_is_refused_leaves_nothing(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    for wrong, error in (
        (b"<html>", UnknownKind),
        (report(stream(b"<</S/JavaScript>>")), ActiveDocument),
    ):
        with pytest.raises(error):
            await surgery.hand_in(ticket_id, wrong)
    assert await surgery.kept() == set()
    assert "document.uploaded" not in await house.audited()


async def test_a_ticket_takes_so_many_and_no_more_even_at_once(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    for number in range(MOST_A_TICKET - 1):
        await surgery.hand_in(ticket_id, photograph(), NOW + number * HALF_MINUTE)
    later = NOW + timedelta(hours=1)
    asked = (surgery.hand_in(ticket_id, photograph(), later) for _ in range(4))
    found = Counter(type(result) for result in await asyncio.gather(*asked, return_exceptions=True))
    assert found == {str: 1, TooManyDocuments: 3}
    assert len(await surgery.kept()) == MOST_A_TICKET


async def test_where_there_is_no_room_nothing_is_read(house: House) -> None:
    surgery = Surgery(house)
    visit_id, ticket_id = await house.in_visit()
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    with pytest.raises(TicketOver):
        await surgery.hand_in(ticket_id, photograph())
    with pytest.raises(NotFound):
        await surgery.hand_in("nobody", photograph())
    assert surgery.handed == []


async def test_who_sends_and_removes_without_end_is_slowed_down(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    for _ in range(MOST_A_TICKET):
        await surgery.documents.remove(ticket_id, await surgery.hand_in(ticket_id, photograph()), NOW)
    with pytest.raises(TooManyTries):
        await surgery.hand_in(ticket_id, photograph())


async def test_who_sends_slowly_holds_up_the_own_ticket_and_nobody_else(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    slow, other = await house.waiting(session_id, 2)
    sending, asked = asyncio.Event(), list[int]()

    async def slowly() -> bytes:
        asked.append(1)
        await sending.wait()
        return photograph()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(READ_AT_ONCE + 1):
            tasks.create_task(surgery.documents.upload(slow, slowly, NOW))
        await surgery.hand_in(other, photograph())
        assert len(asked) == 1, "one at a time is read of a ticket"
        sending.set()
    assert len(await surgery.kept()) == READ_AT_ONCE + 2


async def test_in_another_line_the_patient_still_has_them_and_the_new_doctor_reads_them(house: House) -> None:
    surgery, session_id, other = Surgery(house), await house.session(), await house.session(ZHAO)
    [ticket_id] = await house.waiting(session_id)
    document_id = await surgery.hand_in(ticket_id, photograph())
    await surgery.preparations.complain(ticket_id, "Cough", NOW)
    [new] = await house.waiting(other, consented=False)
    async with house.store.write(VisitQueries) as tx:
        await tx.carry_over(ticket_id, new, at(9))
    assert [each.id for each in (await surgery.read.my_ticket(new)).documents] == [document_id]
    visit_id = await house.calls.call_next(ZHAO, other, at(10))
    await surgery.documents.read(ZHAO, document_id, at(11))
    assert (await surgery.read.visit(ZHAO, visit_id)).complaint == "Cough"
