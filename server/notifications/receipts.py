"""Receipts: what providers say became of a message. Signed, so that nobody else can; replayed, it changes nothing.

ReceiptError
├── UnknownGateway    nobody here is called so, or it gives no receipts
├── BadSignature      the sender does not know the secret, or says it too late
└── Unreadable        signed, and still not what this provider sends
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from server.notifications.deliveries import Delivery, Receipt

logger = structlog.get_logger(__name__)


class ReceiptError(Exception):
    """A receipt that is not taken."""


class UnknownGateway(ReceiptError):
    pass


class BadSignature(ReceiptError):
    pass


class Unreadable(ReceiptError):
    pass


Parse = Callable[[Mapping[str, str], bytes, str, datetime], Sequence[Receipt]]


@dataclass(frozen=True, slots=True)
class Source:
    """Who may send receipts: ``parse(headers, body, secret, now)`` checks the signature before anything else.

    Header names are lower-case; "x-bedside-url" is set by this server to the public URL that was asked, query included.
    """

    parse: Parse
    secret: str = field(repr=False)


class ReceiptTx(Protocol):
    async def keep_receipt(self, gateway: str, receipt: Receipt, now: datetime) -> Delivery | None:
        """The delivery if its state changed. Of an unknown message it is kept: sending may not be recorded yet."""
        ...

    async def confirm_push(self, delivery_id: str, now: datetime) -> Delivery | None: ...


class Receipts:
    """``changed`` is told of every delivery whose state a receipt has changed."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ReceiptTx]],
        sources: Mapping[str, Source],
        changed: Callable[[Delivery], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._sources = sources
        self._changed = changed

    async def take(self, gateway: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises ``UnknownGateway``, ``BadSignature``, ``Unreadable``; then nothing of it is kept."""
        source = self._sources.get(gateway)
        if source is None:
            raise UnknownGateway("no gateway of this name gives receipts")
        await self.heard(gateway, source.parse(headers, body, source.secret, now), now)

    async def heard(self, gateway: str, receipts: Sequence[Receipt], now: datetime) -> None:
        """Of a provider that needs no proof: one that this server itself is connected to."""
        async with self._begin() as tx:
            changed = [await tx.keep_receipt(gateway, receipt, now) for receipt in sorted(receipts, key=_provider_id)]
        await self._tell(delivery for delivery in changed if delivery)

    async def push_received(self, delivery_id: str, now: datetime) -> None:
        """A browser says that a push arrived. Who could decrypt it knows the id; an unknown one changes nothing."""
        async with self._begin() as tx:
            changed = await tx.confirm_push(delivery_id, now)
        await self._tell([changed] if changed else [])

    async def _tell(self, changed: Iterable[Delivery]) -> None:
        for delivery in changed:
            logger.info("delivery.receipt", delivery=delivery.id, state=delivery.state)
            await self._changed(delivery)


def _provider_id(receipt: Receipt) -> str:
    """Whoever locks several messages does it in one order; of one message's receipts the order of coming stays."""
    return receipt.provider_id
