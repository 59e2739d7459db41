"""What one transaction of the store keeps of a batch, and what may be told of it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from devices.readings import Message, Quarantined


class Ack(msgspec.Struct, frozen=True, gc=False):
    """The highest sequence up to which everything is stored. ``epoch`` "" is the stream of messages without epoch."""

    device_id: str
    epoch: str
    seq: int


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A message that is in the database now and was not before. Held, with None, where nobody wears the device."""

    message: Message
    message_id: str
    patient_id: str | None
    partition: int | None
    position: int | None


class StoredWaves(msgspec.Struct, frozen=True, gc=False):
    """The blocks of a message, in the database now and not before; ``patient_ids``: who wore the device then."""

    message: Message
    patient_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction of the journal did. Duplicates are covered by ``acks`` but are not in ``stored``.

    A message of nothing but waves is in ``waves`` alone."""

    acks: Sequence[Ack]
    stored: Sequence[Stored]
    waves: Sequence[StoredWaves] = ()

    @property
    def messages(self) -> int:
        rows = {(one.message.device_id, one.message.identity) for one in self.stored} if self.waves else ()
        apart = sum((one.message.device_id, one.message.identity) not in rows for one in self.waves)
        return len(self.stored) + apart


class Journal(Protocol):
    """What ingest needs of the store."""

    async def commit(self, messages: Sequence[Message], quarantined: Sequence[Quarantined]) -> Committed:
        """Store all or nothing, each message once by (device, identity)."""
