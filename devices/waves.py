"""Waveforms: a block of evenly spaced samples of one channel, as a device sends it and as the store keeps it. Pure.

A block is no reading: it raises no alarm, and it is no sign that a patient is watched. It is shown, not judged.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
GAP = -32768  # in place of a sample: nothing was measured, the electrode was off
LOWEST, HIGHEST = -32767, 32767
BYTES = 2  # a sample: little-endian, two's complement
MOST_SAMPLES = 16_384
SLOWEST_HZ, FASTEST_HZ = 1.0, 2000.0
LONGEST_S = 60.0  # of a block; whoever looks should not wait for it
TILE_S = 64  # whose lowest and highest are kept together (devices.pyramid): about what a block weighs itself


class Channel(msgspec.Struct, frozen=True):
    """``unit`` in UCUM; "1": the device's own scale, of which only the shape means something."""

    name: str
    unit: str
    mdc: int


_TABLE = (
    Channel("ecg_i", "mV", 131329),
    Channel("ecg_ii", "mV", 131330),
    Channel("ecg_iii", "mV", 131389),
    Channel("ecg_avr", "mV", 131390),
    Channel("ecg_avl", "mV", 131391),
    Channel("ecg_avf", "mV", 131392),
    Channel("ecg_v1", "mV", 131331),
    Channel("ecg_v2", "mV", 131332),
    Channel("ecg_v3", "mV", 131333),
    Channel("ecg_v4", "mV", 131334),
    Channel("ecg_v5", "mV", 131335),
    Channel("ecg_v6", "mV", 131336),
    Channel("pleth", "1", 150452),
)
CHANNELS: Mapping[str, Channel] = {channel.name: channel for channel in _TABLE}
_BY_MDC = {channel.mdc: channel for channel in _TABLE}
UNITS: Mapping[str, Mapping[str, float]] = {"mV": {"mV": 1.0, "uV": 0.001, "V": 1000.0}, "1": {"1": 1.0}}
"""By the channel's unit: what may be sent, and what it is multiplied with."""


class Block(msgspec.Struct, frozen=True, gc=False):
    """``samples``: int16 as bytes; one is worth ``sample × gain + offset`` in the channel's unit, ``GAP`` nothing.

    ``start`` is when the first was taken – by the device's clock as a codec leaves it, by ours once it is placed –
    and ``rate`` how many a second. ``subject`` as in ``Reading``.
    """

    channel: str
    start: datetime
    rate: float
    gain: float
    offset: float
    samples: bytes
    subject: str | None = None

    @property
    def count(self) -> int:
        return len(self.samples) // BYTES

    @property
    def until(self) -> datetime:
        return self.start + timedelta(seconds=self.count / self.rate)


def by_mdc(codes: frozenset[int] | set[int]) -> Channel | None:
    """The channel that these IEEE 11073 codes name; None where they name none, or several."""
    named = {_BY_MDC[code].name for code in codes if code in _BY_MDC}
    return CHANNELS[named.pop()] if len(named) == 1 else None


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - EPOCH) // MICROSECOND


def cut(block: Block, start: datetime, until: datetime | None) -> Block | None:
    """The samples taken from ``start`` to before ``until``; None where there are none."""
    first = max(0, _index(block, start))
    last = block.count if until is None else min(block.count, _index(block, until))
    if first == 0 and last == block.count:
        return block
    if first >= last:
        return None
    later = block.start + timedelta(seconds=first / block.rate)
    return msgspec.structs.replace(block, start=later, samples=block.samples[first * BYTES : last * BYTES])


def _index(block: Block, moment: datetime) -> int:
    """Of the first sample that was not taken before then."""
    return -int(-(moment - block.start).total_seconds() * block.rate // 1)
