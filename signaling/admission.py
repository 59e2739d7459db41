"""How many may be on their way in at once, in two lanes: a crowd that comes back must not keep a doctor out. Pure.

Being on the way in is what costs: from the first byte until it is known who it is. Those inside are not counted here.
The others wait for their turn: a turn for each place that they come from, so that one machine with a thousand sockets
is before nobody else, and within it in order. Only past that they are asked to come back: each time is a connection,
and a crowd of thousands that tries again every few seconds would take the time in which it could be let in.
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
class _Turns:
    """Who waits, by where they come from; of all these one after the other."""

    by_origin: dict[str, deque[Hashable]] = field(default_factory=dict)
    origins: dict[Hashable, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.origins)

    def add(self, who: Hashable, origin: str) -> None:
        self.by_origin.setdefault(origin, deque()).append(who)
        self.origins[who] = origin

    def remove(self, who: Hashable) -> None:
        origin = self.origins.pop(who, None)
        if origin is not None:
            self.by_origin[origin].remove(who)
            if not self.by_origin[origin]:
                del self.by_origin[origin]

    def next(self) -> Hashable:
        """There is one. Where it came from is behind all others then."""
        origin = next(iter(self.by_origin))
        rest = self.by_origin.pop(origin)
        who = rest.popleft()
        del self.origins[who]
        if rest:
            self.by_origin[origin] = rest
        return who


@dataclass(eq=False, slots=True)
class _Queue:
    entering: dict[Hashable, float] = field(default_factory=dict)  # until when the place is theirs
    waiting: _Turns = field(default_factory=_Turns)


@dataclass(slots=True)
class Admission:
    """``at_once`` and ``waiting`` a lane. A place goes to the next who waits when its holder has not said within
    ``silence_s`` who it is, which costs nothing but the place, or is not through ``answer_s`` after that."""

    at_once: int
    waiting: int
    silence_s: float
    answer_s: float
    _lanes: dict[Lane, _Queue] = field(default_factory=lambda: {lane: _Queue() for lane in Lane})

    def knock(self, lane: Lane, who: Hashable, now: float, origin: str = "") -> Verdict:
        """What ``who`` from ``origin`` may do now; ``now`` in seconds of any clock that does not go back."""
        queue = self._lanes[lane]
        if len(queue.entering) < self.at_once and not queue.waiting:
            queue.entering[who] = now + self.silence_s
            return Verdict.COME_IN
        if len(queue.waiting) >= self.waiting:
            return Verdict.COME_BACK
        queue.waiting.add(who, origin)
        return Verdict.WAIT

    def speaks(self, who: Hashable, now: float) -> None:
        """It has said who it is: from now on it waits for us."""
        for queue in self._lanes.values():
            if who in queue.entering:
                queue.entering[who] = now + self.answer_s

    def end(self, who: Hashable, now: float) -> tuple[Hashable, ...]:
        """Inside, refused or gone; again is nothing. Those whose turn it is now."""
        for queue in self._lanes.values():
            if queue.entering.pop(who, None) is None:
                queue.waiting.remove(who)
        return self.tick(now)

    def tick(self, now: float) -> tuple[Hashable, ...]:
        """Those whose turn it is now."""
        return tuple(who for queue in self._lanes.values() for who in self._next(queue, now))

    def _next(self, queue: _Queue, now: float) -> list[Hashable]:
        if queue.waiting and len(queue.entering) >= self.at_once:
            for stuck in [name for name, until in queue.entering.items() if until <= now]:
                del queue.entering[stuck]
        turn = []
        while queue.waiting and len(queue.entering) < self.at_once:
            turn.append(queue.waiting.next())
            queue.entering[turn[-1]] = now + self.silence_s
        return turn
