"""The short way through our own JSON, for messages as the contract shows them: numbered, with no keys but its own.

It gives the answer that ``native`` would give, or none: then that reads the message with all care. msgspec makes the
readings in one pass over the bytes; that no other key stands there, and none twice, shows in the number of quotes.
"""

from datetime import UTC, datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import UNSET, Meta, UnsetType

from devices.codecs.judging import YEARS, Said, judge
from devices.codecs.strict_json import MAX_BYTES, MAX_ITEMS
from devices.metrics import METRICS
from devices.readings import Decoded, Refusal, Reported

MAX_SEQ = 2**63 - 1
MAX_EPOCH = 64
FIRST_YEAR, LAST_YEAR = YEARS[0], YEARS[-1]
Moment = Annotated[datetime, Meta(tz=True)]
Integer = int | float  # as an int alone 7.0 would pass for 7


class _Message(msgspec.Struct, gc=False):
    epoch: str
    seq: Integer
    readings: Annotated[tuple[Reported, ...], Meta(max_length=MAX_ITEMS)]
    oldest: Integer | UnsetType = UNSET
    sent: Moment | UnsetType = UNSET


_read = msgspec.json.Decoder(_Message).decode
_UNKNOWN = ("", 0.0, 0.0)
_OWN = {metric.name: (metric.unit, metric.low, metric.high) for metric in METRICS.values()}


def decode(payload: bytes) -> Decoded | None:
    """None where the message is not that plain; one with readings to convert or to refuse is."""
    if len(payload) > MAX_BYTES or b"\\" in payload:
        return None
    try:
        message = _read(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if payload.count(b'"') != _quotes(message) or not is_numbered(message):
        return None
    judged = (message.readings, ()) if _are_own(message.readings) else _judged(message.readings)
    sent_at = None if message.sent is UNSET else _moment(message.sent)
    if judged is None or (sent_at is None and message.sent is not UNSET):
        return None
    oldest = None if message.oldest is UNSET else int(message.oldest)
    return Decoded(*judged, message.epoch, int(message.seq), oldest, sent_at)


def _quotes(message: _Message) -> int:
    """How many a message of these members has, each of them once: two a key, two a value that is a string."""
    untimed = [reading.at for reading in message.readings].count(None)
    envelope = 8 + 2 * (message.oldest is not UNSET) + 4 * (message.sent is not UNSET)
    return envelope + 14 * len(message.readings) - 4 * untimed


class Numbered(Protocol):
    """What says which message of its device it is."""

    @property
    def epoch(self) -> str: ...
    @property
    def seq(self) -> Integer: ...
    @property
    def oldest(self) -> Integer | UnsetType: ...


def is_numbered(message: Numbered) -> bool:
    epoch, seq, oldest = message.epoch, message.seq, message.oldest
    named = len(epoch) <= MAX_EPOCH and epoch.isascii() and epoch.replace("-", "").replace("_", "").isalnum()
    counted = type(seq) is int and 0 <= seq <= MAX_SEQ
    return named and counted and (oldest is UNSET or (type(oldest) is int and 0 <= oldest <= seq))


def _are_own(readings: tuple[Reported, ...]) -> bool:
    """Whether each is already what it should become: possible, in the own unit of its metric, at a time in UTC."""
    for reading in readings:
        unit, low, high = _OWN.get(reading.metric, _UNKNOWN)
        at = reading.at
        if reading.unit != unit or not low <= reading.value <= high:
            return False
        if at is not None and (at.tzinfo is not UTC or not FIRST_YEAR <= at.year <= LAST_YEAR):
            return False
    return True


def _judged(readings: tuple[Reported, ...]) -> tuple[tuple[Reported, ...], tuple[Refusal, ...]] | None:
    taken: list[Reported] = []
    refusals: list[Refusal] = []
    for reading in readings:
        metric = METRICS.get(reading.metric)
        at = None if reading.at is None else _moment(reading.at)
        if metric is None or (at is None and reading.at is not None):
            return None
        judged = judge(Said(metric, reading.value, reading.unit, at))
        if isinstance(judged, Reported):
            taken.append(judged)
        else:
            refusals.append(judged)
    return tuple(taken), tuple(refusals)


def _moment(said: datetime) -> datetime | None:
    return said.astimezone(UTC) if said.tzinfo is not None and FIRST_YEAR <= said.year <= LAST_YEAR else None
