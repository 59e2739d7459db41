"""Tells a patient that the summary of a visit is written, by tick; once a visit, whatever restarts in between."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from server.notifications import messages
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender, locale_of
from server.side_by_side import try_each

SETTLES_IN: Final = timedelta(minutes=5)  # a doctor who has just hung up may still be writing
MEANS_SOMETHING_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Summary:
    """A completed visit whose note is on record, and how its patient is reached."""

    visit_id: str
    serial: int
    patient_id: str
    phone: str
    locale: str


class SummaryLook(Protocol):
    async def summaries(self, after: datetime, until: datetime) -> Sequence[Summary]:
        """Of visits that were completed after ``after`` and by ``until``, and of which nobody has been told."""
        ...


class SummaryTx(Protocol):
    async def add_delivery(self, new: NewDelivery) -> bool: ...


class Summaries:
    """``tell`` is called with the live topic that changed."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[SummaryTx]],
        look: Callable[[], AbstractAsyncContextManager[SummaryLook]],
        sender: Sender,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._look = look
        self._sender = sender
        self._tell = tell

    async def tick(self, now: datetime) -> None:
        """A summary that fails does not keep the others; its error is raised at the end."""
        async with self._look() as look:
            ready = await look.summaries(now - MEANS_SOMETHING_FOR, now - SETTLES_IN)
        failed = await try_each(ready, lambda summary: self._write(telling(summary, self._sender, now)))
        if ready:
            await self._tell("outbox")
        if failed:
            raise ExceptionGroup("summaries that nobody could be told of", failed)

    async def _write(self, letter: NewDelivery) -> None:
        async with self._begin() as tx:
            await tx.add_delivery(letter)


def cause(visit_id: str) -> str:
    """Unique in the outbox: however often it is written, it is told once."""
    return f"visit:{visit_id}:summary"


def telling(summary: Summary, sender: Sender, now: datetime) -> NewDelivery:
    return NewDelivery(
        cause=cause(summary.visit_id),
        recipient=f"patient:{summary.patient_id}",
        address=summary.phone,
        text=messages.summary_ready(sender, locale_of(summary.locale), serial=summary.serial),
        created_at=now,
        expires_at=now + MEANS_SOMETHING_FOR,
    )
