"""Reading, Message, and the named refusals. What leaves a codec and what the journal keeps; no I/O, no clock."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a message or a reading was refused: whole where it cannot be parsed, else reading by reading."""

    # the whole message
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_TOPIC = "wrong_topic"
    TOO_LARGE = "too_large"
    BAD_UTF8 = "bad_utf8"
    BAD_JSON = "bad_json"
    DUPLICATE_KEY = "duplicate_key"
    WRONG_SHAPE = "wrong_shape"
    # one reading
    NOT_A_NUMBER = "not_a_number"
    INFINITE = "infinite"
    UNKNOWN_METRIC = "unknown_metric"
    UNKNOWN_UNIT = "unknown_unit"
    IMPOSSIBLE = "impossible"
    FUTURE = "future"


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of one metric at one time, in the metric's own unit (UCUM).

    ``at`` is when it was measured, by our clock (the device's offset removed). ``sent_value`` and ``sent_unit`` keep
    what the device said where a conversion changed it; ``timed`` is false where the device gave the reading no time:
    then the time of sending, or failing that of receipt, stands in.
    """

    metric: str
    value: float
    unit: str
    at: datetime
    timed: bool = True
    sent_value: float | None = None
    sent_unit: str | None = None


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reading – or, with ``metric`` None, something of the whole message – that was not taken, and why.

    ``value`` serves the rule that it would have broken: in the metric's unit where the unit was understood, else None.
    A reading whose metric could not be read has ``metric`` "".
    """

    reason: Reason
    metric: str | None = None
    value: float | None = None
    detail: str = ""


class Gap(msgspec.Struct, frozen=True):
    """Sequence numbers that never arrived and that the device no longer holds: lost for good. Both ends included."""

    first: int
    last: int


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a row of ``messages`` keeps inside: a reading is addressed by its index in ``readings``."""

    readings: tuple[Reading, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Reported(msgspec.Struct, frozen=True):
    """A reading as a codec leaves it: checked, in the metric's unit, but at the device's own time, if it gave one."""

    metric: str
    value: float
    unit: str
    at: datetime | None = None
    sent_value: float | None = None
    sent_unit: str | None = None


class Decoded(msgspec.Struct, frozen=True):
    """What a codec makes of bytes. A refusal with ``metric`` None concerns the message: it goes to quarantine too.

    ``content`` is the SHA-256 (hex) of what was measured where every reading carries its time, else None.
    """

    readings: tuple[Reported, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    epoch: str | None = None
    seq: int | None = None
    oldest: int | None = None
    sent_at: datetime | None = None
    content: str | None = None


class Message(msgspec.Struct, frozen=True):
    """What a device sent at once, decoded.

    ``identity`` is what makes it the same message when it comes again: "epoch:seq" (without epoch with "#" and the
    SHA-256 of the content after it, where its readings carry their time), or "#" and the SHA-256 of the
    content where it has no sequence but its readings carry their time, or "!" and a random id. A sequence without
    epoch belongs to epoch "". ``clock_offset`` (device clock minus ours) was removed from the times of its readings.
    """

    device_id: str
    identity: str
    received_at: datetime
    measured_at: datetime
    body: Body
    epoch: str | None = None
    seq: int | None = None
    oldest: int | None = None
    sent_at: datetime | None = None
    clock_offset: timedelta = timedelta(0)


class Quarantined(msgspec.Struct, frozen=True):
    """Bytes that could not be taken as a message, kept for a person to look at."""

    received_at: datetime
    topic: str
    device_id: str | None
    reason: Reason
    detail: str
    payload: bytes
