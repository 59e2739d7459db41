"""One visit, from ringing to its end, with time as an argument."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.clinic.ticket import Cause
from server.visits.errors import NotInVisit, VisitError, VisitOver
from server.visits.visit import (
    Event,
    IdentityConfirmed,
    MediaEstablished,
    MediaMissing,
    Outcome,
    PatientAnswered,
    Side,
    Visit,
    VisitEnded,
    VisitMissed,
    VisitState,
    VisitTimes,
)

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
TIMES = VisitTimes(ring=timedelta(seconds=45), media=timedelta(seconds=15))


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def ringing() -> Visit:
    return Visit("v", "t", "s", "p", "d", called_at=NOW, ring_until=at(45))


def answered(seconds: float = 5) -> Visit:
    return ringing().answer(at(seconds))[0]


Step = Callable[[Visit, datetime], tuple[Visit, tuple[Event, ...]]]
STEPS: list[Step] = [
    lambda visit, now: visit.answer(now),
    lambda visit, now: visit.media(Side.DOCTOR, now),
    lambda visit, now: visit.media(Side.PATIENT, now),
    lambda visit, now: visit.confirm_identity("doctor", now),
    lambda visit, now: visit.end(Outcome.COMPLETED, now),
    lambda visit, now: visit.end(Outcome.TECHNICAL_FAILURE, now),
    lambda visit, now: visit.tick(now, TIMES),
]


def test_the_patient_answers() -> None:
    visit, happened = ringing().answer(at(5))
    assert happened == (PatientAnswered("v"),)
    assert (visit.state, visit.answered_at) == (VisitState.IN_VISIT, at(5))


def test_answering_again_after_a_refresh_is_no_event() -> None:
    visit = answered()
    assert visit.answer(at(9)) == (visit, ())


def test_a_ring_that_nobody_answers_is_missed_at_its_end_and_not_before() -> None:
    assert ringing().tick(at(44.9), TIMES) == (ringing(), ())
    visit, happened = ringing().tick(at(45), TIMES)
    assert happened == (VisitMissed("v"),)
    assert (visit.state, visit.outcome, visit.ended_at) == (VisitState.MISSED, Outcome.PATIENT_ABSENT, at(45))
    with pytest.raises(VisitOver):
        visit.answer(at(46))


def test_an_answered_visit_is_never_missed() -> None:
    visit, happened = answered().tick(at(46), VisitTimes(media=timedelta(hours=1)))
    assert (visit.state, happened) == (VisitState.IN_VISIT, ())


def test_media_is_there_when_both_sides_have_seen_a_frame() -> None:
    visit, first = answered().media(Side.DOCTOR, at(6))
    visit, second = visit.media(Side.PATIENT, at(7))
    assert (first, second) == ((), (MediaEstablished("v"),))
    assert (visit.doctor_media_at, visit.patient_media_at, visit.media_at) == (at(6), at(7), at(7))
    assert visit.media(Side.PATIENT, at(30)) == (visit, ())


@pytest.mark.parametrize("side", [None, Side.DOCTOR, Side.PATIENT])
def test_without_media_on_both_sides_in_time_the_telephone_is_needed(side: Side | None) -> None:
    visit = answered(5)
    if side:
        visit, _ = visit.media(side, at(6))
    assert visit.tick(at(19.9), TIMES) == (visit, ())
    visit, happened = visit.tick(at(20), TIMES)
    assert happened == (MediaMissing("v"),)
    assert visit.media_missing
    assert visit.tick(at(21), TIMES) == (visit, ())


def test_media_that_comes_late_takes_the_telephone_away_again() -> None:
    visit, _ = answered(5).tick(at(20), TIMES)
    visit, _ = visit.media(Side.DOCTOR, at(25))
    assert visit.media_missing
    visit, happened = visit.media(Side.PATIENT, at(26))
    assert happened == (MediaEstablished("v"),)
    assert not visit.media_missing
    assert visit.media_missing_at == at(20)


def test_nobody_waits_for_media_once_it_was_there_or_the_visit_is_over() -> None:
    seen = answered().media(Side.DOCTOR, at(6))[0].media(Side.PATIENT, at(6))[0]
    assert seen.tick(at(600), TIMES)[1] == ()
    ended, _ = answered().end(Outcome.COMPLETED, at(10))
    assert ended.tick(at(600), TIMES)[1] == ()


def test_identity_is_confirmed_once_by_the_first_who_says_so() -> None:
    visit, happened = answered().confirm_identity("doctor", at(8))
    assert happened == (IdentityConfirmed("v"),)
    assert visit.confirm_identity("another", at(9)) == (visit, ())
    assert (visit.identity_confirmed_by, visit.identity_confirmed_at) == ("doctor", at(8))


def test_before_the_answer_there_is_nobody_to_confirm_or_to_see() -> None:
    steps: list[Step] = [
        lambda visit, now: visit.confirm_identity("doctor", now),
        lambda visit, now: visit.media(Side.DOCTOR, now),
        lambda visit, now: visit.end(Outcome.COMPLETED, now),
    ]
    for step in steps:
        with pytest.raises(NotInVisit):
            step(ringing(), NOW)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_visit_ends_with_its_outcome_and_then_nothing_changes(outcome: Outcome) -> None:
    visit, happened = answered().end(outcome, at(60))
    assert happened == (VisitEnded("v", outcome),)
    assert (visit.state, visit.outcome, visit.ended_at) == (VisitState.ENDED, outcome, at(60))
    for step in STEPS[:-1]:
        with pytest.raises(VisitOver):
            step(visit, at(61))
    assert visit.tick(at(61), TIMES) == (visit, ())


def test_a_doctor_may_stop_ringing() -> None:
    assert ringing().end(Outcome.PATIENT_ABSENT, at(10))[0].state is VisitState.ENDED


def test_every_outcome_but_the_ordinary_one_is_a_cause_of_the_ticket() -> None:
    causes = {outcome: outcome.cause for outcome in Outcome}
    assert causes.pop(Outcome.COMPLETED) is None
    assert causes == {outcome: Cause(outcome.value) for outcome in causes}


@dataclass
class Course:
    """A visit under any order of steps, each some seconds after the one before."""

    visit: Visit = field(default_factory=ringing)
    events: list[Event] = field(default_factory=list)
    now: datetime = NOW

    def take(self, step: Step, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        try:
            self.visit, happened = step(self.visit, self.now)
        except VisitError:
            return
        self.events += happened


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 30)), max_size=25))
def test_in_any_order_each_thing_happens_once_and_the_record_agrees(steps: list[tuple[Step, int]]) -> None:
    course = Course()
    for step, seconds in steps:
        course.take(step, seconds)
    visit, kinds = course.visit, [type(event) for event in course.events]
    assert len(kinds) == len(set(kinds))
    assert (visit.answered_at is not None) is (PatientAnswered in kinds)
    assert (visit.media_at is not None) is (MediaEstablished in kinds)
    assert (visit.media_missing_at is not None) is (MediaMissing in kinds)
    assert (visit.state in {VisitState.ENDED, VisitState.MISSED}) is bool({VisitEnded, VisitMissed} & set(kinds))
    assert not {VisitEnded, VisitMissed} <= set(kinds)
    assert VisitMissed not in kinds or PatientAnswered not in kinds
