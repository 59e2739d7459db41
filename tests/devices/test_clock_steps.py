"""A clock that is set is told from one that goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.clock_steps import NOTHING, ClockSteps, never, steady_s

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    def __init__(self) -> None:
        self.wall, self.steady_s = NOON, 1000.0
        self.steps = ClockSteps(lambda: self.wall, lambda: self.steady_s)

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady_s += seconds


def test_time_that_passes_is_no_step() -> None:
    machine = Machine()
    for seconds in (0.1, 3.0, 3600.0):
        machine.passes(seconds)
        assert machine.steps.taken() == NOTHING


@pytest.mark.parametrize("by", [HOUR, -HOUR, timedelta(seconds=-2)])
def test_a_step_is_told_once_and_its_size(by: timedelta) -> None:
    machine = Machine()
    machine.passes(5)
    machine.wall += by
    assert machine.steps.taken() == by
    assert machine.steps.taken() == NOTHING


def test_drift_is_followed_and_never_adds_up_to_a_step() -> None:
    machine = Machine()
    for _ in range(100):
        machine.passes(1)
        machine.wall += timedelta(seconds=0.5)
        assert machine.steps.taken() == NOTHING


def test_the_clock_that_nobody_sets_goes_on() -> None:
    assert steady_s() <= steady_s()
    assert never() == NOTHING
