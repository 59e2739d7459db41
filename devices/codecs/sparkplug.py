"""Sparkplug B payloads: a metric with a vital's name is a reading. No node or group is managed here.

An alias means what the birth certificate says, which is an earlier message: ``Conversation`` remembers. ``engUnit`` is
the unit; without it a value is taken where it can mean one thing only. A quality other than good (192) is no value.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from devices.codecs.judging import YEARS, Said, gathered, judge, printable
from devices.codecs.names import metric_named
from devices.codecs.protobuf import Field, bytes_of, fields, float_of, int_of, text_of, written
from devices.codecs.strict_json import MAX_BYTES, MAX_ITEMS, RefusedError
from devices.codecs.units import assumed, ucum
from devices.metrics import Metric
from devices.readings import Decoded, Reason, Refusal, Reported

BOOLEAN = 11  # data type
SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}  # Int8 … Int64, by data type
CONTROL = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/", "bdSeq")
GOOD = 192
BIRTH = "bdSeq"  # of an edge node's birth or death: whatever its aliases meant is over
MOST_ALIASES = 10_000
LONGEST_NAME = 256
COMPRESSED = "SPBV1.0_COMPRESSED"  # of the payload's uuid: its body is a payload, compressed
NUMBERS = 256  # of payloads: seq after 255 is 0
REBIRTH = b"Node Control/Rebirth"  # sparkplug_spec 3.0, tck-id-operational-behavior-data-commands-rebirth


class Told(msgspec.Struct):
    """A metric of a payload, as far as it is read. ``value`` None: null, or of a kind that is no number."""

    name: str = ""
    alias: int | None = None
    time_ms: int | None = None
    datatype: int = 0
    null: bool = False
    value: float | None = None
    unit: str = ""
    quality: int = GOOD


class Payload(msgspec.Struct, frozen=True):
    """``seq`` is None in a death certificate alone."""

    sent_ms: int | None
    metrics: tuple[Told, ...]
    seq: int | None = None

    @property
    def of_node(self) -> bool:
        """An edge node's birth or death."""
        return any(told.name == BIRTH for told in self.metrics)

    @property
    def aliases(self) -> Mapping[int, str]:
        return {told.alias: told.name for told in self.metrics if told.alias is not None and told.name}


def decode(payload: bytes) -> Decoded:
    """A payload by itself: at most 64 KiB and 1000 metrics; never raises."""
    return Conversation().decode(payload)


class Conversation:
    """What one edge node says, message by message. A restart forgets the aliases; its next birth certificate, for
    which the node is asked by a rebirth (``lost_thread``), names them again."""

    def __init__(self) -> None:
        self._aliases: dict[int, str] = {}
        self._next: int | None = None

    def decode(self, payload: bytes) -> Decoded:
        try:
            read = parse(payload)
        except RefusedError as refused:
            return Decoded(refusals=(refused.refusal,))
        over = len(self._aliases) > MOST_ALIASES or read.of_node
        self._aliases = {**({} if over else self._aliases), **read.aliases}
        decoded = _judge_all(read, self._aliases)
        return msgspec.structs.replace(decoded, lost_thread=self._missed(read) or decoded.lost_thread)

    def _missed(self, read: Payload) -> bool:
        """Whether payloads are missing before this one: one may have given the aliases another meaning. Counted from
        the node's birth on, since a bridge that parts a node's devices leaves each of them a part of the numbers. The
        same payload again is none that is missing."""
        expected = self._next
        if read.of_node:
            self._next = None if read.seq is None else (read.seq + 1) % NUMBERS
            return False
        if expected is None or read.seq is None or (read.seq + 1) % NUMBERS == expected:
            return False
        self._next = (read.seq + 1) % NUMBERS
        return read.seq != expected


def _judge_all(read: Payload, aliases: Mapping[int, str]) -> Decoded:
    judged = [item for told in read.metrics if (item := _judge(told, aliases, read.sent_ms)) is not None]
    decoded = gathered(judged or [Refusal(Reason.NO_READING, "", detail="no metric is a vital sign")])
    lost = any(not _name(told, aliases) for told in read.metrics)
    return msgspec.structs.replace(decoded, sent_at=_moment(read.sent_ms), lost_thread=lost)


