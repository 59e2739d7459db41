"""What was sent against what is stored of it, value by value and unit by unit, and byte by byte where it could not be
read. Pure: payloads and bodies in, what is wrong out."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from devices.readings import Body, Reading
from tests.faults.ledgers import Key
from tests.faults.verdict import Fault, Wrong


class Said(msgspec.Struct, frozen=True):
    """A reading as its device wrote it."""

    metric: str
    value: float
    unit: str
    at: datetime


class _Envelope(msgspec.Struct, frozen=True):
    epoch: str
    seq: int
    readings: tuple[Said, ...]


class Kept(NamedTuple):
    """What a database has: bodies by message, payloads that are in quarantine, and the numbers named as gaps."""

    bodies: Mapping[Key, Body]
    quarantined: frozenset[bytes] = frozenset()
    gaps: frozenset[Key] = frozenset()


def key_of(device_id: str, payload: bytes) -> Key | None:
    """None: it cannot be read, and belongs in quarantine."""
    try:
        said = msgspec.json.decode(payload, type=_Envelope)
    except msgspec.DecodeError:
        return None
    return Key(device_id, said.epoch, said.seq)


def altered(sent: Mapping[Key, bytes], kept: Kept) -> list[Fault]:
    """Of all that is stored: whatever is not what was sent. The time is ours, so only its steps are compared."""
    both = sorted(sent.keys() & kept.bodies.keys())
    return [Fault(Wrong.ALTERED, f"{key}: {what}") for key in both for what in _differs(sent[key], kept.bodies[key])]


def unaccounted(sent: Iterable[bytes], kept: Kept) -> list[Fault]:
    """Payloads that nobody can read, and that are not in quarantine as they came."""
    return [Fault(Wrong.LOST, f"unreadable {payload[:40]!r}") for payload in sent if payload not in kept.quarantined]


def unnamed(never_sent: Iterable[Key], kept: Kept) -> list[Fault]:
    return [Fault(Wrong.UNNAMED, str(key)) for key in never_sent if key not in kept.gaps]


def serious(faults: Iterable[Fault], found: Kept) -> list[Fault]:
    """A gap that has its name is counted, and not stored."""
    named = {str(key) for key in found.gaps}
    return [fault for fault in faults if fault.wrong is not Wrong.MISCOUNTED or fault.what not in named]


def _differs(payload: bytes, body: Body) -> Iterator[str]:
    said = msgspec.json.decode(payload, type=_Envelope).readings
    if len(said) != len(body.readings):
        yield f"{len(said)} readings sent, {len(body.readings)} stored"
        return
    for wanted, found in zip(said, body.readings, strict=True):
        if (wanted.metric, wanted.value, wanted.unit) != _as_sent(found):
            yield f"{wanted.value} {wanted.unit} of {wanted.metric} became {_as_sent(found)}"
    if len({found.at - wanted.at for wanted, found in zip(said, body.readings, strict=True)}) > 1:
        yield "its times are moved against each other"


def _as_sent(reading: Reading) -> tuple[str, float, str]:
    value = reading.value if reading.sent_value is None else reading.sent_value
    return reading.metric, value, reading.unit if reading.sent_unit is None else reading.sent_unit
