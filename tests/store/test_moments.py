"""What SQLite keeps of a moment sorts as time does, and comes back as it was."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.store.moments import moment, text

zones = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))])
moments = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 – hypothesis adds it


@given(moments, moments)
def test_it_sorts_as_time_does_and_comes_back(one: datetime, other: datetime) -> None:
    assert (text(one) < text(other)) == (one < other)
    assert moment(text(one)) == moment(one) == one
    assert moment(text(one)).tzinfo is UTC
    assert len(text(one)) == 27


def test_a_moment_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="no"):
        text(datetime(2026, 11, 21))  # noqa: DTZ001
