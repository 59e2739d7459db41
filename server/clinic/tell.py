"""After the commit: which live topics have changed. Whoever watches reads them again."""

from collections.abc import Awaitable, Callable, Iterable

Tell = Callable[[str], Awaitable[None]]


async def tell_all(tell: Tell, topics: Iterable[str]) -> None:
    """One after another; a topic that is named twice is told once."""
    for topic in dict.fromkeys(topics):
        await tell(topic)
