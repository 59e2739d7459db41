"""From rows to what is estimated from: what a line says at one moment, and what sessions leave behind."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.measuring import Moment, SeenSession, SeenTicket, SeenVisit, line_now, past, task, turns
from server.clinic.session import Doctor, Session, SessionState
from server.clinic.ticket import Ticket, TicketState, Urgency
from server.clinic.waiting import AtWork, Task

OPENS = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)  # eight in Hangzhou
ZONE = ZoneInfo("Asia/Shanghai")
LI, ZHAO = "li", "zhao"
KINDS = (PlannedKind(VisitKind.FOLLOW_UP, 10), PlannedKind(VisitKind.RENEWAL, 4))


def at(minutes: float) -> datetime:
    return OPENS + timedelta(minutes=minutes)


def session(state: SessionState = SessionState.OPEN, *joined: str) -> Session:
    doctors = tuple(Doctor(doctor, doctor) for doctor in joined)
    return Session("s", "Respiratory", LI, LI, OPENS, at(240), state, joined=doctors, kinds=KINDS)


def seen(*tickets: SeenTicket, of: Session | None = None, visits: tuple[SeenVisit, ...] = ()) -> SeenSession:
    return SeenSession(of or session(), at(5), tickets, visits)


def waiting(serial: int, arrived: float, kind: str | None = None, **changes: object) -> SeenTicket:
    ticket = Ticket(f"t{serial}", serial, serial * 1000, TicketState.ARRIVED, arrived_at=at(arrived))
    return SeenTicket(replace(ticket, **changes), kind)  # type: ignore[arg-type]


def visit(called: float, ended: float, arrived: float = -10, doctor: str = LI, *, completed: bool = True) -> SeenVisit:
    return SeenVisit(doctor, "follow_up", at(arrived), at(called), at(ended), completed)


def now(minutes: float) -> Moment:
    return Moment(at(minutes), ZONE)


def test_a_kind_takes_what_the_session_plans_for_it() -> None:
    assert task(KINDS, "renewal") == Task("renewal", 240)
    assert task(KINDS, None).planned_s == task(KINDS, "report").planned_s == 600
    assert task((), None) == Task("", 600)


def test_a_gap_is_as_long_as_doctor_and_patient_were_both_there() -> None:
    visits = (visit(10, 20), visit(22, 30), visit(40, 50, arrived=37))
    assert [turn.gap_s for turn in turns(seen(visits=visits), now(60))] == [None, 120, 180]


def test_a_call_that_nobody_answered_counts_as_part_of_the_gap() -> None:
    visits = (visit(10, 20), visit(21, 22, completed=False), visit(23, 30))
    assert [turn.gap_s for turn in turns(seen(visits=visits), now(60))] == [None, 180]


def test_each_doctor_has_gaps_of_their_own_and_hours_are_the_clinics() -> None:
    visits = (visit(10, 20), visit(12, 30, doctor=ZHAO), visit(21, 30))
    found = turns(seen(visits=visits), now(60))
    assert [(turn.work.doctor_id, turn.gap_s) for turn in found] == [(LI, None), (LI, 60), (ZHAO, None)]
    assert {turn.work.hour for turn in found} == {8}


def test_who_is_in_the_room_who_waits_and_who_may_still_come() -> None:
    line = line_now(
        seen(
            waiting(1, -5, state=TicketState.IN_VISIT, called_by=LI, called_at=at(10)),
            waiting(2, -5, "renewal"),
            waiting(3, 0, state=TicketState.BOOKED, arrived_at=None, planned_at=at(20)),
            waiting(4, 9, urgency=Urgency.URGENT),
            waiting(5, 9, state=TicketState.HELD),
        ),
        now(12),
    )
    assert line.doctors == [AtWork(LI, Task("", 600), 120)]
    assert [(each.ticket_id, each.urgent, each.due_s) for each in line.standing] == [
        ("t4", True, None),
        ("t2", False, None),
        ("t3", False, 480),
    ]
    assert (line.hour, line.opens_s, line.opened_s) == (8.2, -720, 420)


def test_a_doctor_is_free_since_the_last_patient_left_and_somebody_waited() -> None:
    of = session(SessionState.OPEN, ZHAO)
    line = line_now(seen(waiting(3, 25), of=of, visits=(visit(10, 20), visit(10, 28, doctor=ZHAO))), now(30))
    assert [(doctor.doctor_id, doctor.since_s) for doctor in line.doctors] == [(LI, 300), (ZHAO, 120)]


def test_before_the_opening_no_doctor_is_on_the_line_but_those_who_joined_are_counted_on() -> None:
    line = line_now(seen(waiting(1, -20), of=session(SessionState.PLANNED, ZHAO)), now(-10))
    assert line.opened_s is None
    assert not line.doctors
    assert line.doctors_planned == 2
    assert line.opens_s == 600


def test_planned_times_that_overlap_need_more_doctors() -> None:
    tickets = [waiting(serial, 0, "follow_up", planned_at=at(5 * serial)) for serial in range(10)]
    assert line_now(seen(*tickets), now(0)).doctors_planned == pytest.approx(2)


def test_what_sessions_leave_behind() -> None:
    tickets = (
        waiting(1, -5, planned_at=at(0), state=TicketState.COMPLETED, called_at=at(10)),
        waiting(2, 0, planned_at=at(10), arrived_at=None, state=TicketState.NO_SHOW),
        waiting(3, 12, planned_at=at(20), state=TicketState.WITHDRAWN),
        waiting(4, 20, urgency=Urgency.URGENT, state=TicketState.COMPLETED, called_at=at(265)),
    )
    of = session(SessionState.CLOSED, ZHAO)
    visits = (visit(10, 20), visit(10, 30, doctor=ZHAO), visit(265, 270))
    left = past([seen(*tickets, of=of, visits=visits)], now(24 * 60))
    assert len(left.turns) == 3
    assert left.late_s == [(LI, 300)]
    assert left.offsets_s == [-300, None, -480]
    assert (left.urgent, left.open_h, left.left) == (1, 4, 1)
    assert left.waited_h == pytest.approx((15 + 245) / 60)
    assert (left.helpers, left.stayed) == (1, 0)
    assert 0.7 < left.turns[0].days_ago < 1


def test_an_opening_hours_after_says_nothing_about_the_doctor() -> None:
    late = SeenSession(session(SessionState.CLOSED), at(600), (), ())
    assert past([late], now(2000)).late_s == []
