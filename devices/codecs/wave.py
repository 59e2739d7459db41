"""Waveforms in our own JSON: a block of one channel, sent on ``…/wave/{channel}``. Taken whole, or refused by name.

The envelope – epoch, seq, oldest, sent – is that of the readings, and counts in the same stream.
"""

import math
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from devices.codecs.native import with_envelope
from devices.codecs.strict_json import RefusedError, as_object, moment, number, parse, text
from devices.readings import Decoded, Reason
from devices.waves import BYTES, FASTEST_HZ, LONGEST_S, MOST_SAMPLES, SLOWEST_HZ, UNITS, Block, Channel

Object = Mapping[str, Any]


def decode(channel: Channel, payload: bytes) -> Decoded:
    """UTF-8 JSON of at most 64 KiB; never raises."""
    message: Object = {}
    try:
        message = as_object(parse(payload))
        block = _block(channel, message)
    except RefusedError as refused:
        read = refused.read if isinstance(refused.read, dict) else message
        return with_envelope(Decoded(refusals=(refused.refusal,)), read)
    decoded = with_envelope(Decoded(waves=(block,)), message)
    return msgspec.structs.replace(decoded, content=content_of(block))


def content_of(block: Block) -> str:
    """SHA-256 (hex): the same block when it comes again without a number."""
    said = f"{block.channel} {block.start.isoformat()} {block.rate!r} {block.gain!r} {block.offset!r} "
    return sha256(said.encode() + block.samples).hexdigest()


def checked(block: Block) -> Block:
    """Raises RefusedError where it cannot be."""
    if not SLOWEST_HZ <= block.rate <= FASTEST_HZ:
        raise RefusedError(Reason.IMPOSSIBLE, "rate")
    if block.gain == 0:
        raise RefusedError(Reason.IMPOSSIBLE, "gain")
    if not block.samples or len(block.samples) % BYTES:
        raise RefusedError(Reason.WRONG_SHAPE, "samples")
    if block.count > MOST_SAMPLES:
        raise RefusedError(Reason.TOO_LARGE, f"more than {MOST_SAMPLES} samples")
    if block.count / block.rate > LONGEST_S:
        raise RefusedError(Reason.TOO_LARGE, f"longer than {LONGEST_S:.0f} s")
    return block


def factor(channel: Channel, unit: str) -> float:
    """What a value in this unit is multiplied with. Raises RefusedError; millivolts are not guessed."""
    known = UNITS[channel.unit]
    if not unit and channel.unit == "1":
        return 1.0
    if unit not in known:
        raise RefusedError(Reason.UNKNOWN_UNIT, "unit")
    return known[unit]


def finite(value: object, name: str, default: float | None = None) -> float:
    """Raises RefusedError for what is there and no number, and for what is not there where there is no default."""
    if value is None and default is not None:
        return default
    read = number(value)
    if read is None:
        raise RefusedError(Reason.WRONG_SHAPE, name)
    if not math.isfinite(read):
        raise RefusedError(Reason.NOT_A_NUMBER if math.isnan(read) else Reason.INFINITE, name)
    return read


def _block(channel: Channel, message: Object) -> Block:
    scale = factor(channel, text(message.get("unit")))
    gain = finite(message.get("gain"), "gain", 1.0 if channel.unit == "1" else None)
    return checked(
        Block(
            channel=channel.name,
            start=_start(message),
            rate=finite(message.get("rate"), "rate"),
            gain=gain * scale,
            offset=finite(message.get("offset"), "offset", 0.0) * scale,
            samples=_samples(message),
        )
    )


def _start(message: Object) -> datetime:
    start = moment(message.get("start"))
    if start is None:
        raise RefusedError(Reason.WRONG_SHAPE, "start")
    return start


def _samples(message: Object) -> bytes:
    try:
        return b64decode(text(message.get("samples")), validate=True)
    except (NotBase64, ValueError) as error:
        raise RefusedError(Reason.WRONG_SHAPE, "samples") from error
