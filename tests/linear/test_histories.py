"""Whatever is done at once to a clinic by two servers, every caller can be told in which order it happened.

Bookings, check-ins (late ones too), classes of urgency, holds, suspensions, calls in turn and out of it, ends,
cancellations, moves and transfers; some callers are cut off in the middle, another server's process is killed.
``tests.linear.model`` is what one caller after the other would see.
"""

import pytest

from server.store.clinic import LineQueries
from tests.linear.asked import Book, Send
from tests.linear.checker import Issued, counter_fault
from tests.linear.conftest import Played
from tests.linear.histories import LONG, Course, Told, run
from tests.linear.planted import PlantedHouse, look_without_lock, without_the_constraint

ROUNDS = 500 if LONG else 1  # on each database
CALLS = 320 if LONG else 120
KILLS = 3 if LONG else 1
LONG_ROUNDS = 5
EVERYTHING = {
    "Book",
    "Arrive",
    "Cancel",
    "Send",
    "Hold",
    "Release",
    "Classify",
    "Suspend",
    "CallNext",
    "CallThis",
    "End",
}


def numbers(told: Told, session: int) -> list[Issued]:
    """What callers were told of one session's numbers, where no other call can have taken one unseen."""
    return [
        Issued(record.result, record.invoked, record.returned)
        for record in told.records
        if isinstance(record.op, Book | Send) and record.op.session == session
        if isinstance(record.result, int) and record.returned
    ]


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_two_servers_callers_who_are_cut_off_and_another_server_that_is_killed(
    store_url: str, seed: int, number: int, played: Played
) -> None:
    told = await run(Course(store_url, seed + number, calls=CALLS, kills=KILLS))
    played(told)
    assert not told.faults, "\n".join(told.faults)
    assert told.cut_off
    assert [record for record in told.records if record.client.startswith(("process", "doctor-1-c"))]


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: LINEAR=long")
@pytest.mark.parametrize("number", range(LONG_ROUNDS))
async def test_a_long_day_of_twenty_places(store_url: str, seed: int, number: int, played: Played) -> None:
    told = await run(Course(store_url, seed + number, calls=20_000, capacity=150, places=20, desks=1, kills=KILLS))
    played(told)
    assert not told.faults, "\n".join(told.faults)
    assert set(told.asked()) >= EVERYTHING


async def test_numbers_that_are_max_plus_one_are_caught(store_url: str, seed: int) -> None:
    await without_the_constraint(store_url)
    told = await run(Course(store_url, seed, calls=60, capacity=60, house=PlantedHouse))
    assert told.faults
    assert any(counter_fault(numbers(told, session)) for session in (1, 2))


async def test_and_the_database_itself_refuses_them(store_url: str, seed: int) -> None:
    told = await run(Course(store_url, seed, calls=60, capacity=60, house=PlantedHouse))
    assert any("IntegrityError" in fault for fault in told.faults)


@pytest.mark.postgres
async def test_a_line_without_its_lock_is_caught(postgres_url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineQueries, "lock_session", look_without_lock)
    told = await run(Course(postgres_url, seed, calls=100))
    assert told.faults
