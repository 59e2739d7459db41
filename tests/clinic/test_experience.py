"""What a clinic has learned from its past, and what it takes for true before it has one."""

import math
from random import Random

import pytest

from server.clinic.experience import Experience, Past, Turn, Work

LI, ZHAO = "li", "zhao"
FOLLOW_UP = Work(LI, "follow_up", 600.0, 9)


def turns(doctor: str, median_s: float, count: int, kind: str = "follow_up", hour: int = 9) -> list[Turn]:
    dice = Random(f"{doctor}{kind}{hour}")  # noqa: S311 – made up, not secret
    took = (dice.lognormvariate(math.log(median_s), 0.3) for _ in range(count))
    return [Turn(Work(doctor, kind, 600.0, hour), seconds) for seconds in took]


def median_s(experience: Experience, work: Work) -> float:
    return math.exp(experience.visit(work).mu)


def test_without_a_past_a_visit_takes_what_is_planned() -> None:
    assert median_s(Experience(Past()), FOLLOW_UP) == pytest.approx(600)


def test_a_quick_doctor_is_known_by_her_visits() -> None:
    experience = Experience(Past(turns=[*turns(LI, 300, 200), *turns(ZHAO, 900, 200)]))
    assert median_s(experience, FOLLOW_UP) == pytest.approx(300, rel=0.1)
    assert median_s(experience, Work(ZHAO, "follow_up", 600.0, 9)) == pytest.approx(900, rel=0.1)


def test_one_long_visit_decides_little() -> None:
    known = turns(LI, 600, 200)
    experience = Experience(Past(turns=[*known, Turn(Work(ZHAO, "follow_up", 600.0, 9), 3600.0)]))
    assert median_s(experience, Work(ZHAO, "follow_up", 600.0, 9)) < 1200


def test_kinds_differ() -> None:
    experience = Experience(Past(turns=[*turns(LI, 300, 200, "renewal"), *turns(LI, 900, 200, "report")]))
    assert median_s(experience, Work(LI, "renewal", 600.0, 9)) == pytest.approx(300, rel=0.15)
    assert median_s(experience, Work(LI, "report", 600.0, 9)) == pytest.approx(900, rel=0.15)


def test_hours_differ() -> None:
    experience = Experience(Past(turns=[*turns(LI, 400, 300, hour=9), *turns(LI, 800, 300, hour=16)]))
    assert median_s(experience, Work(LI, "follow_up", 600.0, 16)) > 1.5 * median_s(experience, FOLLOW_UP)


def test_last_months_pace_counts_less_than_this_weeks() -> None:
    old = [Turn(turn.work, turn.took_s, days_ago=60) for turn in turns(LI, 900, 100)]
    experience = Experience(Past(turns=[*old, *turns(LI, 300, 100)]))
    assert median_s(experience, FOLLOW_UP) < 400


def test_today_moves_the_pace_but_not_by_one_visit() -> None:
    experience = Experience(Past(turns=turns(LI, 600, 300)))
    slow = Turn(FOLLOW_UP, 1200.0)
    after_one, after_ten = experience.pace(LI, [slow]), experience.pace(LI, [slow] * 10)
    assert 0 < after_one.effect < 0.3
    assert after_ten.effect > 2 * after_one.effect
    assert after_ten.variance < after_one.variance < experience.pace(LI, []).variance


def test_a_new_doctors_pace_is_the_less_sure() -> None:
    experience = Experience(Past(turns=turns(LI, 600, 300)))
    assert experience.pace(ZHAO, []).variance > experience.pace(LI, []).variance


def test_who_never_comes_is_expected_less_and_less() -> None:
    came = [-600.0] * 80 + [None] * 20
    experience = Experience(Past(offsets_s=came))
    before, after = experience.comes(-3600.0, 3600.0), experience.comes(0.0, 3600.0)
    assert before == pytest.approx(0.82, abs=0.03)
    assert after < 0.2
    assert experience.comes(0.0, 0.0) == 0


def test_patients_who_leave_are_counted_on_to_leave() -> None:
    patient, hasty = Experience(Past()), Experience(Past(left=100, waited_h=200.0))
    assert hasty.stays(3600) < patient.stays(3600) < 1
    assert hasty.stays(0) == 1


def test_a_doctor_who_comes_late_is_expected_late() -> None:
    experience = Experience(Past(late_s=[(LI, 1200.0)] * 30 + [(ZHAO, 0.0)] * 30))
    assert experience.late(LI).moments.mean > 900
    assert experience.late(ZHAO).moments.mean < 200


def test_urgent_cases_and_helpers_are_counted() -> None:
    experience = Experience(Past(urgent=60, open_h=60.0, helpers=20, stayed=0))
    assert experience.urgent_per_s * 3600 == pytest.approx(0.9)
    assert experience.helpers_stay < 0.1
