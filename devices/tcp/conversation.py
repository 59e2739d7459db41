"""What a protocol over TCP is made of: bytes in, steps out. No socket, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from devices.readings import Refusal


class Fault(StrEnum):
    """Why a connection was refused or ended, or a message was not taken."""

    NOT_ALLOWED = "not_allowed"  # the address is not on the listener's list
    TOO_MANY = "too_many"
    UNKNOWN_DEVICE = "unknown_device"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    TOO_SLOW = "too_slow"
    NOT_STORED = "not_stored"


class ConversationError(Exception):
    """The peer does not keep to the protocol: ``reply`` is the last it hears."""

    def __init__(self, fault: Fault, reply: bytes = b"") -> None:
        super().__init__(fault)
        self.fault = fault
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Send:
    """Goes back at once: nothing depends on it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message, to be answered when it is stored. ``source`` is how the device names itself."""

    payload: bytes
    source: str | None


Step = Send | Deliver


class Conversation(Protocol):
    """One connection's. Each step is done before the next is asked for."""

    @property
    def format(self) -> str:
        """Of the codec that reads what is delivered."""

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun that is not whole."""

    def received(self, data: bytes, now: datetime) -> Iterator[Step]:
        """Raises ConversationError."""

    def answer(self, delivered: Deliver, refusal: Refusal | None, now: datetime) -> bytes:
        """What to say of a message that is stored, or refused as a whole."""

    def ended(self) -> Iterator[Deliver]:
        """What the peer was told is here, but was not delivered before it left."""
