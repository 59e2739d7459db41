"""A delivery: one message to one person over one channel, and what becomes of it. Pure values; no I/O, no clock."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from server.notifications.templates import LINK, Text


class Channel(StrEnum):
    """The rungs by which one person is reached, the gentlest first."""

    PUSH = "push"
    SMS = "sms"
    MAIL = "mail"
    VOICE = "voice"  # a telephone call that a human makes: no gateway takes it


class DeliveryState(StrEnum):
    """queued → sent → delivered | failed | expired; over_budget instead of sent."""

    QUEUED = "queued"
    SENT = "sent"  # the gateway has taken it; whether it arrived, only a receipt says
    DELIVERED = "delivered"
    FAILED = "failed"  # the gateway, or a receipt, said that it will never arrive
    EXPIRED = "expired"  # not sent in the time in which it would have meant something
    OVER_BUDGET = "over_budget"  # refused by the house itself: this many are no ordinary day


LOST = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.OVER_BUDGET})


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What a use case asks the outbox to send, written in the use case's own transaction.

    Unique by (cause, step, recipient, channel): the same cause tells the same person once. ``cause`` is
    "ticket:<id>:booked", "transition:<id>" …, ``recipient`` "user:<id>" or "patient:<id>", ``address`` an E.164
    number. ``link_id`` names the join link that stands in for ``{link}`` at sending. ``urgent`` goes first, in a lane
    of its own. ``origin`` is the network that asked where anybody may ask: a budget of its own.
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
    origin: str | None = None

    def __post_init__(self) -> None:
        if (LINK in self.text.body) is not (self.link_id is not None):
            raise ValueError(f"{self.text.template}: a text with a link needs its link_id, one without must have none")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox. ``body`` still holds ``{link}``.

    ``address`` of a web push is the id of the subscription. ``reach_at`` is when the person's ladder looks at it again.
    """

    id: str
    cause: str
    step: int
    recipient: str
    channel: Channel
    address: str = field(repr=False)
    template: str
    locale: str
    body: str = field(repr=False)
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
    template_version: int = 0
    origin: str | None = None
    gateway: str | None = None
    receipt_at: datetime | None = None
    reach_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a gateway is given, with the join link in it.

    ``address``: an E.164 number, a mail address, or for web push the JSON of ``{"endpoint", "keys": {"p256dh",
    "auth"}}``. ``delivery_id`` is the provider's idempotency key.
    """

    delivery_id: str
    address: str = field(repr=False)  # whatever prints a letter – a log, a traceback – prints neither of these
    text: str = field(repr=False)
    template: str
    locale: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says became of a message: delivered, failed or expired; sent says nothing new."""

    provider_id: str
    state: DeliveryState
    at: datetime
    error: str | None = None


def settled(state: DeliveryState, said: DeliveryState) -> DeliveryState:
    """The state after a receipt. Delivered is the last word whatever comes later, for somebody has the message."""
    fits = said in LOST and state is DeliveryState.SENT
    return said if fits or said is DeliveryState.DELIVERED else state
