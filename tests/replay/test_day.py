"""A whole day in seconds, by ``tick(now)`` alone: order, letters and audit come out as they are stated."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from server.clinic.line import BLAMELESS, LATE_GRACE, MISSES_ALLOWED, STEP_BACK
from server.clinic.movement import NEAR
from server.clinic.session import SessionState
from server.clinic.ticket import Cause, Ticket, TicketState
from tests.replay.forecast import Forecast
from tests.replay.hospital import Hospital, Step, is_over
from tests.replay.script import PATIENTS, SESSIONS, Sitting, day, without_drops

SEED = 20261121
NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
DAWN = MIDNIGHT - timedelta(hours=18)
SOME = 10  # sessions, where the day is lived once more
EVERY = timedelta(seconds=5)


def lived(sittings: tuple[Sitting, ...], forecast: Forecast | None = None) -> Hospital:
    hospital, now = Hospital(sittings, forecast), DAWN
    while now < MIDNIGHT:
        hospital.tick(now)
        now += EVERY
        if forecast and now == NOON:
            forecast.learn(hospital.over(now), now)
    hospital.conclude(MIDNIGHT)
    return hospital


@pytest.fixture(scope="module")
def forecast() -> Forecast:
    return Forecast()


@pytest.fixture(scope="module")
def hospital(forecast: Forecast) -> Hospital:
    return lived(day(SEED), forecast)


def tickets(hospital: Hospital) -> list[Ticket]:
    return [ticket for desk in hospital.desks.values() for ticket in desk.line.tickets]


def test_it_is_a_day_with_everything_in_it(hospital: Hospital) -> None:
    ends = Counter(ticket.state for ticket in tickets(hospital))
    assert ends.total() == SESSIONS * PATIENTS + ends[TicketState.TRANSFERRED]
    assert ends[TicketState.COMPLETED] > 1500
    for state in (TicketState.NO_SHOW, TicketState.CANCELLED, TicketState.TRANSFERRED):
        assert ends[state] > 10, state
    happened = Counter(step.after.cause for step in hospital.ledger.steps)
    assert all(happened[cause] > 20 for cause in (Cause.PATIENT_ABSENT, Cause.LATE, *BLAMELESS)), happened
    assert any(desk.sitting.pauses for desk in hospital.desks.values())
    assert any(len(desk.sitting.doctors) > 1 for desk in hospital.desks.values())


def test_nobody_is_lost(hospital: Hospital) -> None:
    everybody = tickets(hospital)
    assert all(is_over(ticket) for ticket in everybody)
    went_on = {ticket.id for ticket in everybody if ticket.state is TicketState.TRANSFERRED}
    assert {ticket.came_from for ticket in everybody if ticket.came_from} == went_on
    for desk in hospital.desks.values():
        assert [ticket.serial for ticket in desk.line.tickets] == list(range(1, len(desk.line.tickets) + 1))


def test_each_ends_as_the_script_has_it(hospital: Hospital) -> None:
    """Who comes and answers is seen; who never comes, or never answers, is a no-show; nobody else is."""
    for desk in hospital.desks.values():
        for ticket in desk.line.tickets:
            patient = desk.people[ticket.id]
            if ticket.state is TicketState.COMPLETED:
                assert patient.arrives_at is not None
                assert any(answer is not None for answer in patient.answers)
            if ticket.state is TicketState.NO_SHOW:
                assert patient.arrives_at is None or ticket.missed == MISSES_ALLOWED
            if ticket.state is TicketState.CANCELLED and ticket.cause is Cause.BY_PATIENT:
                assert patient.cancels_at is not None
            assert ticket.cause is not Cause.DOCTOR_ABSENT or ticket.state is not TicketState.CANCELLED


def test_a_doctor_has_one_room_and_nobody_is_in_two(hospital: Hospital) -> None:
    for call in hospital.ledger.calls:
        in_room = call.before.in_room()
        assert call.doctor not in {ticket.called_by for ticket in in_room}
        assert call.ticket.state is TicketState.ARRIVED


def unblemished(ticket: Ticket) -> bool:
    return not ticket.missed and not ticket.late


def test_the_most_urgent_class_goes_first_and_in_it_the_lower_number(hospital: Hospital) -> None:
    for call in hospital.ledger.calls:
        waiting = [ticket for ticket in call.before.tickets if ticket.state is TicketState.ARRIVED]
        assert call.ticket.urgency == min(ticket.urgency for ticket in waiting)
        equals = [t.serial for t in waiting if t.urgency is call.ticket.urgency and unblemished(t)]
        if unblemished(call.ticket):
            assert call.ticket.serial == min(equals)


def put_behind(hospital: Hospital) -> list[Step]:
    """After a missed call, or late; not those who may pass for being made urgent."""
    absent = {Cause.PATIENT_ABSENT, Cause.LATE}
    reclassified = (entry for entry in hospital.ledger.audit if entry.action == "ticket.reclassified")
    made_urgent = {entry.subject.removeprefix("ticket:") for entry in reclassified}
    return [
        step
        for step in hospital.ledger.steps
        if step.after.state is TicketState.ARRIVED
        and step.after.cause in absent
        and step.before.state not in {TicketState.HELD, TicketState.ARRIVED}
        and step.after.id not in made_urgent
    ]


def moments(steps: Iterable[Step]) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for step in steps:
        found.setdefault(step.after.id, []).append(step.at)
    return found


def test_who_was_absent_or_late_is_behind_the_third_who_stood_there(hospital: Hospital) -> None:
    """By the time that they are called, those three have been called or have left the line for another reason."""
    left = moments(step for step in hospital.ledger.steps if step.before.state is TicketState.ARRIVED)
    called = moments(step for step in hospital.ledger.steps if step.after.state is TicketState.CALLED)
    behind = put_behind(hospital)
    assert len(behind) > 30
    for step in behind:
        again = min((at for at in called.get(step.after.id, []) if at >= step.at), default=MIDNIGHT)
        for other in step.waiting[:STEP_BACK]:
            if other.urgency <= step.after.urgency:
                assert any(step.at <= at <= again for at in left[other.id])


def test_lateness_needs_both_the_grace_and_a_number_that_was_passed(hospital: Hospital) -> None:
    for step in hospital.ledger.steps:
        if step.before.state is TicketState.BOOKED and step.after.late:
            assert step.before.planned_at is not None
            assert step.at > step.before.planned_at + LATE_GRACE


def test_what_was_not_the_patients_fault_cost_no_place(hospital: Hospital) -> None:
    rung_from = {}
    for step in hospital.ledger.steps:
        if step.after.state is TicketState.CALLED:
            rung_from[step.after.id] = step.before
        if step.after.cause in BLAMELESS and step.after.state is TicketState.ARRIVED:
            had = rung_from[step.after.id]
            assert (step.after.rank, step.after.missed) == ((step.after.urgency, had.place), had.missed)


def test_nobody_is_called_while_the_line_is_suspended_or_before_the_doctor_comes(hospital: Hospital) -> None:
    assert {call.before.session for call in hospital.ledger.calls} == {SessionState.OPEN}
    for call in hospital.ledger.calls:
        sitting = hospital.desks[call.session_id].sitting
        assert call.at >= sitting.comes_at
        paused = [pause for pause in sitting.pauses if pause[0] > sitting.comes_at]
        assert not any(start + EVERY <= call.at < end for start, end in paused)


def test_a_dropped_page_costs_nothing_but_a_text() -> None:
    """The same day with every page open all the time: the same calls at the same moments, fewer texts."""
    hospital, steady = lived(day(SEED, SOME)), lived(without_drops(day(SEED, SOME)))
    assert [(c.at, c.doctor, c.ticket.id) for c in steady.ledger.calls] == [
        (c.at, c.doctor, c.ticket.id) for c in hospital.ledger.calls
    ]
    assert steady.ledger.audit == hospital.ledger.audit
    extra = set(hospital.ledger.letters) - set(steady.ledger.letters)
    assert len(extra) > 5
    assert all(cause.startswith("visit:") and cause.endswith(":called") for cause in extra)
    assert set(steady.ledger.letters) <= set(hospital.ledger.letters)


def test_letters_are_those_that_are_stated(hospital: Hospital) -> None:
    missed, ended = Counter[str](), set()
    for step in hospital.ledger.steps:
        if step.after.missed > step.before.missed and step.after.state is TicketState.ARRIVED:
            missed[step.after.id] += 1
        over = is_over(step.after) and step.after.state not in {TicketState.COMPLETED, TicketState.TRANSFERRED}
        if over and (step.after.missed == MISSES_ALLOWED or step.after.state is not TicketState.NO_SHOW):
            ended.add(step.after.id)
    causes = set(hospital.ledger.letters)
    assert {cause for cause in causes if ":missed:" in cause} == {
        f"ticket:{ticket_id}:missed:{number}" for ticket_id in missed for number in range(1, missed[ticket_id] + 1)
    }
    assert {c for c in causes if c.endswith(":cancelled")} == {f"ticket:{ticket_id}:cancelled" for ticket_id in ended}
    moved = {f"ticket:{ticket.id}:moved" for ticket in tickets(hospital) if ticket.came_from}
    assert {cause for cause in causes if cause.endswith(":moved")} == moved


def test_who_waited_behind_more_than_three_was_told_before_being_called(hospital: Hospital) -> None:
    letters, first_call = hospital.ledger.letters, dict[str, datetime]()
    for call in hospital.ledger.calls:
        first_call.setdefault(call.ticket.id, call.at)
    waited = {
        ticket_id
        for call in hospital.ledger.calls
        for ticket_id, ahead in call.before.standing().items()
        if ahead > NEAR and call.at < first_call.get(ticket_id, call.at)
    }
    told = [letters.get(f"ticket:{ticket_id}:three_ahead") for ticket_id in waited]
    assert len(told) > 300
    assert None not in told
    assert all(letter.created_at <= first_call[letter.cause.split(":")[1]] for letter in told if letter)


def test_everybody_who_arrived_was_told_a_range_and_its_outcome_is_kept(hospital: Hospital, forecast: Forecast) -> None:
    came = [step for step in hospital.ledger.steps if step.before.state is TicketState.BOOKED]
    arrived = {step.after.id for step in came if step.after.state is TicketState.ARRIVED}
    assert arrived == set(forecast.told) | forecast.silent
    assert len(forecast.silent) < 100
    first_call = {call.ticket.id: call.at for call in reversed(hospital.ledger.calls)}
    for ticket_id, told in forecast.told.items():
        assert 0 <= told.wait.low_s < told.wait.high_s
        waited = first_call[ticket_id] - told.wait.as_of if ticket_id in first_call else None
        assert told.waited_s == (waited.total_seconds() if waited is not None else None)


def test_most_wait_in_the_afternoon_as_the_morning_has_taught(hospital: Hospital, forecast: Forecast) -> None:
    """Half a day of doctors whom nobody knew. With days behind it the range is held to its 80 % by the bench."""
    afternoon = [told for told in forecast.told.values() if told.waited_s is not None and told.wait.as_of > NOON]
    assert len(afternoon) > 600
    assert 0.7 <= sum(told.inside for told in afternoon) / len(afternoon) <= 0.95


MARKS = {
    "ticket.arrived": "a",
    "ticket.called": "c",
    "ticket.answered": "i",
    "ticket.put_back": "p",
    "ticket.completed": "E",
    "ticket.given_up": "E",
    "ticket.never_came": "N",
    "ticket.cancelled": "X",
    "ticket.withdrawn": "X",
    "ticket.transferred": "X",
    "ticket.held": "h",
    "ticket.released": "r",
    "ticket.reclassified": "u",
}
# Booked, perhaps classed; here, perhaps held and released, called and put back; over in one of its ways, or never here.
LIFE = re.compile(r"u*(N|X|a(u|hu*(?=X|$)|hu*r|cu*i?u*p)*(X|cu*i?u*E))")


def test_every_life_is_in_the_audit_from_the_door_to_the_end(hospital: Hospital) -> None:
    lives: dict[str, str] = {}
    for entry in hospital.ledger.audit:
        kind, _, subject = entry.subject.partition(":")
        if kind == "ticket":
            lives[subject] = lives.get(subject, "") + MARKS[entry.action]
    assert set(lives) == {ticket.id for ticket in tickets(hospital)}
    wrong = {subject: life for subject, life in lives.items() if not LIFE.fullmatch(life)}
    assert not wrong
    actions = Counter(entry.action for entry in hospital.ledger.audit)
    assert actions["ticket.called"] == actions["visit.ended"] + actions["visit.missed"] == len(hospital.ledger.calls)


def test_another_day_from_another_seed_keeps_the_same_promises() -> None:
    other = lived(day(SEED + 1, SOME))
    test_nobody_is_lost(other)
    test_the_most_urgent_class_goes_first_and_in_it_the_lower_number(other)
    test_who_was_absent_or_late_is_behind_the_third_who_stood_there(other)
    test_letters_are_those_that_are_stated(other)
