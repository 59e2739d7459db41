"""The live state of one topic: a flat map, its versions, and what a browser that was away has missed. Pure.

Values are JSON as bytes: two are the same when their bytes are, and they are written once for all who watch.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

State = Mapping[str, bytes]

HISTORY_STEPS = 256
HISTORY_BYTES = 256 * 1024
HISTORY_LEAST = 1024  # bytes


@dataclass(frozen=True, slots=True)
class Delta:
    """What made ``version`` out of the one before it."""

    version: int
    set: State
    drop: tuple[str, ...]

    @property
    def weight(self) -> int:
        """Bytes, about."""
        return sum(_weight(*item) for item in self.set.items()) + sum(map(len, self.drop))


@dataclass(frozen=True, slots=True)
class Snapshot:
    version: int
    state: State


class LiveTopic:
    """``epoch`` names this life of the topic: random, so that no id of an earlier life means anything in this one.

    No more history is kept than the whole state weighs: to be told everything anew is cheaper then, and the topics of
    thousands of waiting pages, each of one small value, must not grow with every step of the line.
    """

    def __init__(self, epoch: str, *, steps: int = HISTORY_STEPS, history_bytes: int = HISTORY_BYTES) -> None:
        self._epoch = epoch
        self._steps, self._history_bytes = steps, history_bytes
        self._state: dict[str, bytes] = {}
        self._version = 0
        self._history: deque[Delta] = deque()
        self._weight = 0  # of the history
        self._size = 0  # of the state

    @property
    def event_id(self) -> str:
        return self.event_id_of(self._version)

    def event_id_of(self, version: int) -> str:
        return f"{self._epoch}-{version}"

    def snapshot(self) -> Snapshot:
        return Snapshot(self._version, dict(self._state))

    def replace(self, state: State) -> Delta | None:
        """The whole state anew; None where nothing differs."""
        changed = {key: value for key, value in state.items() if self._state.get(key) != value}
        return self._step(changed, tuple(key for key in self._state if key not in state))

    def merge(self, changes: State) -> Delta | None:
        """These keys anew, the others as they were; None where nothing differs."""
        return self._step({key: value for key, value in changes.items() if self._state.get(key) != value}, ())

    def resume(self, last_event_id: str | None) -> Snapshot | tuple[Delta, ...]:
        """What came after ``last_event_id``; everything where the id is unknown or the history does not reach back."""
        seen = self._version_in(last_event_id)
        kept_from = self._version - len(self._history)
        if seen is None or not kept_from <= seen <= self._version:
            return self.snapshot()
        return tuple(delta for delta in self._history if delta.version > seen)

    def _step(self, changed: State, gone: tuple[str, ...]) -> Delta | None:
        if not changed and not gone:
            return None
        self._version += 1
        for key in gone:
            self._size -= _weight(key, self._state.pop(key))
        for key, value in changed.items():
            self._size += len(value) - len(self._state[key]) if key in self._state else _weight(key, value)
        self._state.update(changed)
        delta = Delta(self._version, changed, gone)
        self._remember(delta)
        return delta

    def _remember(self, delta: Delta) -> None:
        self._history.append(delta)
        self._weight += delta.weight
        allowed = min(self._history_bytes, max(HISTORY_LEAST, self._size))
        while len(self._history) > self._steps or self._weight > allowed:
            self._weight -= self._history.popleft().weight

    def _version_in(self, event_id: str | None) -> int | None:
        epoch, _, version = (event_id or "").rpartition("-")
        if epoch != self._epoch or not (version.isascii() and version.isdecimal() and len(version) <= 15):
            return None
        return int(version)


def _weight(key: str, value: bytes) -> int:
    return len(key) + len(value)
