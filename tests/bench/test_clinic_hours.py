"""Made-up hours keep the rules of the line, whatever fate throws at them."""

from collections.abc import Iterator
from random import Random

import pytest

from bench.clinic_days import Clinic
from bench.clinic_hours import ClinicHours, Happened, State, What, order


def sessions(seed: int, days: int = 3) -> Iterator[ClinicHours]:
    dice = Random(seed)  # noqa: S311 – made up, not secret
    for day in Clinic.of(dice).days(days, dice):
        yield from (ClinicHours(plan, dice) for plan in day)


@pytest.mark.parametrize("seed", range(5))
def test_everybody_who_comes_is_seen_or_leaves(seed: int) -> None:
    for hours in sessions(seed):
        list(hours.pass_by())
        assert not hours.waiting()
        assert {place.state for place in hours.places.values()} <= {State.BOOKED, State.OVER}
        assert all(place.arrived_at is None for place in hours.places.values() if place.state is State.BOOKED)


@pytest.mark.parametrize("seed", range(5))
def test_the_next_one_in_the_order_is_called_and_by_a_doctor_who_is_free(seed: int) -> None:
    for hours in sessions(seed):
        busy: set[str | None] = set()
        for happened in hours.pass_by():
            if happened.what is What.CALLED:
                place = hours.places[happened.serial or 0]
                assert all(order(place) <= order(waiting) for waiting in hours.waiting())
                assert happened.doctor not in busy
                busy.add(happened.doctor)
            elif happened.what in {What.COMPLETED, What.PUT_BACK, What.GIVEN_UP}:
                busy.discard(happened.doctor)


def test_time_goes_forward_and_all_that_can_happen_does() -> None:
    news: list[Happened] = []
    for seed in range(10):
        for hours in sessions(seed):
            session = list(hours.pass_by())
            assert [each.at for each in session] == sorted(each.at for each in session)
            news += session
    assert {each.what for each in news} >= set(What) - {What.GIVEN_UP}  # three misses are a rare fate
