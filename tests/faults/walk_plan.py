"""What arrives on the short walk: ordinary messages, another unit, a duplicate, another order, a gap, two that nobody
can read, and a fall that is an alarm. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

EPOCH = "walk"
TORN = b'{"epoch": "walk", "seq": 2, "readings": [{"metric": "spo2", "value": 8\xff'


class Step(msgspec.Struct, frozen=True):
    """A message; ``payload`` is base64 in a file."""

    topic: str
    payload: bytes


class Plan(msgspec.Struct, frozen=True):
    """``port``: where promises are told; ``to_the_end``: until every delivery of its own is on record. Where an error
    kept one off the record, that is after its lease."""

    port: int
    batches: list[list[Step]]
    to_the_end: bool = True


class Said(msgspec.Struct, frozen=True):
    """A promise: what was covered, or – with ``step`` – which message of the plan was acknowledged."""

    device: str = ""
    epoch: str = ""
    seq: int = 0
    step: int | None = None


class _Value(NamedTuple):
    metric: str
    value: float
    unit: str
    ago_s: float = 30.0


WELL = (_Value("spo2", 97, "%"), _Value("pulse_rate", 71.5, "{beat}/min"), _Value("temp", 98.6, "[degF]", 31))
FALL = (_Value("spo2", 97, "%", 19), _Value("spo2", 78, "%", 17), _Value("spo2", 0.785, "/", 1))


def messages(devices: Sequence[str], now: datetime) -> list[list[Step]]:
    """In batches; of the second device's numbers, 2 and 3 never come."""
    one, two = devices[:2]
    return [
        [_said(one, now, WELL, seq=1), _said(two, now, WELL, seq=1)],
        [_said(one, now, WELL, seq=2), _said(one, now, WELL, seq=2), Step(f"bedside/v1/{two}/readings", TORN)],
        [_said(one, now, WELL, seq=4), _said(one, now, WELL, seq=3), _said(two, now, WELL, seq=5, oldest=4)],
        [_said(two, now, WELL, seq=4), _said(one, now, FALL, seq=5), Step("bedside/v1/nobody/readings", b"{}")],
    ]


def _said(device: str, now: datetime, values: Sequence[_Value], **numbers: int) -> Step:
    readings = [
        {"metric": one.metric, "value": one.value, "unit": one.unit, "at": now - timedelta(seconds=one.ago_s)}
        for one in values
    ]
    payload = {"epoch": EPOCH, **numbers, "readings": readings}
    return Step(f"bedside/v1/{device}/readings", msgspec.json.encode(payload))
