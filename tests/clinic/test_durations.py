"""Durations that add up, what is left of one, and which of several ends first."""

import math
from random import Random
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clinic.durations import LogNormal, Moments, sooner

visits = st.builds(LogNormal, mu=st.floats(3, 8), sigma=st.floats(0.1, 1.0))


@given(visits)
def test_a_log_normal_is_known_again_by_its_moments(visit: LogNormal) -> None:
    again = LogNormal.like(visit.moments)
    assert (again.mu, again.sigma) == pytest.approx((visit.mu, visit.sigma), rel=1e-6)


@given(visits, st.floats(0.01, 0.99))
def test_a_quantile_has_its_level(visit: LogNormal, level: float) -> None:
    assert visit.level(max(visit.quantile(level), 1.0)) >= level - 1e-9


@given(visits, st.floats(0, 20000))
def test_something_is_always_left(visit: LogNormal, elapsed_s: float) -> None:
    rest = visit.rest(elapsed_s)
    assert rest.mean >= 1
    assert rest.variance >= 1
    assert math.isfinite(rest.mean)


def test_what_is_left_is_what_is_left_in_a_hundred_thousand_visits() -> None:
    dice = Random(1)  # noqa: S311 – made up, not secret
    visit = LogNormal(math.log(500), 0.6)
    left = [took - 700 for took in (dice.lognormvariate(visit.mu, visit.sigma) for _ in range(100_000)) if took > 700]
    assert visit.rest(700).mean == pytest.approx(fmean(left), rel=0.03)
    assert visit.rest(700).variance == pytest.approx(pvariance(left), rel=0.15)


def test_a_visit_that_has_lasted_long_lasts_longer_yet() -> None:
    visit = LogNormal(math.log(400), 0.6)
    assert visit.rest(2400).mean > visit.rest(600).mean


def test_what_may_happen_counts_by_its_odds() -> None:
    visit = Moments(600, 100.0**2)
    assert visit.happening(0.5).mean == 300
    assert visit.happening(0.5).variance == 0.5 * 100**2 + 0.25 * 600**2
    assert visit.happening(1) == visit


def test_the_sooner_of_two_ends_before_either_is_expected_to() -> None:
    first = sooner([Moments(600, 300.0**2), Moments(600, 300.0**2)])
    dice = Random(2)  # noqa: S311 – made up, not secret
    both = [min(dice.gauss(600, 300), dice.gauss(600, 300)) for _ in range(100_000)]
    assert first.mean == pytest.approx(fmean(both), rel=0.01)
    assert first.variance == pytest.approx(pvariance(both), rel=0.02)


def test_who_is_surely_first_is_first() -> None:
    assert sooner([Moments(10, 0), Moments(900, 0)]) == Moments(10, 0)
    assert sooner([Moments(10, 4), Moments(900, 4)]).mean == pytest.approx(10)
