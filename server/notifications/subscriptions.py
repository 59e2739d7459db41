"""Browsers that take web push, and whose they are. A browser belongs to one person at a time: the last who asked."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.access.principal import Principal
from server.access.roles import Role
from server.notifications.gateways.push import Subscription, subscription
from server.notifications.outbox import Refused


class NoPush(Exception):
    """This hospital sends no web push."""


class BadSubscription(ValueError):
    """Not a subscription of a push service that this server posts to."""

    field = "endpoint"


class SubscriptionTx(Protocol):
    async def patient_of(self, ticket_id: str) -> str | None: ...

    async def put_subscription(self, recipient: str, given: Subscription, now: datetime) -> None:
        """A browser that is known already changes its owner."""
        ...


class Subscriptions:
    """``services`` are the push services that may be posted to; ``key`` the public VAPID key, "" without web push."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[SubscriptionTx]], services: Sequence[str], key: str
    ) -> None:
        self._begin = begin
        self._services = services
        self.key = key

    async def subscribe(self, who: Principal, given: str, now: datetime) -> None:
        """``given`` is PushSubscription's JSON: endpoint and keys. Raises ``NoPush``, ``BadSubscription``."""
        if not self.key:
            raise NoPush("this hospital sends no web push")
        try:
            checked = subscription(given, self._services)
        except Refused as error:
            raise BadSubscription(str(error)) from error
        async with self._begin() as tx:
            recipient = await _recipient(tx, who)
            if recipient:
                await tx.put_subscription(recipient, checked, now)


async def _recipient(tx: SubscriptionTx, who: Principal) -> str | None:
    """A patient signs in by a ticket, and is reached for every ticket of theirs."""
    if who.role is not Role.PATIENT:
        return f"user:{who.id}"
    patient_id = await tx.patient_of(who.id)
    return f"patient:{patient_id}" if patient_id else None
