"""What comes in, from whom, and how it is acknowledged."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from devices.readings import Message


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What an acknowledgement to the broker needs: the packet's id, and the connection that it is valid in."""

    generation: int
    mid: int


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A message as the broker handed it over; ``reread``: out of quarantine, read already (devices.reread)."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    receipt: Receipt
    reread: Message | None = None


class Link(Protocol):
    """What ingest needs of MQTT."""

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        """Wait for at least one, then at most ``linger_s`` for more."""

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """PUBACK, in this order; a receipt of an older connection is ignored."""

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        """Tell the device on ``…/ack`` that everything up to ``seq`` is committed or quarantined."""

    def tell(self, topic: str, payload: bytes) -> None:
        """Say it if there is a connection; what is not heard is said when the device says the same again."""


class KnownDevice(msgspec.Struct, frozen=True, gc=False):
    """A device that was added and not revoked; ``clock_offset`` is its clock minus ours, as last stored."""

    id: str
    clock_offset: timedelta


class Registry(Protocol):
    """The devices, as an in-memory snapshot."""

    def known(self, device_id: str) -> KnownDevice | None: ...
