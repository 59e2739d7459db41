"""A slice of the figures: on clinics never seen before, ranges hold what they promise and beat rules of thumb."""

import pytest

from bench.clinic_predictions import LEARNED, THUMBS, play
from bench.waiting import BEDSIDE, Judged, judge, pinball
from server.clinic.calibration import Range


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return [judge(seed) for seed in range(2000, 2006)]


def share(counts: list[tuple[int, int]]) -> float:
    return sum(covered for covered, _ in counts) / sum(of for _, of in counts)


def test_four_waits_of_five_fall_into_the_range(judged: list[Judged]) -> None:
    assert 0.75 <= share([each.first for each in judged]) <= 0.85
    assert 0.75 <= share([each.every for each in judged]) <= 0.87


def test_positions_are_covered_alike(judged: list[Judged]) -> None:
    for position in ("next", "1", "2–3", "4–6", "7–10"):
        assert 0.7 <= share([each.positions.get(position, (0, 0)) for each in judged]) <= 0.9, position


def test_a_clinic_that_has_just_opened_promises_no_more_than_it_knows(judged: list[Judged]) -> None:
    assert share([each.days["1"] for each in judged]) >= 0.65


@pytest.mark.parametrize("rule", THUMBS)
def test_every_rule_of_thumb_errs_more(judged: list[Judged], rule: str) -> None:
    for each in judged:
        assert each.losses[BEDSIDE].pinball < each.losses[rule].pinball
    assert sum(each.losses[BEDSIDE].absolute for each in judged) < sum(each.losses[rule].absolute for each in judged)


def test_a_seed_is_predicted_the_same_again() -> None:
    assert list(play(2000, days=2)) == list(play(2000, days=2))


def test_a_day_is_predicted_from_the_days_before_it_alone() -> None:
    """What happens later does not change what was said: more days, the same first ones."""
    longer = list(play(2000, days=4))
    assert longer[:3] == list(play(2000, days=3))
    assert LEARNED > 4


def test_pinball_punishes_by_level() -> None:
    assert pinball(Range(600, 600, 600), 600) == 0
    assert pinball(Range(0, 0, 0), 300) == pytest.approx(150)
    assert pinball(Range(600, 900, 1200), 900) == pytest.approx((30 + 0 + 30) / 3)
