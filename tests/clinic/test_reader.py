"""What is shown of the clinic, and to whom."""

from datetime import timedelta

import pytest

from server.clinic.errors import NotFound
from server.clinic.lines import NewUrgency
from server.clinic.session import SessionState
from server.clinic.ticket import TicketState, Urgency
from server.store import tables
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, STAFF, WANG, ZHAO, House, patient_of


async def test_a_doctor_sees_the_own_sessions_of_today_and_operators_all(house: House) -> None:
    own, other = await house.session(LI), await house.session(ZHAO)
    await house.session(LI, opened=False, opens_at=NOW + timedelta(days=1))
    await house.session(LI, opened=False, opens_at=NOW - timedelta(days=1))
    assert [session.id for session in await house.line.sessions_today(LI, NOW)] == [own]
    for who in (OPERATOR, ADMIN):
        assert {session.id for session in await house.line.sessions_today(who, NOW)} == {own, other}


async def test_today_is_the_hospitals_day(house: House) -> None:
    after_midnight = NOW.replace(hour=16)  # 00:00 of the 22nd in Hangzhou
    session_id = await house.session(LI, opened=False, opens_at=after_midnight)
    assert await house.line.sessions_today(LI, NOW) == []
    found = await house.line.sessions_today(LI, after_midnight)
    assert [session.id for session in found] == [session_id]


async def test_a_session_left_open_yesterday_is_still_there(house: House) -> None:
    session_id = await house.session(LI, opens_at=NOW - timedelta(days=1))
    assert [session.id for session in await house.line.sessions_today(LI, NOW)] == [session_id]


async def test_hours_over_midnight_can_be_opened_after_midnight(house: House) -> None:
    """NOW is noon in Hangzhou; the hours are 22:00 to 02:00, and the doctor comes at half past midnight."""
    midnight = NOW.replace(hour=16)
    opens_at = midnight - timedelta(hours=2)
    night = await house.session(LI, opened=False, opens_at=opens_at)
    for moment in (midnight - timedelta(minutes=1), midnight + timedelta(minutes=30)):
        assert [session.id for session in await house.line.sessions_today(LI, moment)] == [night]
    assert await house.line.sessions_today(LI, midnight + timedelta(days=1)) == []


async def test_a_session_counts_the_booked_and_the_waiting(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 2)
    await house.clinic.book(LI, session_id, WANG, NOW)
    [session] = await house.line.sessions_today(LI, NOW)
    assert (session.booked, session.waiting, session.state) == (3, 2, SessionState.OPEN)
    assert (session.doctor.name, session.title) == ("李医生", "Respiratory")
    assert session == (await house.line.line(LI, session_id)).session


async def test_a_booking_is_shown_without_reading_as_the_line_shows_it(house: House) -> None:
    session_id = await house.session()
    issued = await house.clinic.issue(OPERATOR, session_id, WANG, NOW)
    assert [house.line.issued(issued)] == (await house.line.line(OPERATOR, session_id)).tickets


async def test_a_row_says_who_waits_where_and_how(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, consented=False)
    house.online.add(ticket_id)
    [row] = await house.rows(session_id)
    assert (row.patient.name, row.patient.age) == ("王小明", 65)
    assert (row.state, row.ahead, row.arrived_at) == (TicketState.ARRIVED, 0, NOW)
    assert (row.online, row.consented, row.visit_id, row.worst_alarm) == (True, False, None, None)
    await house.agree(ticket_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    [row] = await house.rows(session_id)
    assert (row.state, row.consented, row.visit_id, row.ahead) == (TicketState.CALLED, True, visit_id, None)


async def test_a_row_carries_the_worst_open_alarm_for_doctors_only(house: House) -> None:
    session_id = await house.session()
    await house.waiting(session_id)
    [patient] = await house.table(tables.patients)
    await house.add_alarm(patient.id, "low")
    await house.add_alarm(patient.id, "high", state="resolved")
    assert [row.worst_alarm for row in await house.rows(session_id)] == ["low"]
    await house.add_alarm(patient.id, "medium", state="ended")
    assert [row.worst_alarm for row in await house.rows(session_id)] == ["medium"]
    for who in (OPERATOR, ADMIN):
        assert [row.worst_alarm for row in (await house.line.line(who, session_id)).tickets] == [None]


async def test_why_somebody_stepped_out_of_the_order_is_for_the_doctors_of_the_line(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    await house.lines.reclassify(OPERATOR, ticket_id, NewUrgency(Urgency.URGENT, "咯血"), NOW)
    assert (await house.line.ticket(LI, session_id, ticket_id)).reason == "咯血"
    for who in (OPERATOR, ADMIN):
        row = await house.line.ticket(who, session_id, ticket_id)
        assert (row.urgency, row.reason) == (Urgency.URGENT, None)
    shown = await house.line.line_snapshot(session_id, alarms=False)
    assert "咯血" not in str(shown)


async def test_a_foreign_line_is_not_found(house: House) -> None:
    session_id = await house.session(LI)
    for who, which in ((ZHAO, session_id), (LI, "nowhere"), (patient_of("t"), session_id)):
        with pytest.raises(NotFound):
            await house.line.line(who, which)
        with pytest.raises(NotFound):
            await house.line.session(who, which)


async def test_the_live_state_is_the_line_key_by_key(house: House) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 2)
    state = await house.line.line_snapshot(session_id, alarms=True)
    assert set(state) == {"session", *(f"ticket/{ticket_id}" for ticket_id in tickets)}
    row = state[f"ticket/{tickets[1]}"]
    assert isinstance(row, dict)
    assert (row["serial"], row["state"], row["ahead"]) == (2, "arrived", 1)
    assert row["arrived_at"] == "2026-11-21T01:00:00Z"
    assert await house.line.line_snapshot("nowhere", alarms=True) == {}


async def test_who_arranges_watches_the_line_and_its_doctor_also_its_alarms(house: House) -> None:
    session_id = await house.session(LI)
    for alarms, watchers in ((True, {LI}), (False, {LI, OPERATOR, ADMIN})):
        may = {who for who in STAFF if await house.line.may_watch(who, session_id, alarms=alarms)}
        assert may == watchers
        assert not await house.line.may_watch(LI, "nowhere", alarms=alarms)


async def test_alarms_are_in_the_doctors_live_line_only(house: House) -> None:
    session_id = await house.session(LI)
    [ticket_id] = await house.waiting(session_id)
    [patient] = await house.table(tables.patients)
    await house.add_alarm(patient.id, "high")
    rows = [
        (await house.topics.snapshot(f"{kind}:{session_id}"))[f"ticket/{ticket_id}"] for kind in ("session", "line")
    ]
    assert [row["worst_alarm"] for row in rows if isinstance(row, dict)] == ["high", None]
