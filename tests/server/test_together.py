"""Questions that come at the same moment: put once, answered each, and never with something old."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from server.together import Together


class Desk:
    """Answers with what ``value`` is when it is asked; counts how often that was."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.value = 1
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def ask(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(tuple(keys))
        value = self.value
        await self.open.wait()
        if self.broken:
            raise OSError("the desk is shut")
        return {key: value for key in keys if key != "nobody"}


async def test_those_who_ask_at_once_are_answered_by_one_question() -> None:
    desk = Desk()
    ask = Together(desk.ask)
    assert await asyncio.gather(*map(ask, ["a", "b", "a", "nobody"])) == [1, 1, 1, None]
    assert desk.asked == [("a", "b", "nobody")]


async def test_who_comes_while_a_question_is_under_way_gets_a_newer_answer() -> None:
    desk = Desk()
    ask = Together(desk.ask)
    desk.open.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask("a"))
        await asyncio.sleep(0.01)
        desk.value = 2
        second = group.create_task(ask("a"))
        await asyncio.sleep(0.01)
        desk.open.set()
    assert (first.result(), second.result()) == (1, 2)


async def test_a_question_has_a_largest_size() -> None:
    desk = Desk()
    ask = Together(desk.ask, at_once=2)
    assert await asyncio.gather(*map(ask, "abcde")) == [1] * 5
    assert [len(keys) for keys in desk.asked] == [2, 2, 1]


async def test_a_crowd_that_trickles_in_asks_one_question_at_a_time() -> None:
    """Each question takes a connection of the store: with one for every moment, the last ones found none in 30 s."""
    under_way = [0]
    sizes = list[int]()

    async def ask(keys: Sequence[int]) -> Mapping[int, int]:
        under_way.append(under_way[-1] + 1)
        sizes.append(len(keys))
        await asyncio.sleep(0.01)
        under_way.append(under_way[-1] - 1)
        return {key: key for key in keys}

    together = Together(ask)
    async with asyncio.TaskGroup() as group:
        for number in range(300):
            group.create_task(together(number))
            await asyncio.sleep(0)
    assert max(under_way) == 1
    assert sum(sizes) == 300
    assert len(sizes) < 10


async def test_a_question_that_fails_fails_for_all_and_not_for_the_next() -> None:
    desk = Desk()
    ask = Together(desk.ask)
    desk.broken = True
    failed = await asyncio.gather(*map(ask, "ab"), return_exceptions=True)
    assert [type(error) for error in failed] == [OSError, OSError]
    desk.broken = False
    assert await ask("a") == 1


async def test_who_goes_away_takes_nobodys_answer_along() -> None:
    desk = Desk()
    ask = Together(desk.ask)
    desk.open.clear()
    async with asyncio.TaskGroup() as group:
        leader = group.create_task(ask("a"))
        other = group.create_task(ask("b"))
        await asyncio.sleep(0.01)
        leader.cancel()
        await asyncio.sleep(0.01)
        desk.open.set()
    assert leader.cancelled()
    assert other.result() == 1


@pytest.mark.parametrize("at_once", [1, 3, 250])
async def test_everybody_gets_the_own_answer(at_once: int) -> None:
    async def ask(keys: Sequence[int]) -> Mapping[int, int]:
        await asyncio.sleep(0)
        return {key: key * key for key in keys}

    together = Together(ask, at_once)
    assert await asyncio.gather(*map(together, range(100))) == [number * number for number in range(100)]
