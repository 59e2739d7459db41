"""Nobody receives patients without papers and a fresh second factor; who is not concerned learns nothing."""

from datetime import date, timedelta

import pytest

from server.clinic.errors import NotFound
from server.clinic.line import Pick
from server.clinic.session import SessionState
from server.store import tables
from server.visits.calls import OutOfTurn
from server.visits.policy.errors import PolicyRefused, StepUpNeeded
from server.visits.policy.packs import NONE
from tests.clinic.house import LI, NOW, OPERATOR, ZHAO, House
from tests.visits.surgery import Surgery


async def state(house: House, session_id: str) -> str:
    return str((await house.line.session(OPERATOR, session_id)).state)


async def test_with_papers_and_a_fresh_second_factor_the_session_opens(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session(opened=False)
    await surgery.papers()
    await surgery.signed_in(stepped_up_at=NOW - timedelta(minutes=9))
    await surgery.clinic.open_session(LI, session_id, NOW)
    assert await state(house, session_id) == SessionState.OPEN


async def test_without_a_profile_it_stays_shut_and_the_audit_says_why(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session(opened=False)
    await surgery.signed_in(stepped_up_at=NOW)
    with pytest.raises(PolicyRefused) as refused:
        await surgery.clinic.open_session(LI, session_id, NOW)
    assert (refused.value.rule, "Art. 25" in refused.value.article) == ("licence-valid", True)
    assert await state(house, session_id) == SessionState.PLANNED
    entries = [row for row in await house.table(tables.audit) if row.action == "session.opening_refused"]
    assert [entry.detail for entry in entries] == [{"policy": "cn-2022/1", "rule": "licence-valid"}]


async def test_a_licence_ends_at_midnight_of_the_hospitals_own_clock(house: House) -> None:
    """16:30 UTC is the next day in Hangzhou."""
    surgery, session_id = Surgery(house), await house.session(opened=False)
    await surgery.papers(licence_until=date(2026, 11, 21))
    late = NOW.replace(hour=16, minute=30)
    await surgery.signed_in(stepped_up_at=late)
    with pytest.raises(PolicyRefused):
        await surgery.clinic.open_session(LI, session_id, late)


@pytest.mark.parametrize("minutes", [None, 11])
async def test_the_second_factor_is_asked_for_where_it_is_stale_or_missing(house: House, minutes: int | None) -> None:
    surgery, session_id = Surgery(house), await house.session(opened=False)
    await surgery.papers()
    await surgery.signed_in(stepped_up_at=NOW - timedelta(minutes=minutes) if minutes else None)
    with pytest.raises(StepUpNeeded):
        await surgery.clinic.open_session(LI, session_id, NOW)


async def test_who_joins_a_session_is_asked_too(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    with pytest.raises(NotFound):
        await surgery.clinic.join_session(ZHAO, session_id, NOW)
    with pytest.raises(PolicyRefused):
        await surgery.clinic.join_session(LI, session_id, NOW)


async def test_of_a_foreign_session_nobody_learns_what_is_missing(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session(opened=False)
    for where in (session_id, "nothing"):
        with pytest.raises(NotFound):
            await surgery.clinic.open_session(ZHAO, where, NOW)


async def test_whose_session_a_colleague_opened_does_not_call_from_it_without_papers(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()  # open, and nobody asked its owner
    [ticket_id] = await house.waiting(session_id)
    for call in (
        surgery.calls.call_next(LI, session_id, NOW),
        surgery.calls.call(LI, OutOfTurn(ticket_id, Pick.CHOSEN, "心电图异常"), NOW),
    ):
        with pytest.raises(PolicyRefused):
            await call
    refused = [row.detail for row in await house.table(tables.audit) if row.action == "session.calling_refused"]
    assert refused == 2 * [{"policy": "cn-2022/1", "rule": "licence-valid"}]
    assert await house.table(tables.visits) == []


async def test_who_has_papers_calls_long_after_the_second_factor_until_the_licence_ends(house: House) -> None:
    surgery, session_id = Surgery(house), await house.session()
    await surgery.papers(licence_until=date(2026, 11, 21))
    await surgery.signed_in(stepped_up_at=NOW)
    _, second = await house.waiting(session_id, 2)
    await surgery.calls.call_next(LI, session_id, NOW + timedelta(hours=2))
    midnight = NOW.replace(hour=16)
    await house.visits.tick(midnight)
    with pytest.raises(PolicyRefused):
        await surgery.calls.call(LI, OutOfTurn(second, Pick.CHOSEN, "心电图异常"), midnight)


async def test_under_the_pack_none_everybody_opens(house: House) -> None:
    surgery, session_id = Surgery(house, NONE), await house.session(opened=False)
    await surgery.clinic.open_session(LI, session_id, NOW)
    assert await state(house, session_id) == SessionState.OPEN
