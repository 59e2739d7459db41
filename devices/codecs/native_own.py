"""The shortest way through our own JSON: every reading timed in UTC, possible, and in its metric's own unit.

It gives what ``native_plain`` would give, or none: then that reads the message. msgspec itself checks metric, unit and
range of each reading, by one type a metric, and that no unknown key stands there. That none stands twice shows in the
number of commas; that all times end in Z and lie in this century, in two more counts over the bytes.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from devices.codecs.native_plain import Integer, Moment, is_numbered
from devices.codecs.strict_json import MAX_BYTES, MAX_ITEMS
from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reported

_OTHERWISE = dict.fromkeys(("sent_value", "sent_unit", "comparator", "subject", "after_sent"))
"""What a ``Reported`` may have besides: none of these does, so that they are their class's."""


def _type_of(metric: Metric) -> type:
    """A reading of the metric, shaped as ``Reported``; its name is the tag that chooses the type."""
    value = Annotated[float, Meta(ge=metric.low, le=metric.high)]
    return msgspec.defstruct(
        f"Own_{metric.name}",
        [("value", value), ("unit", Literal[metric.unit]), ("at", Moment)],
        namespace={"metric": metric.name, "context": (), **_OTHERWISE},
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
    if len(payload) > MAX_BYTES or b"\\" in payload:
        return None
    try:
        message = _read(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not is_numbered(message) or not _is_single(message, payload) or not _is_timed(message, payload):
        return None
    oldest, sent = message.oldest, message.sent
    return Decoded(
        cast("tuple[Reported, ...]", message.readings),
        epoch=message.epoch,
        seq=cast("int", message.seq),
        oldest=None if oldest is UNSET else cast("int", oldest),
        sent_at=None if sent is UNSET else sent,
    )


def _is_single(message: _Message, payload: bytes) -> bool:
    """A comma stands before each member but the first, and in no string that is let in."""
    members = 4 * len(message.readings) + 1 + (message.oldest is not UNSET) + (message.sent is not UNSET)
    return payload.count(b",") == members


def _is_timed(message: _Message, payload: bytes) -> bool:
    """No string but a time or the epoch begins with 20, or ends in Z."""
    times, epoch = len(message.readings) + (message.sent is not UNSET), message.epoch
    return payload.count(b'Z"') == times + epoch.endswith("Z") and payload.count(b'"20') == times + epoch.startswith(
        "20"
    )
