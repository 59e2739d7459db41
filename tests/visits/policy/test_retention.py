"""Fifteen years and three, to the day; a visit that has not ended is kept whatever the day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.visits.policy.errors import PolicyRefused
from server.visits.policy.packs import CN_2022
from server.visits.policy.retention import Kept

DAYS = st.dates(date(2018, 7, 17), date(2060, 12, 31))
DAY = timedelta(days=1)


def may_delete(kept: Kept, ended_on: date | None, today: date) -> bool:
    try:
        CN_2022.check_deletion(kept, ended_on, today)
    except PolicyRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("kept", "ended", "last"),
    [
        (Kept.RECORD, date(2026, 11, 21), date(2041, 11, 21)),
        (Kept.PROCESS, date(2026, 11, 21), date(2029, 11, 21)),
        (Kept.PROCESS, date(2028, 2, 29), date(2031, 3, 1)),
    ],
)
def test_it_is_kept_to_the_end_of_its_last_day(kept: Kept, ended: date, last: date) -> None:
    assert not may_delete(kept, ended, last)
    assert may_delete(kept, ended, last + DAY)


def test_what_has_not_ended_is_kept_and_the_refusal_names_its_clock() -> None:
    with pytest.raises(PolicyRefused) as refused:
        CN_2022.check_deletion(Kept.PROCESS, None, date(9999, 1, 1))
    assert refused.value.rule == "process-data-kept-3-years"


@given(DAYS, DAYS)
def test_the_record_outlives_what_was_exchanged_about_it(ended: date, today: date) -> None:
    if may_delete(Kept.RECORD, ended, today):
        assert may_delete(Kept.PROCESS, ended, today)


@given(DAYS, DAYS)
def test_what_may_be_deleted_once_may_be_deleted_ever_after(ended: date, today: date) -> None:
    assert not may_delete(Kept.RECORD, ended, today) or may_delete(Kept.RECORD, ended, today + DAY)
