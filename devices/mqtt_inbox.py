"""Between paho's thread and the loop: a bounded hand-over that never drops, and PUBACKs in the order of receipt."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """``put`` by one thread waits for room, so a full inbox slows the broker down; ``take`` by the loop makes room.

    ``wake`` is called, in the putting thread, when the inbox stops being empty.
    """

    def __init__(self, capacity: int, wake: Callable[[], None]) -> None:
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._wake = wake
        self._room = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """False where the inbox was closed: the item is not in it and must not be acknowledged."""
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._items) < self._capacity)
            if self._closed:
                return False
            self._items.append(item)
            first = len(self._items) == 1
        if first:
            self._wake()
        return True

    def take(self, limit: int) -> list[T]:
        with self._room:
            taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
            self._room.notify_all()
        return taken

    def open(self) -> None:
        self._closed = False

    def close(self) -> None:
        """Let a waiting ``put`` go, empty-handed; what is inside stays for ``take``."""
        with self._room:
            self._closed = True
            self._room.notify_all()


class Unacknowledged:
    """The packet ids of one connection that were received and not yet PUBACKed, in order of receipt (MQTT-4.6.0-2)."""

    def __init__(self) -> None:
        self._owed: dict[int, bool] = {}  # id → may it go; in order of receipt

    def received(self, mid: int) -> None:
        self._owed[mid] = False

    def acknowledged(self, mids: Iterable[int]) -> list[int]:
        """The ids that may be PUBACKed now: each waits for all before it. An id that is not owed changes nothing."""
        self._owed.update((mid, True) for mid in mids if mid in self._owed)
        ready = list(takewhile(self._owed.__getitem__, self._owed))
        for mid in ready:
            del self._owed[mid]
        return ready
