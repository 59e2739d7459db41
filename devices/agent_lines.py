"""What is handed over to the agent – a line of JSON: readings, or a block of a waveform – how it is kept, and the
message that it becomes. Pure; moments are arguments.
"""

import math
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from devices import wave_message
from devices.agent_clock import Moment, when
from devices.backlog import Backlog, Outgoing
from devices.codecs import WAVES
from devices.waves import BYTES, CHANNELS, LONGEST_S

MOST_READINGS = 1000


class MalformedError(Exception):
    """A line that is none; it never will be."""


class _Wave(msgspec.Struct):
    """As in the contract, beside its channel; without ``start`` its last sample was taken when it is handed over."""

    channel: str
    rate: float
    samples: bytes
    start: datetime | None = None
    gain: float | None = None
    offset: float = 0.0
    unit: str = ""


class _Line(msgspec.Struct):
    """Either readings or a waveform."""

    readings: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MOST_READINGS)] = []
    wave: _Wave | None = None
    key: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Handed(msgspec.Struct, frozen=True):
    """A line as it is kept."""

    kept: msgspec.Raw
    key: str
    bulky: bool


class _Readings(msgspec.Struct):
    """Those without ``at`` were taken at ``taken``."""

    readings: list[dict[str, Any]]
    taken: Moment


class _Block(wave_message.Held, frozen=True):
    """``taken``: by which clock ``start`` was reckoned; None where the line said it."""

    taken: Moment | None = None


class _Message(msgspec.Struct):
    epoch: str
    seq: int
    oldest: int
    sent: datetime
    readings: list[dict[str, Any]]


def read(line: bytes, now: Moment) -> Handed:
    """Raises MalformedError. A waveform is read as the server will: what that refuses is not even kept."""
    try:
        said = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedError from None
    if bool(said.readings) == (said.wave is not None):
        raise MalformedError
    kept = _Readings(said.readings, now) if said.wave is None else _block(said.wave, now)
    return Handed(msgspec.Raw(msgspec.json.encode(kept)), said.key, bulky=said.wave is not None)


def message(backlog: Backlog, outgoing: Outgoing, now: Moment) -> bytes:
    """As it goes out now: what had no time of its own gets it by the clock as it goes now."""
    if wave_message.is_wave(outgoing.readings):
        block = msgspec.json.decode(outgoing.readings, type=_Block)
        late = timedelta(0) if block.taken is None else when(block.taken, now) - block.taken.wall
        return wave_message.body(backlog, outgoing, now.wall, late)
    held = msgspec.json.decode(outgoing.readings, type=_Readings)
    at = when(held.taken, now)
    readings = [reading if "at" in reading else {**reading, "at": at} for reading in held.readings]
    return msgspec.json.encode(_Message(backlog.epoch, outgoing.seq, outgoing.oldest, now.wall, readings))


def _block(wave: _Wave, now: Moment) -> _Block:
    """Raises MalformedError."""
    channel, start = CHANNELS.get(wave.channel), wave.start
    if channel is None or not wave.rate > 0:
        raise MalformedError
    if start is None:
        start = now.wall - timedelta(seconds=min(len(wave.samples) / BYTES / wave.rate, LONGEST_S))
    gain = 1.0 if wave.gain is None and channel.unit == "1" else wave.gain
    if gain is None or not math.isfinite(gain):
        raise MalformedError
    scale = (wave.rate, gain, wave.offset, wave.unit, wave.samples)
    block = _Block(channel.name, start, *scale, None if wave.start else now)
    if WAVES[f"wave/{channel.name}"](msgspec.json.encode(block)).refusals:
        raise MalformedError
    return block
