"""Wishes of the same moment: one commit for many, and nobody pays for a neighbour."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from server.grouped import Grouped, Outage


class Ledger:
    """Takes what is written, a group a commit. ``shut`` holds every transaction at its beginning."""

    def __init__(self) -> None:
        self.commits: list[tuple[str, ...]] = []
        self.told: list[tuple[str, ...]] = []
        self.begun = 0
        self.open = asyncio.Event()
        self.open.set()
        self.outage: Exception | None = None
        self.at_commit: Exception | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[list[str]]:
        self.begun += 1
        await self.open.wait()
        if self.outage:
            raise self.outage
        page: list[str] = []
        yield page
        if self.at_commit:
            raise self.at_commit
        self.commits.append(tuple(page))

    async def write(self, page: list[str], wanted: Sequence[str]) -> list[str | Exception]:
        await asyncio.sleep(0)
        if "blot" in wanted:
            raise ZeroDivisionError("a blot")
        page += [each for each in wanted if each != "refused"]
        return [LookupError(each) if each == "refused" else each.upper() for each in wanted]

    async def tell(self, written: Sequence[str]) -> None:
        self.told.append(tuple(written))


def grouped(ledger: Ledger, at_once: int = 64) -> Grouped[list[str], str, str]:
    return Grouped(ledger.begin, ledger.write, ledger.tell, at_once)


async def test_who_comes_while_others_hold_the_database_is_in_the_same_commit() -> None:
    ledger = Ledger()
    write = grouped(ledger)
    ledger.open.clear()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(write(each)) for each in "abc"]
        await asyncio.sleep(0.01)
        tasks.append(group.create_task(write("d")))
        await asyncio.sleep(0.01)
        ledger.open.set()
    assert [task.result() for task in tasks] == ["A", "B", "C", "D"]
    assert ledger.commits == [("a", "b", "c", "d")]
    assert ledger.told == [("A", "B", "C", "D")]


async def test_a_commit_has_a_largest_size_and_keeps_the_order_of_coming() -> None:
    ledger = Ledger()
    write = grouped(ledger, at_once=2)
    assert await asyncio.gather(*map(write, "abcde")) == list("ABCDE")
    assert ledger.commits == [("a", "b"), ("c", "d"), ("e",)]


async def test_one_who_is_refused_costs_the_others_nothing() -> None:
    ledger = Ledger()
    done = await asyncio.gather(*map(grouped(ledger), ["a", "refused", "b"]), return_exceptions=True)
    assert [str(each) for each in done] == ["A", "refused", "B"]
    assert ledger.commits == [("a", "b")]


async def test_what_fails_before_the_commit_is_tried_one_by_one() -> None:
    ledger = Ledger()
    done = await asyncio.gather(*map(grouped(ledger), ["a", "blot", "b"]), return_exceptions=True)
    assert [done[0], type(done[1]), done[2]] == ["A", ZeroDivisionError, "B"]
    assert ledger.commits == [("a",), ("b",)]


async def test_what_fails_in_the_commit_is_not_tried_again_for_it_may_have_been_done() -> None:
    ledger = Ledger()
    ledger.at_commit = ZeroDivisionError("lost on the way")
    done = await asyncio.gather(*map(grouped(ledger), "abc"), return_exceptions=True)
    assert {type(each) for each in done} == {ZeroDivisionError}
    assert (ledger.begun, ledger.told) == (1, [])


@pytest.mark.parametrize("outage", [Outage("busy"), OSError("no route")])
async def test_an_outage_is_everybodys_at_once_and_over_when_it_is_over(outage: Exception) -> None:
    ledger = Ledger()
    write = grouped(ledger)
    ledger.outage = outage
    assert await asyncio.gather(*map(write, "abc"), return_exceptions=True) == [outage] * 3
    assert ledger.begun == 1
    ledger.outage = None
    assert await write("d") == "D"


async def test_who_stops_waiting_disturbs_nobody() -> None:
    ledger = Ledger()
    write = grouped(ledger)
    ledger.open.clear()
    async with asyncio.TaskGroup() as group:
        first, second = group.create_task(write("a")), group.create_task(write("b"))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        ledger.open.set()
    assert first.cancelled()
    assert second.result() == "B"
    assert ledger.commits == [("b",)]


async def test_pages_that_cannot_be_told_change_nothing_of_what_is_written() -> None:
    ledger = Ledger()

    async def broken(_written: Sequence[str]) -> None:
        raise OSError("the bus is gone")

    write: Grouped[list[str], str, str] = Grouped(ledger.begin, ledger.write, broken)
    assert await write("a") == "A"
