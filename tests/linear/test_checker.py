"""The checker itself: what it must believe, what it must not, and that it ends on long histories."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.linear.checker import Call, Issued, counter_fault, linearise

TAKE = "take"


def counter(last: int, _op: object, result: object) -> int | None:
    """A counter that gives 1, 2, 3 …"""
    return last + 1 if result == last + 1 else None


def calls(*spans: tuple[int, int, int]) -> list[Call]:
    """From (invoked, returned, number)."""
    return [Call(f"client {at}", TAKE, *span[:2], span[2]) for at, span in enumerate(spans)]


@pytest.mark.parametrize(
    "history",
    [
        [],
        calls((0, 1, 1), (2, 3, 2)),
        calls((0, 9, 2), (1, 2, 1)),  # the one that began first may come second
        calls((0, 5, 3), (1, 6, 1), (2, 7, 2)),
    ],
)
def test_it_believes_what_can_have_happened(history: list[Call]) -> None:
    verdict = linearise(history, 0, counter)
    assert verdict.linearisable
    assert [call.result for call in verdict.order] == sorted(call.result for call in history)  # type: ignore[type-var]


@pytest.mark.parametrize(
    "history",
    [
        calls((0, 1, 1), (0, 1, 1)),  # twice
        calls((0, 1, 2)),  # a gap
        calls((0, 1, 2), (2, 3, 1)),  # 1 after 2 had been returned
    ],
)
def test_it_does_not_believe_what_cannot(history: list[Call]) -> None:
    verdict = linearise(history, 0, counter)
    assert not verdict.linearisable
    assert "none of these can be next" in str(verdict)
    assert counter_fault([Issued(call.result, call.invoked, call.returned) for call in history])  # type: ignore[arg-type]


def switch(on: bool, op: object, result: object) -> bool | None:
    """A light: switched on or off, again or not, and looked at."""
    if op == "look":
        return on if on is result else None
    return op == "on"


def test_what_changes_nothing_now_may_change_something_later() -> None:
    first, again = Call("a", "on", 0, 1, None), Call("b", "on", 0, 10, None)
    off, look = Call("c", "off", 2, 3, None), Call("d", "look", 11, 12, True)
    verdict = linearise([first, again, off, look], False, switch)
    assert verdict.order == (first, off, again, look)


def test_a_refusal_is_ordered_as_soon_as_it_fits() -> None:
    refused = Call("a", "look", 0, 100, False, idle=True)
    on = Call("b", "on", 1, 2, None)
    assert linearise([refused, on], False, switch).order == (refused, on)


@given(st.integers(1, 7), st.integers(0, 2**32), st.booleans())
def test_both_rules_agree_on_every_small_history(size: int, seed: int, swapped: bool) -> None:
    chance = random.Random(seed)  # noqa: S311 – histories, not secrets
    history = overlapping(size, chance)
    if swapped and size > 1:
        first, second = chance.sample(range(size), 2)
        results = history[second].result, history[first].result
        for at, result in zip((first, second), results, strict=True):
            history[at] = Call(history[at].client, TAKE, history[at].invoked, history[at].returned, result)
    issued = [Issued(call.result, call.invoked, call.returned) for call in history]  # type: ignore[arg-type]
    assert linearise(history, 0, counter).linearisable is (counter_fault(issued) is None)


def overlapping(size: int, chance: random.Random) -> list[Call]:
    """A linearisable history of eight clients: each call takes effect at its own moment."""
    moments = [10 * number for number in range(1, size + 1)]
    spread = [(chance.randint(1, 35), chance.randint(1, 35)) for _ in moments]
    timed = zip(moments, spread, strict=True)
    return [Call("", TAKE, at - early, at + late, number) for number, (at, (early, late)) in enumerate(timed, 1)]


def test_it_ends_on_a_long_history() -> None:
    chance = random.Random(5)  # noqa: S311
    history = overlapping(20_000, chance)
    chance.shuffle(history)
    assert linearise(history, 0, counter).linearisable
    assert counter_fault([Issued(call.result, call.invoked, call.returned) for call in history]) is None  # type: ignore[arg-type]
