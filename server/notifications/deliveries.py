"""A delivery: one message to one person over one channel, and what becomes of it. Pure values; no I/O, no clock."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.notifications.messages import LINK, Text


class Channel(StrEnum):
    SMS = "sms"


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"  # the gateway said that it will never work
    EXPIRED = "expired"  # not sent in the time in which it would have meant something


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What a use case asks the outbox to send, written in the use case's own transaction.

    Unique by (cause, step, recipient, channel): the same cause tells the same person once. ``cause`` is
    "ticket:<id>:booked", "transition:<id>" …, ``recipient`` "user:<id>" or "patient:<id>", ``address`` an E.164
    number. ``link_id`` names the join link that stands in for ``{link}`` at sending. ``urgent`` goes first, in a lane
    of its own.
    """

    cause: str
    recipient: str
    address: str
    text: Text
    created_at: datetime
    expires_at: datetime
    step: int = 0
    channel: Channel = Channel.SMS
    link_id: str | None = None
    urgent: bool = False

    def __post_init__(self) -> None:
        if (LINK in self.text.body) is not (self.link_id is not None):
            raise ValueError(f"{self.text.template}: a text with a link needs its link_id, one without must have none")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox. ``body`` still holds ``{link}``."""

    id: str
    cause: str
    step: int
    recipient: str
    channel: Channel
    address: str
    template: str
    locale: str
    body: str
    link_id: str | None
    urgent: bool
    state: DeliveryState
    attempts: int
    next_try_at: datetime
    expires_at: datetime
    created_at: datetime
    sent_at: datetime | None
    provider_id: str | None
    error: str | None
