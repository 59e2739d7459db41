"""Is a concurrent history linearisable? Wing and Gong's search with Lowe's memory, and the exact rule of one counter.

A history is linearisable if every call can be given one moment between its invocation and its return so that, one after
the other in the order of these moments, a sequential model gives every caller the result that it got.
J. Wing, C. Gong, "Testing and Verifying Concurrent Objects" (1993); G. Lowe, "Testing for linearizability" (2017).

The search stays near n for a history that is right: a refusal, which changes nothing wherever it stands, is ordered as
soon as it fits, since no other order is lost by that; and of the others, where a witness has seen them take effect, one
is tried in that order.
"""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=Hashable)
PATIENCE: Final = 50_000  # a right history of n calls with a witness needs about n


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one client. ``invoked`` and ``returned`` are nanoseconds of the machine's monotonic clock.

    ``idle``: with this result it changes nothing, whatever it comes after. ``witnessed``: as which one somebody has
    seen it take effect; that is believed nothing, only tried first.
    """

    client: str
    op: object
    invoked: int
    returned: int
    result: object
    witnessed: int | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``stuck``: the calls one of which would have had to come next, where no order explains the history."""

    order: tuple[Call, ...]
    stuck: tuple[Call, ...] = ()
    tried: int = 0

    @property
    def linearisable(self) -> bool:
        return not self.stuck

    def __str__(self) -> str:
        lines = [f"after {len(self.order)} calls that can be ordered, none of these can be next ({self.tried} tried):"]
        return "\n".join([*lines, *(f"  {call.client}: {call.op} -> {call.result}" for call in self.stuck)])


Step = Callable[[S, object, object], S | None]
"""The sequential model: the state after a call that gave this result, None where it cannot have given it."""


@dataclass(frozen=True, slots=True)
class _Node(Generic[S]):
    """The first ``base`` calls by invocation are ordered, and of those after them the ones in ``mask``."""

    base: int
    mask: int
    state: S
    order: "tuple[_Node[S], Call] | None" = None


def linearise(history: Sequence[Call], initial: S, step: Step[S], patience: int = PATIENCE) -> Verdict:
    """Searched depth first, no configuration twice. After ``patience`` of them it counts as not linearisable."""
    calls = sorted(history, key=lambda call: call.invoked)
    stack = [_Node(0, 0, initial)]
    seen: set[tuple[int, int, S]] = set()
    deepest = stack[0]
    while stack and len(seen) < patience:
        node = stack.pop()
        if node.base == len(calls):
            return Verdict(tuple(_ordered(node)), tried=len(seen))
        if (node.base, node.mask, node.state) in seen:
            continue
        seen.add((node.base, node.mask, node.state))
        deepest = max(deepest, node, key=_done)
        stack.extend(_next(node, calls, step))
    stuck = tuple(calls[at] for at in _candidates(deepest, calls))
    return Verdict(tuple(_ordered(deepest)), stuck, tried=len(seen))


def _next(node: _Node[S], calls: Sequence[Call], step: Step[S]) -> list[_Node[S]]:
    """The best one last, since the stack gives it back first."""
    found: list[tuple[tuple[bool, float, int], _Node[S]]] = []
    for at in _candidates(node, calls):
        call = calls[at]
        after = step(node.state, call.op, call.result)
        if after is None:
            continue
        following = _with(node, at, call, after)
        if call.idle:
            return [following]
        found.append((_promise(call, quiet=after == node.state), following))
    return [following for _, following in sorted(found, key=lambda each: each[0])]


def _promise(call: Call, *, quiet: bool) -> tuple[bool, float, int]:
    """The higher, the sooner it is tried: no change that nobody saw either, then by the witness, then by return."""
    seen = -math.inf if call.witnessed is None else -call.witnessed
    return quiet and call.witnessed is None, seen, -call.returned


def _candidates(node: _Node[S], calls: Sequence[Call]) -> list[int]:
    """Those that may come next: not ordered yet, and invoked before any such one had returned."""
    found, limit = [], None
    for at in range(node.base, len(calls)):
        if node.mask >> (at - node.base) & 1:
            continue
        if limit is not None and calls[at].invoked > limit:
            break
        found.append(at)
        limit = calls[at].returned if limit is None else min(limit, calls[at].returned)
    return [at for at in found if limit is None or calls[at].invoked <= limit]


def _with(node: _Node[S], at: int, call: Call, state: S) -> _Node[S]:
    base, mask = node.base, node.mask | 1 << (at - node.base)
    while mask & 1:
        base, mask = base + 1, mask >> 1
    return _Node(base, mask, state, (node, call))


def _done(node: _Node[S]) -> int:
    return node.base + node.mask.bit_count()


def _ordered(node: _Node[S]) -> Iterator[Call]:
    found: list[Call] = []
    while node.order is not None:
        node, call = node.order
        found.append(call)
    return reversed(found)


@dataclass(frozen=True, slots=True)
class Issued:
    """A number that was given between two moments."""

    number: int
    invoked: int
    returned: int


def counter_fault(issued: Sequence[Issued]) -> str | None:
    """What is wrong with the numbers of one counter that starts at 1; None where they are linearisable.

    Exact in n log n, for histories that no search ends on: unique, without gap, and none issued after a higher one had
    been returned.
    """
    numbers = sorted(one.number for one in issued)
    expected = list(range(1, len(issued) + 1))
    if numbers != expected:
        wrong = next(number for number, wanted in zip(numbers, expected, strict=True) if number != wanted)
        return f"{wrong} is issued twice, or one before it never"
    ends = [(one.returned, 1, one.number) for one in issued]
    begins = [(one.invoked, 0, one.number) for one in issued]
    highest = 0
    for _, returned, number in sorted([*ends, *begins]):
        if not returned and number < highest:
            return f"{number} was issued after {highest} had been returned"
        highest = max(highest, number if returned else 0)
    return None
