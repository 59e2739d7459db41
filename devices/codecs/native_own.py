"""The shortest way through our own JSON: every reading timed in UTC, possible, and in its metric's own unit.

It gives what ``native_plain`` would give, or none: then that reads the message. msgspec itself checks metric, unit and
range of each reading, by one type a metric, and that no unknown key stands there. That none stands twice shows in the
number of commas; that all times are in UTC, in the number of Zs; and that they lie in this century, since the readings
are of one day: most messages are. What a reading becomes has the fields of a ``Reading``, so that it may be stored as
it is.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from devices.codecs.native_plain import FIRST_YEAR, LAST_YEAR, Integer, Moment, is_numbered
from devices.codecs.strict_json import MAX_BYTES, MAX_ITEMS
from devices.metrics import METRICS, Metric
from devices.readings import Decoded

_OTHERWISE = {
    "timed": True,
    "context": (),
    **dict.fromkeys(("sent_value", "sent_unit", "comparator", "subject", "after_sent")),
}
"""What a ``Reported`` or a ``Reading`` may have besides: none of these differs, so that they are their class's."""


def _type_of(metric: Metric) -> type:
    """A reading of the metric, shaped as ``Reported``; its name is the tag that chooses the type."""
    value = Annotated[float, Meta(ge=metric.low, le=metric.high)]
    return msgspec.defstruct(
        f"Own_{metric.name}",
        [("value", value), ("unit", Literal[metric.unit]), ("at", Moment)],
        namespace={"metric": metric.name, **_OTHERWISE},
        tag_field="metric",
        tag=metric.name,
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
    )


_Own: Any = reduce(or_, (_type_of(metric) for metric in METRICS.values()))


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    epoch: str
    seq: Integer
    readings: Annotated[tuple[_Own, ...], Meta(min_length=1, max_length=MAX_ITEMS)]
    oldest: Integer | UnsetType = UNSET
    sent: Moment | UnsetType = UNSET


_read = msgspec.json.Decoder(_Message).decode


def decode(payload: bytes) -> Decoded | None:
    """None where the message is not of that kind."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        message = _read(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not _is_plain(message, payload) or not is_numbered(message):
        return None
    oldest, sent = message.oldest, message.sent
    return Decoded(
        message.readings,
        (),
        message.epoch,
        cast("int", message.seq),
        None if oldest is UNSET else cast("int", oldest),
        None if sent is UNSET else sent,
        settled=True,
    )


def _is_plain(message: _Message, payload: bytes) -> bool:
    """No string that is let in has a comma, and none but a time or the epoch a Z: a comma stands before each member but
    the first, a Z at the end of each time. (To take a byte away counts it in half the time of ``count``.)"""
    number, sent = len(message.readings), message.sent
    times = number + (sent is not UNSET)
    if payload.count(b",") != 4 * number + 1 + (message.oldest is not UNSET) + (sent is not UNSET):
        return False
    if len(payload) - len(payload.replace(b"Z", b"")) != times + message.epoch.count("Z"):
        return False
    return payload.count(_day(payload)) == number and (sent is UNSET or FIRST_YEAR <= sent.year <= LAST_YEAR)


def _day(payload: bytes) -> bytes:
    """The first reading's day with the key before it – no other key ends so – if it is one of this century; else what
    stands nowhere. A long pattern is counted sooner than a short one."""
    begins = payload.find(b"T", payload.find(b'"readings"'))
    day = payload[begins - 16 : begins + 1]
    return day if b'at"' in day and day[5:8] == b'"20' else b"\0"
