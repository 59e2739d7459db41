"""Whatever is done at once to a clinic by two servers, every caller can be told in which order it happened.

Bookings, waiting lists and their offers, check-ins (late ones too), classes of urgency, holds, sessions that are
suspended, closed and resized, calls in turn and out of it, answers, ends, cancellations, moves, transfers out of the
line and out of the room; some callers are cut off in the middle, another server's process is killed.
``tests.linear.model`` is what one caller after the other would see.
"""

import pytest

from tests.linear.conftest import Played, batches
from tests.linear.histories import LONG, Course, opened, run

ROUNDS = 500 if LONG else 1  # on each database
IN_ONE_HOSPITAL = 10 if LONG else 1
CALLS = 320 if LONG else 120
CAPACITY = 20 if LONG else 12
KILLS = 3 if LONG else 1
LONG_ROUNDS = 5
EVERYTHING = {
    "Book",
    "Arrive",
    "Cancel",
    "Send",
    "JoinList",
    "Accept",
    "Resize",
    "Hold",
    "Release",
    "Classify",
    "Suspend",
    "Close",
    "Open",
    "CallNext",
    "CallThis",
    "Answer",
    "End",
}


@pytest.mark.parametrize("numbers", batches(ROUNDS, IN_ONE_HOSPITAL), ids=str)
async def test_two_servers_callers_who_are_cut_off_and_another_server_that_is_killed(
    store_url: str, seed: int, numbers: range, played: Played
) -> None:
    async with opened(store_url) as hospital:
        for number in played.left(numbers):
            told = await hospital.play(Course(seed + number, calls=CALLS, capacity=CAPACITY, kills=KILLS))
            played(seed + number, told)
            assert not told.faults, "\n".join(told.faults)
            assert told.cut_off
            assert [record for record in told.records if record.client.startswith("process")]


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: LINEAR=long")
@pytest.mark.parametrize("numbers", batches(LONG_ROUNDS, 1), ids=str)
async def test_a_long_day_of_twenty_places(store_url: str, seed: int, numbers: range, played: Played) -> None:
    day = seed + numbers[0]
    told = await run(store_url, Course(day, calls=20_000, capacity=60, places=20, desks=1, kills=KILLS))
    played(day, told)
    assert not told.faults, "\n".join(told.faults)
    assert set(told.asked()) >= EVERYTHING
