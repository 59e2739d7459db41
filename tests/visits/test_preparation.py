"""What a patient says and tests before the call: kept, shown to the doctor and not to the desk, then left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.errors import TooManyTries
from server.clinic.errors import NotFound, TicketOver
from server.clinic.views import DeviceTestView
from server.visits.documents.errors import VisitBegun
from server.visits.errors import InvalidComplaint
from server.visits.preparation import LONGEST_COMPLAINT, UPLOADS_A_TICKET, checked_complaint
from server.visits.visit import Outcome
from tests.clinic.house import LI, NOW, OPERATOR, House, at
from tests.visits.surgery import Surgery

TESTED = DeviceTestView(camera=True, microphone=True, speaker=False, rtt_ms=42, kbps=1800, kbps_up=640, tested_at=NOW)


async def test_the_doctor_reads_the_complaint_in_the_line_and_in_the_visit(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    await surgery.preparations.complain(ticket_id, "  咳嗽三天\n夜间加重 ", NOW)
    await surgery.preparations.complain(ticket_id, "Cough, fever", at(1))
    assert [row.complaint for row in await house.rows(session_id)] == ["Cough, fever"]
    assert (await surgery.read.my_ticket(ticket_id)).complaint == "Cough, fever"
    visit_id = await house.calls.call_next(LI, session_id, at(2))
    assert (await surgery.read.visit(LI, visit_id)).complaint == "Cough, fever"


async def test_who_arranges_sees_the_device_test_and_no_complaint(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    await surgery.preparations.complain(ticket_id, "Cough", NOW)
    await surgery.preparations.tested(ticket_id, TESTED)
    [row] = (await house.line.line(OPERATOR, session_id)).tickets
    assert (row.complaint, row.device_test) == (None, TESTED)
    [row] = await house.rows(session_id)
    assert (row.complaint, row.device_test) == ("Cough", TESTED)


async def test_the_last_test_stands_and_those_who_watch_are_told(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    [ticket_id] = await house.waiting(session_id)
    house.told.clear()
    figures = {"rtt_ms": None, "kbps": None, "kbps_up": None}
    better = DeviceTestView(camera=True, microphone=True, speaker=True, **figures, tested_at=at(9))
    for test in (TESTED, better):
        await surgery.preparations.tested(ticket_id, test)
    assert (await surgery.read.my_ticket(ticket_id)).device_test == better
    assert {f"session:{session_id}", f"line:{session_id}", f"ticket:{ticket_id}"} <= set(house.told)


async def test_a_page_measures_its_way_up_a_few_times_and_not_for_ever(house: House) -> None:
    preparations = Surgery(house).preparations
    for _ in range(UPLOADS_A_TICKET.burst):
        preparations.admit_upload("a-ticket", NOW)
    with pytest.raises(TooManyTries):
        preparations.admit_upload("a-ticket", NOW)
    preparations.admit_upload("another", NOW)
    preparations.admit_upload("a-ticket", at(20))


async def test_once_the_visit_has_begun_the_complaint_stays(house: House) -> None:
    surgery = Surgery(house)
    visit_id, ticket_id = await house.in_visit()
    with pytest.raises(VisitBegun):
        await surgery.preparations.complain(ticket_id, "Something else", at(9))
    await surgery.preparations.tested(ticket_id, TESTED)
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    with pytest.raises(TicketOver):
        await surgery.preparations.tested(ticket_id, TESTED)
    with pytest.raises(NotFound):
        await surgery.preparations.complain("nobody", "Cough", NOW)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 501, "a\0b", "a\u202eb\x07", "\ud800"])
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidComplaint):
        checked_complaint(text)


@given(st.text(max_size=600))
def test_what_is_taken_is_clean_and_stays_as_it_is(text: str) -> None:
    try:
        told = checked_complaint(text)
    except InvalidComplaint:
        return
    assert 1 <= len(told) <= LONGEST_COMPLAINT
    assert checked_complaint(told) == told
