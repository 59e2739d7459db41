"""PUBACKs leave in the order of receipt, whatever order the store is done in. Pure."""

from collections.abc import Iterable
from itertools import takewhile


class Unacknowledged:
    """The packet ids of one connection that were received and not yet PUBACKed, in order of receipt (MQTT-4.6.0-2)."""

    def __init__(self) -> None:
        self._owed: dict[int, bool] = {}  # id → may it go; in order of receipt

    def __bool__(self) -> bool:
        return bool(self._owed)

    def received(self, mids: Iterable[int]) -> None:
        self._owed.update((mid, False) for mid in mids)

    def acknowledged(self, mids: Iterable[int]) -> list[int]:
        """The ids that may be PUBACKed now: each waits for all before it. An id that is not owed changes nothing."""
        self._owed.update((mid, True) for mid in mids if mid in self._owed)
        ready = list(takewhile(self._owed.__getitem__, self._owed))
        for mid in ready:
            del self._owed[mid]
        return ready
