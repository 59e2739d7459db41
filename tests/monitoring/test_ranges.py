"""Which sums answer a question, and that every reading is in one point of at most so many as were asked for."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.monitoring.ranges import Slot, Wish, grid, together
from server.monitoring.rollups import Level, Sums, day_end, day_start

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def wish(span: timedelta, points: int = 500, start: datetime = NOON) -> Wish:
    return Wish("patient", "spo2", start, start + span, points)


@pytest.mark.parametrize(
    ("span", "level"),
    [
        (timedelta(hours=1), None),
        (timedelta(hours=3), Level.MINUTE),
        (timedelta(days=1), Level.MINUTE),
        (timedelta(days=7), Level.MINUTE),
        (timedelta(days=31), Level.HOUR),
        (timedelta(days=366), Level.HOUR),
        (timedelta(days=366 * 5), Level.DAY),
    ],
)
def test_the_widest_sums_that_are_narrow_enough_answer(span: timedelta, level: Level | None) -> None:
    assert grid(wish(span), BERLIN, singles_kept=True).level is level


def test_where_single_readings_are_deleted_the_minutes_answer() -> None:
    assert grid(wish(timedelta(hours=1)), BERLIN, singles_kept=False).level is Level.MINUTE


SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=3000))


@given(SPANS, st.integers(10, 2000), st.timedeltas(timedelta(0), timedelta(days=3000)), st.booleans())
def test_there_are_never_more_points_than_asked_for(
    span: timedelta, points: int, later: timedelta, singles: bool
) -> None:
    over = grid(wish(span, points, NOON + later), BERLIN, singles_kept=singles)
    assert over.slot(over.until - 1) < points
    assert over.slot(over.origin) == 0


def test_a_day_that_summer_time_shortens_has_a_slot_of_its_own() -> None:
    start = datetime(2026, 1, 1, tzinfo=BERLIN)
    over = grid(wish(timedelta(days=360), 362, start), BERLIN, singles_kept=True)
    at, seen = day_start(int(start.timestamp()), BERLIN), []
    while at < over.until:
        seen.append(over.slot(at))
        at = day_end(at, BERLIN)
    assert (over.level, over.width_s) == (Level.DAY, Level.DAY)
    assert seen == list(range(360))


def test_slots_of_one_number_become_one() -> None:
    early, late = Sums(1, 90, 90, 90, 90, 1), Sums(2, 91, 99, 190, 99, 9)
    [both] = together([Slot(3, 60_000, late), Slot(3, 0, early)])
    assert (both.start_ms, both.sums) == (0, Sums(3, 90, 99, 280, 99, 9))
