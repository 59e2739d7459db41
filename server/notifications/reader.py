"""What the outbox's page reads: the newest deliveries, each as it was or will be sent."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.messages import LINK, Template

SHOWN = 200
FINDINGS = frozenset({Template.ALARM, Template.ALARM_UNANSWERED})


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery on the screen; ``body`` has the join link in it, as the patient's telephone does.

    It is empty where it speaks of findings: who reads the outbox reads no alarms.
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
        return DeliveryView(
            id=delivery.id,
            cause=delivery.cause,
            channel=delivery.channel,
            address=delivery.address,
            template=delivery.template,
            body="" if delivery.template in FINDINGS else delivery.body.replace(LINK, link),
            state=delivery.state,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            sent_at=delivery.sent_at,
            error=delivery.error,
            urgent=delivery.urgent,
        )
