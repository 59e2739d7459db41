"""How many may be on their way in at once, in two lanes: a crowd that comes back must not keep a doctor out. Pure.

Being on the way in is what costs: from the first byte until it is known who it is. Those inside are not counted here.
The others wait for their turn, in order. Only past that they are asked to come back: each time is a connection, and a
crowd of thousands that tries again every few seconds would take the time in which it could be let in.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum


class Lane(Enum):
    """Which door somebody comes by. It is chosen by what the request says of itself and opens nothing else."""

    STAFF = "staff"
    EVERYBODY = "everybody"


class Verdict(Enum):
    COME_IN = "come_in"
    WAIT = "wait"
    COME_BACK = "come_back"


@dataclass(eq=False, slots=True)
class _Queue:
    entering: dict[Hashable, float] = field(default_factory=dict)
    waiting: deque[Hashable] = field(default_factory=deque)


@dataclass(slots=True)
class Admission:
    """``at_once`` and ``waiting`` a lane; who has not come through after ``patience_s`` gives the place back."""

    at_once: int
    waiting: int
    patience_s: float
    _lanes: dict[Lane, _Queue] = field(default_factory=lambda: {lane: _Queue() for lane in Lane})

    def knock(self, lane: Lane, who: Hashable, now: float) -> Verdict:
        """What ``who`` may do now; ``now`` in seconds of any clock that does not go back."""
        queue = self._lanes[lane]
        if len(queue.entering) < self.at_once and not queue.waiting:
            queue.entering[who] = now
            return Verdict.COME_IN
        if len(queue.waiting) >= self.waiting:
            return Verdict.COME_BACK
        queue.waiting.append(who)
        return Verdict.WAIT

    def end(self, who: Hashable, now: float) -> tuple[Hashable, ...]:
        """Inside, refused or gone; again is nothing. Those whose turn it is now."""
        for queue in self._lanes.values():
            if queue.entering.pop(who, None) is None and who in queue.waiting:
                queue.waiting.remove(who)
        return self.tick(now)

    def tick(self, now: float) -> tuple[Hashable, ...]:
        """Those whose turn it is now."""
        return tuple(who for queue in self._lanes.values() for who in self._next(queue, now))

    def _next(self, queue: _Queue, now: float) -> list[Hashable]:
        if queue.waiting and len(queue.entering) >= self.at_once:
            for stuck in [name for name, since in queue.entering.items() if now - since >= self.patience_s]:
                del queue.entering[stuck]
        turn = []
        while queue.waiting and len(queue.entering) < self.at_once:
            turn.append(queue.waiting.popleft())
            queue.entering[turn[-1]] = now
        return turn
