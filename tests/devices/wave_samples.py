"""Blocks of samples for tests, and the message that carries one."""

import array
import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime

from devices.waves import Block

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def packed(samples: Iterable[int]) -> bytes:
    return array.array("h", samples).tobytes()


def block(samples: Iterable[int], start: datetime = NOON, rate: float = 250, channel: str = "ecg_ii") -> Block:
    """One count is 5 microvolts."""
    return Block(channel, start, rate, 0.005, 0.0, packed(samples))


def wire(counts: Iterable[int] = range(250), /, **changed: object) -> bytes:
    """A second of an ECG as a device sends it; what is changed to None is left out."""
    said: dict[str, object] = {
        "epoch": "e",
        "seq": 1,
        "start": NOON.isoformat(),
        "rate": 250,
        "gain": 5,
        "unit": "uV",
        "samples": b64encode(packed(counts)).decode(),
    }
    return json.dumps({key: value for key, value in (said | changed).items() if value is not None}).encode()
