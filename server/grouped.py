"""Group commit: what is wanted while a transaction is under way is written together in the next one.

Knows neither SQL nor what is written. Questions of the same moment are ``together``'s.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

import structlog

T = TypeVar("T")
W = TypeVar("W")
R = TypeVar("R")

AT_ONCE: Final = 64  # wishes a commit: some milliseconds of the loop's time, and of SQLite's one writer

logger = structlog.get_logger(__name__)


class Outage(Exception):
    """Nothing is wrong with what was asked: the same again may work later."""


PASSING: Final = (Outage, OSError)  # a neighbour is not to blame for these: alone it would go no better


async def nobody(_written: object) -> None:
    """Where nobody is told."""


@dataclass(frozen=True, slots=True)
class _Wish(Generic[W, R]):
    wanted: W
    answer: asyncio.Future[R]

    def settle(self, result: R | Exception) -> None:
        if self.answer.done():
            return  # nobody waits for it any more
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


class Grouped(Generic[T, W, R]):
    """``write`` gives each wish its result, or the exception that refuses this one alone.

    ``told`` hears once a commit of all that was written, before anybody is answered. What fails before the commit is
    tried again one by one, so that nobody pays for a neighbour; what fails in the commit itself, or by an ``Outage``,
    fails for all of the group: it may have been done. Who stops waiting disturbs nobody: what has begun is finished.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[T]],
        write: Callable[[T, Sequence[W]], Awaitable[Sequence[R | Exception]]],
        told: Callable[[Sequence[R]], Awaitable[None]] = nobody,
        at_once: int = AT_ONCE,
    ) -> None:
        self._begin, self._write, self._told = begin, write, told
        self._at_once = at_once
        self._waiting: deque[_Wish[W, R]] = deque()
        self._working: asyncio.Task[None] | None = None  # held here, and its errors go to those who wait

    async def __call__(self, wanted: W) -> R:
        """Raises what refuses it, or what the transaction failed with."""
        loop = asyncio.get_running_loop()
        wish: _Wish[W, R] = _Wish(wanted, loop.create_future())
        self._waiting.append(wish)
        if self._working is None or self._working.done():
            self._working = loop.create_task(self._work_off())
        return await wish.answer

    async def _work_off(self) -> None:
        while self._waiting:
            await self._commit(self._next)

    def _next(self) -> list[_Wish[W, R]]:
        """Those who wait longest; who has gone meanwhile wants nothing."""
        group: list[_Wish[W, R]] = []
        while self._waiting and len(group) < self._at_once:
            wish = self._waiting.popleft()
            if not wish.answer.done():
                group.append(wish)
        return group

    async def _commit(self, take: Callable[[], list[_Wish[W, R]]]) -> None:
        """Takes once the transaction has begun: who comes while others hold the database is of the group."""
        group: list[_Wish[W, R]] = []
        written: Sequence[R | Exception] | None = None
        try:
            async with self._begin() as tx:
                group = take()
                written = await self._write(tx, [wish.wanted for wish in group])
        except Exception as error:  # noqa: BLE001 – it is raised to those who wait
            await self._failed(group or take(), error, alone=written is None and not isinstance(error, PASSING))
        else:
            await self._answer(group, written)

    async def _failed(self, group: Sequence[_Wish[W, R]], error: Exception, *, alone: bool) -> None:
        for wish in group:
            if alone and len(group) > 1:
                await self._commit(partial(list, (wish,)))
            else:
                wish.settle(error)

    async def _answer(self, group: Sequence[_Wish[W, R]], written: Sequence[R | Exception]) -> None:
        done = [result for result in written if not isinstance(result, Exception)]
        try:
            if done:
                await self._told(done)
        except Exception:  # it is in the database: whoever asked must hear that
            logger.exception("group.not_told")
        for wish, result in zip(group, written, strict=True):
            wish.settle(result)
