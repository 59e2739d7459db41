"""Times written as digits alone, with a zone, without one, and with one that is none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.compact_time import moment, zone_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("202503090755", "2025-03-09T07:55:00"),
        ("20250309075501", "2025-03-09T07:55:01"),
        ("20250309075501.5", "2025-03-09T07:55:01.500000"),
        ("20250309075501.1234567890", "2025-03-09T07:55:01.123456"),
        ("20250309075500+0800", "2025-03-08T23:55:00+00:00"),
        ("20250309075500-05:00", "2025-03-09T12:55:00+00:00"),
        ("202503090755+0000", "2025-03-09T07:55:00+00:00"),
    ],
)
def test_a_time_is_utc_with_its_offset_and_local_without(text: str, expected: str) -> None:
    assert moment(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025",
        "20250309",
        "2025030907",
        "20251309075500",
        "20250230075500",
        "20250309246000",
        "2025-03-09T07:55",
        "19690309075500",
        "99990309075500",
        "20250309075500+9900",
        "２０２５03090755",
        "202503090755 ",
        "2" * 5000,
    ],
)
def test_a_date_alone_and_what_is_no_time_are_none(text: str) -> None:
    assert moment(text) is None


@given(st.datetimes(datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2200-12-30")))
def test_every_time_comes_back(at: datetime) -> None:
    assert moment(at.strftime("%Y%m%d%H%M%S.%f")) == at
    assert moment(at.strftime("%Y%m%d%H%M%S.%f+0000")) == at.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("20250309075500+0800", 8), ("20250309075500.12-0330", -3.5), ("20250309075500", None), ("+0800", None)],
)
def test_the_zone_of_a_time_may_stand_for_those_without(text: str, hours: float | None) -> None:
    zone = zone_of(text)
    assert zone == (None if hours is None else timezone(timedelta(hours=hours)))
    assert moment("20250309075500Z") is None
    if zone is not None:
        assert moment("20250309075500", zone) == moment("20250309075500" + text[-5:])


def test_a_zone_that_is_none_refuses_the_time() -> None:
    assert zone_of("20250309075500+9900") is None
