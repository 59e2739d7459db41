import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from devices.arrivals import Arrival, Receipt
from devices.handover import Handover, NotTaken
from devices.reader import Entry

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)


def arrival(number: int) -> Arrival:
    return Arrival(f"bedside/v1/OX-{number}/readings", b"", False, NOON, Receipt(0, 0))


class Taking:
    """Ingest, as far as a handover knows it."""

    def __init__(self) -> None:
        self.batches: list[list[Arrival]] = []
        self.may = asyncio.Event()
        self.may.set()
        self.error: Exception | None = None

    async def __call__(self, arrivals: Sequence[Arrival]) -> Sequence[Entry]:
        self.batches.append(list(arrivals))
        await self.may.wait()
        if self.error:
            raise self.error
        return [Entry(each) for each in arrivals]


async def test_what_is_handed_in_together_is_one_batch_and_each_hears_of_its_own() -> None:
    handover, taking = Handover(), Taking()
    running = asyncio.gather(handover.run(taking))
    entries = await asyncio.gather(*(handover.deliver(arrival(number)) for number in range(5)))
    assert [entry.arrival for entry in entries] == [arrival(number) for number in range(5)]
    assert [len(batch) for batch in taking.batches] == [5]
    running.cancel()


async def test_nobody_hears_anything_before_the_batch_is_committed() -> None:
    handover, taking = Handover(), Taking()
    taking.may.clear()
    running = asyncio.gather(handover.run(taking))
    waiting = asyncio.gather(handover.deliver(arrival(1)))
    while not taking.batches:
        await asyncio.sleep(0)
    assert not waiting.done()
    taking.may.set()
    assert len(await waiting) == 1
    running.cancel()


async def test_who_hands_in_more_than_there_is_room_for_waits() -> None:
    handover, taking = Handover(capacity=2), Taking()
    waiting = asyncio.gather(*(handover.deliver(arrival(number)) for number in range(5)))
    running = asyncio.gather(handover.run(taking))
    assert len(await waiting) == 5
    assert max(len(batch) for batch in taking.batches) == 2
    running.cancel()


async def test_intake_that_ends_or_fails_takes_nothing_and_says_so() -> None:
    handover, taking = Handover(), Taking()
    taking.error = ConnectionError()
    running = asyncio.gather(handover.run(taking))
    with pytest.raises(NotTaken):
        await handover.deliver(arrival(1))
    with pytest.raises(ConnectionError):
        await running

    taking.error = None
    taking.may.clear()
    running = asyncio.gather(handover.run(taking))
    waiting = asyncio.gather(handover.deliver(arrival(2)))
    while len(taking.batches) < 2:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(NotTaken):
        await waiting


async def test_who_has_gone_does_not_keep_the_others_from_hearing() -> None:
    handover, taking = Handover(), Taking()
    gone, stays = (asyncio.gather(handover.deliver(arrival(number))) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    running = asyncio.gather(handover.run(taking))
    assert len(await stays) == 1
    assert len(taking.batches[0]) == 2
    running.cancel()
