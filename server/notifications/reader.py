"""What the outbox's page reads: the newest deliveries, each as it was or will be sent."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.parts import count
from server.notifications.templates import FINDINGS, LINK

SHOWN = 200


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery on the screen; ``body`` has the join link in it, as the patient's telephone does.

    It is empty where it speaks of findings: who reads the outbox reads no alarms. ``parts`` is what an SMS costs, null
    for other channels; ``receipt`` when the provider said what became of it.
    """

    id: str
    cause: str
    channel: Channel
    address: str
    template: str
    body: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    error: str | None
    urgent: bool
    parts: int | None
    receipt: datetime | None


class OutboxPageLook(Protocol):
    async def newest(self, limit: int) -> Sequence[Delivery]: ...


class OutboxReader:
    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[OutboxPageLook]],
        render_link: Callable[[str], str],
    ) -> None:
        self._look = look
        self._render_link = render_link

    async def newest(self) -> list[DeliveryView]:
        async with self._look() as look:
            return [self._view(delivery) for delivery in await look.newest(SHOWN)]

    async def topic(self) -> dict[str, object]:
        """Live key → value of ``outbox``."""
        return {f"delivery/{view.id}": view for view in await self.newest()}

    def _view(self, delivery: Delivery) -> DeliveryView:
        link = self._render_link(delivery.link_id) if delivery.link_id else ""
        said = delivery.body.replace(LINK, link)
        return DeliveryView(
            id=delivery.id,
            cause=delivery.cause,
            channel=delivery.channel,
            address=delivery.address,
            template=delivery.template,
            body="" if delivery.template in FINDINGS else said,
            state=delivery.state,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            sent_at=delivery.sent_at,
            error=delivery.error,
            urgent=delivery.urgent,
            parts=count(said).parts if delivery.channel is Channel.SMS else None,
            receipt=delivery.receipt_at,
        )
