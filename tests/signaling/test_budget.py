"""A budget of messages a minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.budget import WINDOW, Budget
from signaling.errors import Flooded

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_the_last_one_passes_and_one_more_does_not() -> None:
    budget = Budget(2, opened_at=NOW).spend(NOW).spend(NOW)
    with pytest.raises(Flooded):
        budget.spend(NOW + timedelta(seconds=59))


def test_a_minute_later_there_is_a_new_one() -> None:
    spent = Budget(1, opened_at=NOW).spend(NOW)
    assert spent.spend(NOW + WINDOW).spent == 1


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 5))
def test_no_window_lets_more_through(pauses: list[int], per_minute: int) -> None:
    budget, now, passed = Budget(per_minute, opened_at=NOW), NOW, list[datetime]()
    for pause in pauses:
        now += timedelta(seconds=pause)
        try:
            budget = budget.spend(now)
        except Flooded:
            continue
        passed.append(now)
        recent = [at for at in passed if at >= budget.opened_at]
        assert len(recent) <= per_minute
