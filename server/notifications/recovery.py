"""A lost link, asked for by telephone number. The answer is the same whether or not anybody here has that number.

Asking writes one row and nothing else, so that neither words nor time betray who is a patient; a tick answers it,
by SMS to that number alone. A link that was locked by wrong birth dates is not sent again: an operator's matter.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from server.access.audit import SYSTEM, AuditEntry
from server.access.errors import TooManyTries
from server.access.limits import Allowance, Limiter, caller
from server.ids import new_id
from server.notifications.appointments import Appointment, recovering
from server.notifications.deliveries import NewDelivery
from server.notifications.messages import Sender
from server.patients.phone import InvalidPhone, to_e164

ASKED_AN_ADDRESS: Final = Allowance(10, timedelta(minutes=2))
ASKED_A_PHONE: Final = Allowance(2, timedelta(minutes=15))
LINKS_AT_ONCE: Final = 5  # a family's; who has more asks the hospital
AT_A_TIME: Final = 50
MEANS_SOMETHING_FOR: Final = timedelta(minutes=30)  # who asked that long ago has telephoned meanwhile


@dataclass(frozen=True, slots=True)
class Recovery:
    """Somebody, at ``origin``, says that the links of ``phone`` (E.164) are lost."""

    id: str
    phone: str
    origin: str
    asked_at: datetime


class AskTx(Protocol):
    async def add_recovery(self, recovery: Recovery) -> None: ...


class AnswerTx(Protocol):
    async def open_recoveries(self, limit: int) -> Sequence[Recovery]:
        """The oldest first; skips what another server answers."""
        ...

    async def appointments_of(self, phone: str, now: datetime, limit: int) -> Sequence[Appointment]:
        """Those still to be seen whose link is alive and not locked, the nearest first."""
        ...

    async def close_recovery(self, recovery_id: str, now: datetime) -> None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class RecoveryTx(AskTx, AnswerTx, Protocol):
    """One transaction of either."""


class LinkRecovery:
    """``region`` is that of telephone numbers without country code, ISO 3166-1 alpha-2."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[RecoveryTx]],
        sender: Sender,
        region: str,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._sender = sender
        self._region = region
        self._tell = tell
        self._addresses = Limiter(ASKED_AN_ADDRESS)
        self._phones = Limiter(ASKED_A_PHONE)

    async def ask(self, typed: str, address: str, now: datetime) -> None:
        """Never refuses and never tells: what is no number, or comes too often, is dropped without a word."""
        with suppress(InvalidPhone, TooManyTries):
            self._addresses.take(caller(address), now)
            phone = to_e164(typed, self._region)
            self._phones.take(phone, now)
            async with self._begin() as tx:
                await tx.add_recovery(Recovery(new_id(), phone, caller(address), now))

    async def tick(self, now: datetime) -> None:
        async with self._begin() as tx:
            answered = await tx.open_recoveries(AT_A_TIME)
            for recovery in answered:
                await self._answer(tx, recovery, now)
        if answered:
            await self._tell("outbox")

    async def _answer(self, tx: AnswerTx, recovery: Recovery, now: datetime) -> None:
        fresh = now - recovery.asked_at < MEANS_SOMETHING_FOR
        found = await tx.appointments_of(recovery.phone, now, LINKS_AT_ONCE) if fresh else ()
        for appointment in found:
            letter = recovering(appointment, recovery.id, self._sender, now)
            await tx.add_delivery(replace(letter, origin=recovery.origin))
            subject = f"ticket:{appointment.ticket_id}"
            await tx.audit(AuditEntry(now, SYSTEM, "link.recovered", subject, {"recovery": recovery.id}))
        await tx.close_recovery(recovery.id, now)
