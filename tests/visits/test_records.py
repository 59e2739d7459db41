"""Notes in versions and consent to the exact text, on both databases."""

import asyncio

import pytest

from server.clinic.errors import NotFound
from server.store import tables
from server.visits.errors import NoteChanged, NoticeChanged
from server.visits.note import Edit
from server.visits.notice import Agreed, notice
from server.visits.visit import Outcome
from tests.clinic.house import LI, NOW, OPERATOR, ZHAO, House, at


async def test_every_version_of_a_note_stays(house: House) -> None:
    visit_id, _ = await house.in_visit()
    for version, body in enumerate(("Cough.", "Cough and fever.", "Cough, fever since Monday.")):
        note = await house.records.write_note(LI, visit_id, Edit(body, version), at(60 + version))
        assert note.version == version + 1
    kept = await house.table(tables.notes, tables.notes.c.version)
    assert [(row.version, row.body, row.author_id) for row in kept] == [
        (1, "Cough.", LI.id),
        (2, "Cough and fever.", LI.id),
        (3, "Cough, fever since Monday.", LI.id),
    ]
    shown = (await house.read.visit(LI, visit_id)).note
    assert shown is not None
    assert (shown.body, shown.version, shown.written_at) == ("Cough, fever since Monday.", 3, at(62))
    assert (await house.audited()).count("note.written") == 3


async def test_of_two_windows_the_later_save_is_told_and_nothing_is_overwritten(house: House) -> None:
    visit_id, _ = await house.in_visit()
    results = await asyncio.gather(
        *(house.records.write_note(LI, visit_id, Edit(body, 0), at(60)) for body in ("Cough.", "Fever.")),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Note", "NoteChanged"]
    assert len(await house.table(tables.notes)) == 1
    with pytest.raises(NoteChanged):
        await house.records.write_note(LI, visit_id, Edit("Again.", 0), at(61))


async def test_the_same_save_again_is_kept_once(house: House) -> None:
    visit_id, _ = await house.in_visit()
    saves = [await house.records.write_note(LI, visit_id, Edit("Cough.", 0), at(second)) for second in (60, 61)]
    assert saves[0] == saves[1]
    assert len(await house.table(tables.notes)) == 1
    assert (await house.audited()).count("note.written") == 1


async def test_a_note_can_be_written_after_the_end(house: House) -> None:
    visit_id, _ = await house.in_visit()
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    assert (await house.records.write_note(LI, visit_id, Edit("Seen.", 0), at(61))).version == 1


async def test_a_strangers_note_is_not_found(house: House) -> None:
    visit_id, _ = await house.in_visit(LI)
    for who, which in ((ZHAO, visit_id), (OPERATOR, visit_id), (LI, "nowhere")):
        with pytest.raises(NotFound, match="no such visit"):
            await house.records.write_note(who, which, Edit("Cough.", 0), NOW)
    assert await house.table(tables.notes) == []


async def test_consent_keeps_version_hash_language_and_the_first_moment(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, consented=False)
    text = notice("en")
    house.told.clear()
    for seconds in (1, 2):
        await house.records.consent(ticket_id, Agreed(text.version, text.sha256, "en"), at(seconds))
    [kept] = await house.table(tables.consents)
    assert (kept.ticket_id, kept.text_id, kept.text_version) == (ticket_id, "risk-notice", text.version)
    assert (kept.text_sha256, kept.locale, kept.agreed_at) == (text.sha256, "en", at(1))
    assert (await house.read.my_ticket(ticket_id)).consented
    assert {f"session:{session_id}", f"ticket:{ticket_id}"} <= set(house.told)
    assert (await house.audited()).count("consent.given") == 1


async def test_another_text_is_not_agreed_to(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, consented=False)
    with pytest.raises(NoticeChanged):
        await house.records.consent(ticket_id, Agreed("0", notice("en").sha256, "en"), NOW)
    with pytest.raises(NoticeChanged):
        await house.records.consent(ticket_id, Agreed(notice("en").version, notice("en").sha256, "zh-CN"), NOW)
    assert not (await house.read.my_ticket(ticket_id)).consented


async def test_nobody_consents_for_a_ticket_that_does_not_exist(house: House) -> None:
    with pytest.raises(NotFound):
        await house.agree("nobody")
