"""Against the naive way: the lowest and the highest of all that was measured in a slot, one sample after the other."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.pyramid import SECOND_US, Envelope, Grid, tiles_of, together
from devices.waves import GAP, TILE_S, Block, microseconds
from tests.devices.wave_samples import NOON, block

Pair = tuple[float | None, float | None]
ORIGIN = microseconds(NOON)
SAMPLES = st.lists(st.just(GAP) | st.integers(-32767, 32767), min_size=1, max_size=120)


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    """Of any rate, one after the other, over each other, or with a gap between them."""
    rate = draw(st.sampled_from([1.0, 3.0, 25.0, 125.0, 250.0, 333.3]))
    starts = draw(st.lists(st.integers(-5_000, 200_000), min_size=1, max_size=4))
    return [block(draw(SAMPLES), NOON + timedelta(milliseconds=start), rate) for start in starts]


def naive(measured: Sequence[Block], grid: Grid) -> list[Pair]:
    found: list[list[float]] = [[] for _ in range(grid.count)]
    for each in measured:
        samples = memoryview(each.samples).cast("h")
        for number, sample in enumerate(samples):
            at = microseconds(each.start) + int(number * (SECOND_US / each.rate))
            slot = (at - grid.origin_us) // grid.width_us
            if sample != GAP and 0 <= slot < grid.count:
                found[slot].append(sample * each.gain + each.offset)
    return [(min(slot), max(slot)) if slot else (None, None) for slot in found]


def pairs(envelope: Envelope) -> list[Pair]:
    return list(zip(*envelope.pairs(), strict=True))


def same(one: Sequence[Pair], other: Sequence[Pair]) -> bool:
    return [pytest.approx(pair, abs=1e-3) if None not in pair else pair for pair in other] == list(one)


@given(blocks(), st.integers(1, 400), st.integers(1, 60))
@settings(max_examples=60)
def test_an_envelope_is_what_the_naive_way_finds(measured: list[Block], width_ms: int, count: int) -> None:
    grid = Grid(ORIGIN, width_ms * 1000, count)
    envelope = Envelope(grid)
    for each in measured:
        envelope.lay(each)
    assert same(pairs(envelope), naive(measured, grid))


@given(blocks(), st.integers(1, 90))
@settings(max_examples=60)
def test_the_level_of_seconds_loses_no_spike(measured: list[Block], width_s: int) -> None:
    grid = Grid(ORIGIN, width_s * SECOND_US, 240 // width_s + 1)
    whole = NOON, NOON + timedelta(seconds=width_s * grid.count)
    inside = [each for each in measured if each.start >= NOON]
    envelope = Envelope(grid)
    envelope.lay_tiles(list(tiles_of(inside).items()), *whole)
    assert same(pairs(envelope), naive(inside, grid))


@given(blocks(), blocks())
@settings(max_examples=30)
def test_it_does_not_matter_what_came_first_or_twice(early: list[Block], late: list[Block]) -> None:
    here, there, both = tiles_of(early), tiles_of(late), tiles_of([*late, *early, *late])
    for first in here.keys() & there.keys():
        assert together(here[first], there[first]) == together(there[first], here[first]) == both[first]
    assert together(both[min(both)], both[min(both)]) == both[min(both)]


def test_only_the_seconds_of_the_asked_time_are_told() -> None:
    tiles = list(
        tiles_of([block([number] * 10, rate=10, start=NOON + timedelta(seconds=number)) for number in range(9)]).items()
    )
    envelope = Envelope(Grid(ORIGIN, SECOND_US, 9))
    envelope.lay_tiles(
        tiles, NOON + timedelta(seconds=2, milliseconds=1), NOON + timedelta(seconds=5, milliseconds=999)
    )
    assert [low for low, _ in pairs(envelope)] == [None, None, None, 0.015, 0.02, None, None, None, None]


def test_a_negative_gain_turns_low_and_high() -> None:
    turned = Block("ecg_ii", NOON, 10, -1.0, 2.0, block([1, 5]).samples)
    envelope = Envelope(Grid(ORIGIN, SECOND_US, 1))
    envelope.lay(turned)
    assert pairs(envelope) == [(-3.0, 1.0)]


def test_nothing_is_nothing() -> None:
    envelope = Envelope(Grid(ORIGIN, SECOND_US, 2))
    envelope.lay_tiles([], NOON, NOON + timedelta(seconds=2))
    envelope.lay(block([GAP, GAP]))
    assert pairs(envelope) == [(None, None)] * 2
    assert len(tiles_of([block([GAP])])) == 1
    assert len(next(iter(tiles_of([block([GAP])]).values()))) == TILE_S * 8
