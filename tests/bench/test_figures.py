"""A promise about a mean, with or without a lower end, is held against all samples and shown."""

import pytest

from bench.figures import Figure, Promise, Statistic


def figure(samples: list[float], promise: Promise) -> Figure:
    return Figure(name="coverage", against="on checking in", unit="%", runs=[samples], promise=promise)


@pytest.mark.parametrize(("samples", "kept"), [([70, 90], True), ([60, 70], False), ([90, 95], False)])
def test_a_mean_has_to_lie_between(samples: list[float], kept: bool) -> None:
    assert figure(samples, Promise(Statistic.MEAN, 85, at_least=75)).kept is kept


def test_an_upper_end_alone_is_as_before() -> None:
    assert figure([1, 2], Promise(Statistic.EACH, 2)).kept
    assert figure([1, 3], Promise(Statistic.EACH, 2)).kept is False
    assert Promise(Statistic.P99, 250.0).said("ms") == "p99 ≤ 250 ms"
    assert Promise(Statistic.MEAN, 85, at_least=75).said("%") == "mean 75–85 %"
