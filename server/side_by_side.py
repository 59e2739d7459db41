"""Work that stands side by side – alarms, visits, letters – none of which may keep the others from their turn."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def try_each(items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> list[Exception]:
    """One after the other. What failed, for the caller to raise once everybody has had a turn."""
    failed: list[Exception] = []
    for item in items:
        try:
            await act(item)
        except Exception as error:  # noqa: BLE001 – raised by the caller
            failed.append(error)
    return failed
