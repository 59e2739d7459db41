"""Reading, Message, and the named refusals. What leaves a codec and what the journal keeps; no I/O, no clock.

None of them can be part of a cycle, so the garbage collector need not follow them (``gc=False``).
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from devices.waves import Block


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
    MALFORMED = "malformed"  # not the form that the standard gives it
    BAD_CHECKSUM = "bad_checksum"
    FORBIDDEN = "forbidden"  # what would have to be fetched, expanded or evaluated: a DTD, an entity, a template
    WRONG_PATIENT = "wrong_patient"  # it names somebody other than who wears the device
    # one reading
    NOT_A_NUMBER = "not_a_number"
    INFINITE = "infinite"
    UNKNOWN_METRIC = "unknown_metric"
    UNKNOWN_UNIT = "unknown_unit"
    IMPOSSIBLE = "impossible"
    FUTURE = "future"
    NO_VALUE = "no_value"  # the device says that it could not measure
    NO_CONTACT = "no_contact"  # the sensor is not on the patient
    ABOVE_RANGE = "above_range"  # HI: more than the device can tell
    BELOW_RANGE = "below_range"
    # no measurement of the patient, and no fault
    QUALITY_CONTROL = "quality_control"
    SUMMARY = "summary"  # a mean, a minimum, a total over some time
    ORDINAL = "ordinal"  # a result in words or steps (1+), never made a number
    WITHDRAWN = "withdrawn"  # the device takes back what it said, or says that it was somebody else's
    NO_READING = "no_reading"  # understood, and nothing in it is a measurement: a status, an announcement, a waveform

    @property
    def fault(self) -> bool:
        """Whether something could not be measured or read: what is none raises no alarm."""
        return self not in _NO_FAULT


_NO_FAULT = frozenset({Reason.QUALITY_CONTROL, Reason.SUMMARY, Reason.ORDINAL, Reason.WITHDRAWN, Reason.NO_READING})


class Comparator(StrEnum):
    """The true value lies beyond the one that is told (HL7 SN, FHIR Quantity.comparator)."""

    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    GREATER = ">"


class Reading(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One value of one metric at one time, in the metric's own unit (UCUM).

    ``at`` is when it was measured, by our clock (the device's offset removed). ``sent_value`` and ``sent_unit`` keep
    what the device said where a conversion changed it; ``timed`` is false where the device gave the reading no time:
    then the time of sending, or failing that of receipt, stands in. ``context`` is what was said beside the value, in
    words of ours: ``before_food``, ``preliminary``, ``tympanum``. ``subject`` is whom the message named, in the
    sender's numbering: who wore the device decides whose reading it is, and one that names another is nobody's.
    """

    metric: str
    value: float
    unit: str
    at: datetime
    timed: bool = True
    sent_value: float | None = None
    sent_unit: str | None = None
    comparator: Comparator | None = None
    context: tuple[str, ...] = ()
    subject: str | None = None


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A reading – or, with ``metric`` None, something of the whole message – that was not taken, and why.

    ``value`` serves the rule that it would have broken: in the metric's unit where the unit was understood, else None.
    A reading whose metric could not be read has ``metric`` "".
    """

    reason: Reason
    metric: str | None = None
    value: float | None = None
    detail: str = ""


class Gap(msgspec.Struct, frozen=True, gc=False):
    """Sequence numbers that never arrived and that the device no longer holds: lost for good. Both ends included."""

    first: int
    last: int


class Body(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a row of ``messages`` keeps inside: a reading is addressed by its index in ``readings``.

    Before it is read from a row, one may be of another type that has the fields of ``Reading`` (``codecs.native_own``).
    """

    readings: tuple[Reading, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Reported(msgspec.Struct, frozen=True, gc=False):
    """A reading as a codec leaves it: checked, in the metric's unit, but at the device's own time, if it gave one.

    A naive ``at`` is the device's local time of day without its offset. ``after_sent`` stands for ``at`` where the
    device told only how long after the moment of sending it measured: negative before it."""

    metric: str
    value: float
    unit: str
    at: datetime | None = None
    sent_value: float | None = None
    sent_unit: str | None = None
    comparator: Comparator | None = None
    context: tuple[str, ...] = ()
    subject: str | None = None
    after_sent: timedelta | None = None


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What a codec makes of bytes. A refusal with ``metric`` None concerns the message: it goes to quarantine too.

    ``content`` is the SHA-256 (hex) of what was measured where every reading carries its time, else None. ``source``
    is how the device names itself in the message, where the format has a place for that: an EUI-64, a serial number.
    ``lost_thread``: it leans on an earlier message that was not seen, and its device has to say that again.
    ``settled``: there are readings, all timed in UTC and with the fields of a ``Reading`` as well: where the device's
    clock is right, nothing is left to do.
    """

    readings: tuple[Reported, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    epoch: str | None = None
    seq: int | None = None
    oldest: int | None = None
    sent_at: datetime | None = None
    content: str | None = None
    source: str | None = None
    lost_thread: bool = False
    waves: tuple[Block, ...] = ()
    settled: bool = False


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a device sent at once, decoded.

    ``identity`` is what makes it the same message when it comes again: "epoch:seq" (without epoch with "#" and the
    SHA-256 of the content after it, where its readings carry their time), or "#" and the SHA-256 of the
    content where it has no sequence but its readings carry their time, or "!" and a random id. A sequence without
    epoch belongs to epoch "". ``clock_offset`` (device clock minus ours) was removed from the times of its readings.
    ``waves`` are kept beside the body: what is evaluated must not weigh what is only looked at.
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
    waves: tuple[Block, ...] = ()

    @property
    def only_waves(self) -> bool:
        """Nothing in it is for the rules."""
        return bool(self.waves) and self.body == Body()


class Quarantined(msgspec.Struct, frozen=True, gc=False):
    """Bytes that could not be taken as a message, kept for a person to look at.

    ``identity`` and ``taken``: of the message that is stored of it all the same, and how many readings that has."""

    received_at: datetime
    topic: str
    device_id: str | None
    reason: Reason
    detail: str
    payload: bytes
    identity: str | None = None
    taken: int = 0
