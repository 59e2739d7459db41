"""Waveforms for pages: what runs now, and what was recorded – a short time as samples, a longer one as an envelope.

For looking, not for diagnosis: nothing is filtered, nothing is measured on it, and no alarm comes of it.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from devices.waves import CHANNELS, MICROSECOND, Block, cut, microseconds
from server.access.principal import Principal
from server.access.roles import Action
from server.monitoring.errors import NotFound, RangeRefused, UnknownMetric
from server.monitoring.history import check_span

LIVE: Final = timedelta(seconds=12)  # of the newest, for whoever begins to look
LIVE_BLOCKS: Final = 400
STRIP: Final = timedelta(seconds=30)  # up to here each sample is told
FROM_BLOCKS: Final = timedelta(minutes=20)  # up to here the envelope is made of samples; beyond, of seconds
MOST_BLOCKS: Final = 5_000
LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Worn:
    """When the patient wore a device, within the time that is asked for; ``subject``: how it names the patient."""

    device_id: str
    patient_id: str
    start: datetime
    until: datetime
    subject: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    device_id: str
    block: Block


@dataclass(frozen=True, slots=True)
class WaveWish:
    """A channel of a patient from ``start`` to before ``until``, in at most ``points``."""

    patient_id: str
    channel: str
    start: datetime
    until: datetime
    points: int

    @property
    def span(self) -> timedelta:
        return self.until - self.start


class WaveBlock(msgspec.Struct, frozen=True, kw_only=True):
    """``start_us``: microseconds since 1970. ``samples``: int16, little-endian, base64; −32768 is none. A value is
    ``sample × gain + offset`` in ``unit``."""

    channel: str
    unit: str
    device_id: str
    start_us: int
    rate: float
    gain: float
    offset: float
    samples: bytes


class WavesView(msgspec.Struct, frozen=True, kw_only=True):
    """``level`` samples: ``blocks`` have them all. ``envelope``: slots of ``width_us`` from ``start_us`` on, each with
    its lowest and highest, null where nothing was measured."""

    channel: str
    unit: str
    start_us: int
    level: str
    width_us: int = 0
    low: list[float | None] = []
    high: list[float | None] = []
    blocks: list[WaveBlock] = []


class WaveChannel(msgspec.Struct, frozen=True):
    """What was ever recorded of a patient."""

    channel: str
    unit: str


class RecordedLook(Protocol):
    async def worn_between(self, patient_id: str, start: datetime, until: datetime) -> Sequence[Worn]: ...
    async def blocks(self, worn: Worn, channels: Iterable[str], limit: int) -> Sequence[Recorded]:
        """In order of time; where there are more than ``limit``, the newest."""
        ...

    async def tiles(self, worn: Worn, channel: str) -> Sequence[tuple[int, bytes]]: ...
    async def channels(self, worn: Worn) -> Sequence[str]: ...


class WavesLook(RecordedLook, Protocol):
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...


class Waves:
    def __init__(self, look: Callable[[], AbstractAsyncContextManager[WavesLook]]) -> None:
        self._look = look

    async def of(self, who: Principal, wish: WaveWish) -> WavesView:
        """Raises ``UnknownMetric``, ``RangeRefused``, ``NotFound``."""
        check(wish)
        async with self._look() as look:
            await _check_sees(look, who, wish.patient_id)
            worn = await look.worn_between(wish.patient_id, wish.start, wish.until)
            if wish.span <= STRIP:
                return strip(wish, await _blocks(look, worn, [wish.channel], MOST_BLOCKS))
            return await _envelope(look, worn, wish)

    async def channels(self, who: Principal, patient_id: str, now: datetime) -> list[WaveChannel]:
        """Raises ``NotFound``."""
        async with self._look() as look:
            await _check_sees(look, who, patient_id)
            worn = await look.worn_between(patient_id, datetime.min.replace(tzinfo=now.tzinfo), now)
            found = {name for each in worn for name in await look.channels(each)}
        return [WaveChannel(name, channel.unit) for name, channel in CHANNELS.items() if name in found]

    async def topic(self, patient_id: str, now: datetime) -> dict[str, object]:
        """Live key → value of ``wave:{id}``: the blocks of the last seconds, each under a key of its own."""
        async with self._look() as look:
            worn = await look.worn_between(patient_id, now - LIVE, now + LIVE)
            found = await _blocks(look, worn, CHANNELS, LIVE_BLOCKS)
        return {
            f"{each.block.channel}/{each.device_id}/{view.start_us}": view for each in found for view in [_view(each)]
        }


def check(wish: WaveWish) -> None:
    """Raises ``UnknownMetric``, ``RangeRefused``."""
    if wish.channel not in CHANNELS:
        raise UnknownMetric(wish.channel)
    check_span(wish.start, wish.until)
    if wish.span > LONGEST:
        raise RangeRefused(f"At most {LONGEST.days} days of a waveform.")


def strip(wish: WaveWish, found: Iterable[Recorded]) -> WavesView:
    """Every sample that was taken in the time."""
    within = [
        Recorded(each.device_id, block)
        for each in found
        if (block := cut(each.block, wish.start, wish.until)) is not None
    ]
    return WavesView(
        channel=wish.channel,
        unit=CHANNELS[wish.channel].unit,
        start_us=microseconds(wish.start),
        level="samples",
        blocks=[_view(each) for each in within],
    )


async def _envelope(look: RecordedLook, worn: Sequence[Worn], wish: WaveWish) -> WavesView:
    from devices.pyramid import SECOND_US, Envelope, Grid  # noqa: PLC0415 – numpy, only where somebody looks

    found = await _blocks(look, worn, [wish.channel], MOST_BLOCKS) if wish.span <= FROM_BLOCKS else []
    from_tiles = wish.span > FROM_BLOCKS or len(found) == MOST_BLOCKS
    unit = SECOND_US if from_tiles else 1
    start, span = microseconds(wish.start) // unit * unit, wish.span // MICROSECOND
    width = -(-span // (wish.points * unit)) * unit
    envelope = Envelope(Grid(start, width, -(-span // width)))
    if from_tiles:
        for each in worn:
            envelope.lay_tiles(await look.tiles(each, wish.channel), each.start, each.until)
    else:
        for recorded in found:
            envelope.lay(recorded.block)
    low, high = envelope.pairs()
    return WavesView(
        channel=wish.channel,
        unit=CHANNELS[wish.channel].unit,
        start_us=start,
        level="envelope",
        width_us=width,
        low=low,
        high=high,
    )


async def _blocks(look: RecordedLook, worn: Iterable[Worn], channels: Iterable[str], limit: int) -> list[Recorded]:
    """Of each device what was measured while it was worn, to the sample."""
    names, found = list(channels), list[Recorded]()
    for each in worn:
        for recorded in await look.blocks(each, names, limit):
            block = cut(recorded.block, each.start, each.until)
            if block is not None:
                found.append(Recorded(recorded.device_id, block))
    return found


async def _check_sees(look: WavesLook, who: Principal, patient_id: str) -> None:
    if not (who.may(Action.READINGS_READ) and await look.sees(who.id, patient_id)):
        raise NotFound


def _view(recorded: Recorded) -> WaveBlock:
    block = recorded.block
    return WaveBlock(
        channel=block.channel,
        unit=CHANNELS[block.channel].unit,
        device_id=recorded.device_id,
        start_us=microseconds(block.start),
        rate=block.rate,
        gain=block.gain,
        offset=block.offset,
        samples=block.samples,
    )
