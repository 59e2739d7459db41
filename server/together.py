"""Questions of the same moment are asked together: a line that moves is read once, not once for each waiting page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
A = TypeVar("A")

AT_ONCE = 250  # keys a question: some milliseconds of the loop's time


class Together(Generic[K, A]):
    """``ask`` answers many keys at once; a key that it leaves out has no answer.

    Whoever asks first waits for the question before it to be answered, and then asks for all who came meanwhile: the
    fuller the house, the more are answered at once. A key joins only a question that has not been put yet, so that an
    answer is never older than its asking.
    """

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Mapping[K, A]]], at_once: int = AT_ONCE) -> None:
        self._ask = ask
        self._at_once = at_once
        self._next: _Question[K, A] | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, key: K) -> A | None:
        """Raises what ``ask`` raises."""
        while True:
            question = self._next
            if question is None or len(question.keys) >= self._at_once:
                return await self._lead(key)
            question.keys[key] = None
            await question.put.wait()
            if not question.abandoned:
                return question.answer_of(key)

    async def _lead(self, key: K) -> A | None:
        question = self._next = _Question[K, A](key)
        try:
            await asyncio.sleep(0)
            async with self._turn:
                if self._next is question:
                    self._next = None
                question.answers = await self._ask(tuple(question.keys))
        except Exception as error:  # noqa: BLE001 – it is raised to everybody who asked
            question.error = error
        finally:
            if self._next is question:
                self._next = None
            question.abandoned = question.answers is None and question.error is None  # its leader was cancelled
            question.put.set()
        return question.answer_of(key)


class _Question(Generic[K, A]):
    def __init__(self, first: K) -> None:
        self.keys: dict[K, None] = {first: None}  # in the order of asking, each once
        self.put = asyncio.Event()
        self.answers: Mapping[K, A] | None = None
        self.error: Exception | None = None
        self.abandoned = False

    def answer_of(self, key: K) -> A | None:
        if self.error is not None:
            raise self.error
        return (self.answers or {}).get(key)
