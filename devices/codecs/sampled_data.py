"""FHIR SampledData → a block of a waveform: one dimension, whole numbers, E for what could not be measured."""

import array
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from devices.codecs.strict_json import RefusedError, number, text
from devices.codecs.wave import checked, factor, finite
from devices.readings import Reason
from devices.waves import GAP, HIGHEST, LOWEST, Block, Channel

Object = Mapping[str, Any]

NO_NUMBER = frozenset("ELU")  # an error; below, above what the device can tell: neither has a height to draw
MS = 1000.0
LONGEST_NUMBER = 12  # characters; int() of a hundred thousand is slow


def block_of(channel: Channel, data: Object, at: datetime | None, subject: str | None) -> Block:
    """R4 (``period`` in milliseconds) or R5 (``interval`` with its unit ms). Raises RefusedError."""
    if at is None:
        raise RefusedError(Reason.WRONG_SHAPE, "at")
    if data.get("dimensions", 1) != 1:
        raise RefusedError(Reason.WRONG_SHAPE, "dimensions")
    origin = data.get("origin")
    origin = origin if isinstance(origin, dict) else {}
    scale = factor(channel, text(origin.get("code")) or text(origin.get("unit")))
    counts, middle = _counts(text(data.get("data")))
    gain = finite(data.get("factor"), "factor", 1.0) * scale
    zero = finite(origin.get("value"), "origin", 0.0) * scale
    return checked(Block(channel.name, at, _rate(data), gain, zero + middle * gain, counts, subject))


def _rate(data: Object) -> float:
    period = number(data.get("period"))
    if period is None and data.get("intervalUnit") == "ms":
        period = number(data.get("interval"))
    if period is None or not period > 0:
        raise RefusedError(Reason.WRONG_SHAPE, "period")
    return MS / period


def _counts(data: str) -> tuple[bytes, int]:
    """As int16 around a middle, which is 0 where they fit as they are."""
    said = [None if token in NO_NUMBER else _whole(token) for token in data.split()]
    measured = [count for count in said if count is not None]
    low, high = min(measured, default=0), max(measured, default=0)
    middle = 0 if low >= LOWEST and high <= HIGHEST else (low + high) // 2
    if high - middle > HIGHEST or low - middle < LOWEST:
        raise RefusedError(Reason.IMPOSSIBLE, "data")
    counts = array.array("h", (GAP if count is None else count - middle for count in said))
    if sys.byteorder == "big":
        counts.byteswap()
    return counts.tobytes(), middle


def _whole(token: str) -> int:
    if not token.removeprefix("-").isdecimal() or len(token) > LONGEST_NUMBER:
        raise RefusedError(Reason.WRONG_SHAPE, "data")
    return int(token)
