"""BTHome v2 service data (UUID FCD2), as a gateway hands it on: battery, temperature and mass; the rest is skipped.

A packet without key cannot be read where it is encrypted, and behind an unknown object nothing more can be.
"""

from collections.abc import Iterator

import msgspec

from devices.codecs.judging import Said, judge
from devices.metrics import METRICS
from devices.readings import Reason, Refusal, Reported

ENCRYPTED, VERSION, VERSION_2 = 0x01, 0xE0, 0x40  # of the first byte
TEXT, RAW = 0x53, 0x54  # carry their own length


class Measured(msgspec.Struct, frozen=True):
    """An object that is a metric of ours: ``steps`` of its number make one of the unit."""

    metric: str
    unit: str
    size: int
    steps: float
    signed: bool = False


MEASURED = {
    0x01: Measured("battery", "%", 1, 1),
    0x02: Measured("temp", "Cel", 2, 100, signed=True),
    0x06: Measured("weight", "kg", 2, 100),
    0x07: Measured("weight", "[lb_av]", 2, 100),
    0x45: Measured("temp", "Cel", 2, 10, signed=True),
    0x57: Measured("temp", "Cel", 1, 1, signed=True),
    0x58: Measured("temp", "Cel", 1, 20 / 7, signed=True),  # steps of 0.35
}
SIZES = {
    1: (0x00, 0x09, *range(0x0F, 0x12), *range(0x15, 0x30), 0x3A, 0x46, 0x59, 0x60, 0x64),
    2: (
        *(0x03, 0x08, *range(0x0C, 0x0F), *range(0x12, 0x15), 0x3C, 0x3D, *range(0x3F, 0x42), 0x43, 0x44),
        *(*range(0x47, 0x4B), 0x51, 0x52, 0x56, 0x5A, *range(0x5D, 0x60), 0x61, 0xF0),
    ),
    3: (0x04, 0x05, 0x0A, 0x0B, 0x42, 0x4B, 0xF2),
    4: (0x3E, *range(0x4C, 0x51), 0x55, 0x5B, 0x5C, 0x62, 0x63, 0xF1),
}  # of what is no metric of ours, in bytes
SIZE = {identifier: size for size, identifiers in SIZES.items() for identifier in identifiers}


def objects(data: bytes) -> Iterator[Reported | Refusal]:
    """The readings of one packet. What cannot be read is refused by name; what was read before it stands."""
    if not data or data[0] & VERSION != VERSION_2:
        yield Refusal(Reason.MALFORMED, "", detail="not BTHome version 2")
        return
    if data[0] & ENCRYPTED:
        yield Refusal(Reason.MALFORMED, "", detail="encrypted BTHome: give the gateway its key")
        return
    at = 1
    while at < len(data):
        identifier, size = data[at], _size(data, at)
        taken, at = data[at + 1 : at + 1 + size], at + 1 + size
        if size < 0 or at > len(data):
            yield Refusal(Reason.MALFORMED, "", detail=f"BTHome object {identifier:02x}")
            return
        if identifier in MEASURED:
            yield _judge(MEASURED[identifier], taken)


def _size(data: bytes, at: int) -> int:
    """Of the value behind the identifier; negative where nobody knows."""
    identifier = data[at]
    if identifier in {TEXT, RAW}:
        return 1 + data[at + 1] if at + 1 < len(data) else -1
    return MEASURED[identifier].size if identifier in MEASURED else SIZE.get(identifier, -2)


def _judge(measured: Measured, taken: bytes) -> Reported | Refusal:
    value = int.from_bytes(taken, "little", signed=measured.signed) / measured.steps
    return judge(Said(METRICS[measured.metric], round(value, 2), measured.unit))
