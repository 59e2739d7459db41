"""Writes the reminders that are due, by tick. What was written stands in the outbox: a restart reminds nobody twice."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.notifications.appointments import FURTHEST, Appointment, Reminder, cause, due, reminding
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.side_by_side import try_each


class ReminderLook(Protocol):
    async def appointments(self, after: datetime, until: datetime) -> Sequence[Appointment]:
        """Booked and not arrived, planned from ``after`` to ``until``, in sessions that are not closed."""
        ...

    async def is_written(self, causes: Sequence[str]) -> frozenset[str]: ...


class ReminderTx(Protocol):
    async def still_stands(self, ticket_id: str) -> bool:
        """Under the lock that a cancellation needs."""
        ...

    async def add_delivery(self, new: NewDelivery) -> bool: ...


class Reminders:
    """``tell`` is called with the live topic that changed."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ReminderTx]],
        look: Callable[[], AbstractAsyncContextManager[ReminderLook]],
        sender: Sender,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._look = look
        self._sender = sender
        self._tell = tell

    async def tick(self, now: datetime) -> None:
        """A reminder that fails does not keep the others; its error is raised at the end."""
        wanted = await self._wanted(now)
        failed = await try_each(wanted, lambda one: self._remind(*one, now))
        if wanted:
            await self._tell("outbox")
        if failed:
            raise ExceptionGroup("reminders that could not be written", failed)

    async def _remind(self, appointment: Appointment, reminder: Reminder, now: datetime) -> None:
        async with self._begin() as tx:
            if await tx.still_stands(appointment.ticket_id):
                await tx.add_delivery(reminding(appointment, reminder, self._sender, now))

    async def _wanted(self, now: datetime) -> list[tuple[Appointment, Reminder]]:
        async with self._look() as look:
            found = await look.appointments(now, now + FURTHEST)
            due_now = [(appointment, reminder) for appointment in found for reminder in due(appointment, now)]
            written = await look.is_written([cause(*one) for one in due_now])
        return [one for one in due_now if cause(*one) not in written]
