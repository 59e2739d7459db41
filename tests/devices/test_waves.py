"""Blocks of samples: when they end, and what a cut of one keeps."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.waves import CHANNELS, cut, microseconds
from tests.devices.wave_samples import NOON, block


def test_a_block_ends_when_its_last_sample_is_over() -> None:
    second = block(range(250))
    assert (second.count, second.until - second.start) == (250, timedelta(seconds=1))
    assert microseconds(second.until) - microseconds(second.start) == 1_000_000


def test_each_channel_has_a_code_of_its_own() -> None:
    assert len({channel.mdc for channel in CHANNELS.values()}) == len(CHANNELS) == 13


@given(st.integers(1, 40), st.integers(-60, 60), st.integers(-60, 60))
def test_what_is_cut_out_was_taken_in_that_time_and_nothing_else_was(count: int, first: int, last: int) -> None:
    whole = block(range(count), rate=10)
    start, until = (NOON + timedelta(milliseconds=50 * moment) for moment in (first, last))
    kept = cut(whole, start, until)
    inside = [sample for sample in range(count) if start <= NOON + timedelta(milliseconds=100 * sample) < until]
    assert (kept is None) == (not inside)
    if kept is not None:
        assert kept.samples == block(inside).samples
        assert kept.start == NOON + timedelta(milliseconds=100 * inside[0])


def test_without_an_end_it_goes_on() -> None:
    assert cut(block([1, 2, 3]), NOON, None) == block([1, 2, 3])
