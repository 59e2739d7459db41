"""Bedside's own JSON: what a device sends on ``…/readings``. Lenient in reading, strict in taking: a broken reading
costs itself and no other. Knows no clock: times are as the device said them."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from devices.codecs import native_own, native_plain
from devices.codecs.judging import Said, judge, printable
from devices.codecs.strict_json import RefusedError, as_list, as_object, moment, number, parse, text
from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reason, Refusal, Reported

EPOCH = re.compile(r"[A-Za-z0-9_-]{1,64}")


def decode(payload: bytes) -> Decoded:
    """UTF-8 JSON of at most 64 KiB and 1000 readings; never raises. Time and memory are linear in the payload."""
    return native_own.decode(payload) or native_plain.decode(payload) or decode_with_care(payload)


def decode_with_care(payload: bytes) -> Decoded:
    """Whatever it is: what can be taken is taken, and all else named."""
    try:
        message = as_object(parse(payload))
        readings = as_list(message.get("readings"), "readings", message)
    except RefusedError as refused:
        envelope = refused.read if isinstance(refused.read, dict) else {}
        return with_envelope(Decoded(refusals=(refused.refusal,)), envelope)
    judged = [_judge(reading) for reading in readings]
    taken = tuple(item for item in judged if isinstance(item, Reported))
    refusals = tuple(item for item in judged if isinstance(item, Refusal))
    decoded = with_envelope(Decoded(taken, refusals), message)
    if decoded.epoch is not None and decoded.seq is not None:
        return decoded  # these make it the same message when it comes again
    return msgspec.structs.replace(decoded, content=_content(readings))


def with_envelope(decoded: Decoded, message: Mapping[str, Any]) -> Decoded:
    """Add epoch, seq, oldest and sent; a wrong one is left out and named, and costs no reading."""
    epoch = message.get("epoch") if _is_epoch(message.get("epoch")) else None
    seq = message.get("seq") if _is_seq(message.get("seq")) else None
    oldest = message.get("oldest") if _is_seq(message.get("oldest")) else None
    if seq is not None and oldest is not None and oldest > seq:
        oldest = None
    sent_at = moment(message.get("sent"))
    kept = {"epoch": epoch, "seq": seq, "oldest": oldest, "sent": sent_at}
    faults = [Refusal(Reason.WRONG_SHAPE, detail=key) for key in kept if _given(message, key) and kept[key] is None]
    if epoch is None and _given(message, "epoch"):
        seq = oldest = None  # a sequence of an epoch that cannot be named must not be counted in another
    return msgspec.structs.replace(
        decoded, refusals=(*decoded.refusals, *faults), epoch=epoch, seq=seq, oldest=oldest, sent_at=sent_at
    )


def _given(message: Mapping[str, Any], key: str) -> bool:
    return message.get(key) is not None


def _is_epoch(value: object) -> bool:
    return isinstance(value, str) and EPOCH.fullmatch(value) is not None


def _is_seq(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= native_plain.MAX_SEQ


def _judge(reading: object) -> Reported | Refusal:
    if not isinstance(reading, dict):
        return Refusal(Reason.WRONG_SHAPE, "", detail="a reading is not an object")
    name = reading.get("metric")
    metric = METRICS.get(name) if isinstance(name, str) else None
    if metric is None:
        return Refusal(Reason.UNKNOWN_METRIC, printable(name) if isinstance(name, str) else "")
    return _judge_value(metric, reading)


def _judge_value(metric: Metric, reading: Mapping[str, Any]) -> Reported | Refusal:
    at = moment(reading.get("at"))
    wrong_at = at is None and _given(reading, "at")
    return judge(Said(metric, number(reading.get("value")), text(reading.get("unit")), at, wrong_at=wrong_at))


def _content(readings: list[Any]) -> str | None:
    """SHA-256 (hex) over what was said, taken or not, where every reading carries its time; else None."""
    if not readings or not all(isinstance(reading, dict) and moment(reading.get("at")) for reading in readings):
        return None
    said = ([_scalar(reading.get(key)) for key in ("metric", "value", "unit", "at")] for reading in readings)
    return sha256("\n".join(map(ascii, said)).encode()).hexdigest()


def _scalar(value: object) -> object:
    return value if isinstance(value, str | int | float) else None
