"""What a device is told beside its numbers: that a message of its is in quarantine, and that it must begin anew. Pure.

``…/ack`` names what is committed or in quarantine by number. A message whose number could not be read has none: it is
named by the SHA-256 of its bytes, and only once these are in quarantine.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from devices import topics
from devices.readings import Message, Quarantined, Reason

ASKED_EVERY = timedelta(minutes=1)  # of one device: a node that cannot be born again is not pressed


class Answer(NamedTuple):
    topic: str
    payload: bytes


def refusal(quarantined: Quarantined | None, message: Message | None) -> Answer | None:
    """None where nothing was put into quarantine, where its number says it, and for who is no device."""
    if quarantined is None or (message is not None and message.seq is not None):
        return None
    if quarantined.device_id is None or quarantined.reason is Reason.UNKNOWN_DEVICE:
        return None
    said = {"refused": sha256(quarantined.payload).hexdigest(), "reason": quarantined.reason}
    return Answer(topics.ack(quarantined.device_id), msgspec.json.encode(said))


class Asked:
    """When each device was last asked for something; devices on record alone are asked, so that memory is bounded."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}

    def is_due(self, device_id: str, now: datetime) -> bool:
        """Whether it may be asked now; if so, it was."""
        last = self._at.get(device_id)
        if last is not None and timedelta(0) <= now - last < ASKED_EVERY:
            return False
        self._at[device_id] = now
        return True
