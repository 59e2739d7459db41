"""Min/max pyramids of waveforms, by numpy: samples → seconds → whatever a chart has room for. Pure.

A spike of one sample is in every level above it, and what was not measured (NaN) is in none. The level of seconds is
the one that is kept: lower ones are read from the blocks faster than they could be looked up, and a month of it is
read whole. Taking the lowest and the highest again changes nothing, so that a block laid twice is laid once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.waves import GAP, TILE_S, Block, microseconds

SECOND_US: Final = 1_000_000
PLACES: Final = 4  # microvolts are 0.001 mV

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Tile = tuple[int, bytes]  # its first second, since 1970; 64 lowest and 64 highest as float32


@dataclass(frozen=True, slots=True)
class Grid:
    """``count`` slots of ``width_us`` each from ``origin_us`` on, in microseconds since 1970."""

    origin_us: int
    width_us: int
    count: int


@dataclass(frozen=True)
class Envelope:
    """The lowest and the highest in each slot of a grid."""

    grid: Grid
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, np.full(self.grid.count, np.nan, dtype=np.float32))

    def lay(self, block: Block) -> None:
        counts = np.frombuffer(block.samples, dtype="<i2")
        at_us = microseconds(block.start) + (np.arange(len(counts)) * (SECOND_US / block.rate)).astype(np.int64)
        measured = counts != GAP
        values = counts[measured].astype(np.float32) * np.float32(block.gain) + np.float32(block.offset)
        self._merge(at_us[measured], values, values)

    def lay_tiles(self, tiles: Sequence[Tile], start: datetime, until: datetime) -> None:
        """Of them the whole seconds from ``start`` to before ``until``."""
        if not tiles:
            return
        ordered = sorted(tiles)
        seconds = (np.array([first for first, _ in ordered], dtype=np.int64)[:, None] + np.arange(TILE_S)).ravel()
        pairs = np.frombuffer(b"".join(bins for _, bins in ordered), dtype="<f4")
        low, high = pairs.reshape(-1, 2, TILE_S).swapaxes(0, 1).reshape(2, -1)
        own = (seconds * SECOND_US >= microseconds(start)) & ((seconds + 1) * SECOND_US <= microseconds(until))
        own &= ~np.isnan(low)
        rising = np.argsort(seconds[own], kind="stable")  # two tiles of the same seconds stand one behind the other
        self._merge(seconds[own][rising] * SECOND_US, low[own][rising], high[own][rising])

    def pairs(self) -> tuple[list[float | None], list[float | None]]:
        """As JSON has them: None where nothing was measured."""
        return _numbers(self.low), _numbers(self.high)

    def _merge(self, at_us: Ints, low: Floats, high: Floats) -> None:
        """What is measured at ascending moments, into their slots."""
        slots = (at_us - self.grid.origin_us) // self.grid.width_us
        inside = (slots >= 0) & (slots < self.grid.count)
        slots = slots[inside]
        if not len(slots):
            return
        firsts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
        there = slots[firsts]
        self.low[there] = np.fmin(self.low[there], np.minimum.reduceat(low[inside], firsts))
        self.high[there] = np.fmax(self.high[there], np.maximum.reduceat(high[inside], firsts))


def tiles_of(blocks: Iterable[Block]) -> Mapping[int, bytes]:
    """The seconds of these blocks, of one channel, in tiles by their first second."""
    laid: dict[int, Envelope] = {}
    for block in blocks:
        for first in _firsts(block):
            laid.setdefault(first, Envelope(Grid(first * SECOND_US, SECOND_US, TILE_S))).lay(block)
    return {first: np.concatenate([tile.low, tile.high]).tobytes() for first, tile in laid.items()}


def together(one: bytes, other: bytes) -> bytes:
    """Two tiles of the same seconds."""
    (low, high), (lower, higher) = (np.frombuffer(each, dtype="<f4").reshape(2, TILE_S) for each in (one, other))
    return np.concatenate([np.fmin(low, lower), np.fmax(high, higher)]).tobytes()


def _firsts(block: Block) -> Iterator[int]:
    start, until = (microseconds(moment) // SECOND_US for moment in (block.start, block.until))
    return iter(range(start // TILE_S * TILE_S, until + 1, TILE_S))


def _numbers(values: Floats) -> list[float | None]:
    whole: Sequence[float] = np.round(values.astype(np.float64), PLACES).tolist()
    return [None if number != number else number for number in whole]  # noqa: PLR0124 – NaN alone differs from itself
