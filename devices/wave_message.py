"""How a waveform stands in a device's backlog, and the message that it becomes, numbered with the readings."""

from datetime import datetime, timedelta

import msgspec

from devices import topics
from devices.backlog import Backlog, Outgoing
from devices.waves import Block

_BEGINS = b'{"channel":'


class Held(msgspec.Struct, frozen=True):
    """A block as a device keeps it, in the contract's own words; ``samples`` are Base64 in JSON."""

    channel: str
    start: datetime
    rate: float
    gain: float
    offset: float
    unit: str
    samples: bytes


class _Message(msgspec.Struct, frozen=True):
    epoch: str
    seq: int
    oldest: int
    sent: datetime
    start: datetime
    rate: float
    gain: float
    offset: float
    unit: str
    samples: bytes


def held(block: Block, unit: str) -> Held:
    return Held(block.channel, block.start, block.rate, block.gain, block.offset, unit, block.samples)


def is_wave(readings: msgspec.Raw) -> bool:
    """By how ``Held`` begins: readings, however they are kept, begin otherwise."""
    return bytes(memoryview(readings)[: len(_BEGINS)]) == _BEGINS


def topic(device_id: str, message: Outgoing) -> str:
    if not is_wave(message.readings):
        return topics.readings(device_id)
    return topics.in_format(device_id, f"wave/{msgspec.json.decode(message.readings, type=Held).channel}")


def body(backlog: Backlog, message: Outgoing, now: datetime, late: timedelta = timedelta(0)) -> bytes:
    """``late``: by how much its start was reckoned too early."""
    one = msgspec.json.decode(message.readings, type=Held)
    scale = (one.start + late, one.rate, one.gain, one.offset, one.unit, one.samples)
    return msgspec.json.encode(_Message(backlog.epoch, message.seq, message.oldest, now, *scale))