def rebirth(now: datetime) -> bytes:
    """The payload of a node command (NCMD) that asks an edge node for its birth certificates."""
    asked = written(1, REBIRTH) + written(4, BOOLEAN) + written(14, 1)
    return written(1, int(now.timestamp() * 1000)) + written(2, asked)


def parse(payload: bytes) -> Payload:
    """Raises RefusedError. Numbers of the fields as in sparkplug_b.proto."""
    if len(payload) > MAX_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    sent_ms, seq, metrics = None, None, []
    for field in fields(payload):
        if field.number == 1:
            sent_ms = int_of(field)
        elif field.number == 2:
            metrics.append(_told(bytes_of(field)))
        elif field.number == 3:
            seq = int_of(field)
        elif field.number == 4 and text_of(field) == COMPRESSED:
            raise RefusedError(Reason.FORBIDDEN, "a compressed payload")
        if len(metrics) > MAX_ITEMS:
            raise RefusedError(Reason.WRONG_SHAPE, f"more than {MAX_ITEMS} metrics")
    return Payload(sent_ms, tuple(metrics), seq)


def _told(metric: bytes) -> Told:
    told, number = Told(), None
    for field in fields(metric):
        if 10 <= field.number <= 13:
            number = field
        else:
            _take(told, field)
    if number is not None:
        told.value = _number(number, told.datatype)
    return told


def _take(told: Told, field: Field) -> None:
    match field.number:
        case 1:
            told.name = text_of(field)[:LONGEST_NAME]
        case 2:
            told.alias = int_of(field)
        case 3:
            told.time_ms = int_of(field)
        case 4:
            told.datatype = int_of(field)
        case 7:
            told.null = int_of(field) != 0
        case 9:
            _take_properties(told, bytes_of(field))


def _number(field: Field, datatype: int) -> float:
    if field.number >= 12:
        return float_of(field)
    bits, value = SIGNED_BITS.get(datatype), int_of(field)
    if bits is None:
        return float(value)
    value &= (1 << bits) - 1
    return float(value - (1 << bits) if value >> (bits - 1) else value)


def _take_properties(told: Told, properties: bytes) -> None:
    keys = [text_of(field) for field in fields(properties) if field.number == 1]
    values = [bytes_of(field) for field in fields(properties) if field.number == 2]
    for key, value in zip(keys, values, strict=False):
        if key.casefold() == "engunit":
            told.unit = next((text_of(field) for field in fields(value) if field.number == 8), "")
        elif key.casefold() == "quality":
            told.quality = next((int_of(field) for field in fields(value) if field.number in {3, 4}), GOOD)


def _judge(told: Told, aliases: Mapping[int, str], sent_ms: int | None) -> Reported | Refusal | None:
    """None for what belongs to Sparkplug itself, or is a state in words."""
    name = _name(told, aliases)
    if not name:
        return Refusal(Reason.UNKNOWN_METRIC, "", detail=f"alias {told.alias}: its birth certificate was not seen")
    metric = None if name.startswith(CONTROL) else metric_named(name.rpartition("/")[2])
    if metric is not None:
        return _judge_value(metric, told, sent_ms)
    if told.value is None or name.startswith(CONTROL):
        return None
    return Refusal(Reason.UNKNOWN_METRIC, printable(name))


def _name(told: Told, aliases: Mapping[int, str]) -> str:
    return told.name or aliases.get(told.alias if told.alias is not None else -1, "")


def _judge_value(metric: Metric, told: Told, sent_ms: int | None) -> Reported | Refusal:
    if told.null or told.quality != GOOD:
        return Refusal(Reason.NO_VALUE, metric.name, detail="null" if told.null else f"quality {told.quality}")
    given = sent_ms if told.time_ms is None else told.time_ms
    at = _moment(given)
    return judge(Said(metric, told.value, _unit(metric, told), at, wrong_at=at is None and given is not None))


def _unit(metric: Metric, told: Told) -> str:
    return ucum(told.unit) if told.unit or told.value is None else assumed(metric, told.value)


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None or milliseconds > 2**43:  # the year 2248
        return None
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at if at.year in YEARS else None
