"""Few measurements say little, many say all."""

import pytest

from server.clinic.durations import Moments
from server.clinic.pooling import Durations, Means, Measured, by_doctor


def test_who_was_never_measured_is_as_it_started() -> None:
    assert Means(5, start=3.0)["unknown"] == 3.0


def test_as_many_values_as_imagined_ones_meet_half_way() -> None:
    means = Means(4, start=0.0)
    for _ in range(4):
        means.add("li", 1.0, 1.0)
    assert means["li"] == 0.5


def test_doubt_fades_with_what_is_measured() -> None:
    means = Means(4)
    assert means.doubt("li") == 1 / 4
    means.add("li", 1.0, 6.0)
    assert means.doubt("li") == 1 / 10


def test_a_doctor_of_whom_little_is_known_is_like_the_others() -> None:
    means = by_doctor([*[Measured("li", 10.0)] * 200, Measured("zhao", 0.0)], strength=10, start=0.0)
    assert means["li"] == pytest.approx(10, abs=0.5)
    assert means["zhao"] > 8
    assert means["nobody knows"] == pytest.approx(9.5, abs=0.1)


def test_durations_learn_mean_and_spread() -> None:
    measured = [Measured("li", seconds) for seconds in (30.0, 90.0) * 500]
    gaps = Durations(measured, 10, Moments(300, 100.0**2))
    assert gaps.of("li").moments.mean == pytest.approx(60, rel=0.06)
    assert gaps.of("li").moments.variance == pytest.approx(30**2, rel=0.6)
