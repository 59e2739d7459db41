"""Before the call: the complaint in the patient's own words, and what the device test showed. Documents have a folder.

All of it can be changed until the visit begins; from then on the doctor may have read it.
"""

import unicodedata
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.limits import Allowance, Limiter
from server.clinic.errors import NotFound, TicketOver
from server.clinic.news import line_topics
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import OVER, TicketState
from server.clinic.views import DeviceTestView
from server.visits.documents.errors import VisitBegun
from server.visits.errors import InvalidComplaint

LONGEST_COMPLAINT: Final = 500  # characters: a few words, not the history
UPLOADS_A_TICKET: Final = Allowance(8, timedelta(seconds=20))  # a test of the connection sends two


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket whose row is locked. ``visit_id`` is that of its latest visit; ``begun``: somebody answered one."""

    id: str
    session_id: str
    patient_id: str
    state: TicketState
    visit_id: str | None
    begun: bool

    @property
    def topics(self) -> list[str]:
        visit = [f"visit:{self.visit_id}"] if self.visit_id else []
        return [*line_topics(self.session_id), f"ticket:{self.id}", *visit]


class TicketHoldTx(Protocol):
    async def hold_ticket(self, ticket_id: str) -> HeldTicket | None:
        """With its row locked until the commit."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class PreparationTx(TicketHoldTx, Protocol):
    async def save_complaint(self, ticket_id: str, text: str, at: datetime) -> None: ...
    async def save_device_test(self, ticket_id: str, test: DeviceTestView) -> None: ...


class Preparations:
    """Methods raise ``NotFound`` and ``TicketOver``."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[PreparationTx]], tell: Tell) -> None:
        self._begin = begin
        self._tell = tell
        self._uploads = Limiter(UPLOADS_A_TICKET)

    def admit_upload(self, ticket_id: str, now: datetime) -> None:
        """Before bytes are taken that only measure the way. Raises ``TooManyTries``."""
        self._uploads.take(ticket_id, now)

    async def complain(self, ticket_id: str, text: str, now: datetime) -> None:
        """Again replaces it. Raises ``InvalidComplaint``, ``VisitBegun``."""
        complaint = checked_complaint(text)
        async with self._begin() as tx:
            held = await living_ticket(tx, ticket_id)
            if held.begun:
                raise VisitBegun
            await tx.save_complaint(ticket_id, complaint, now)
            await tx.audit(_entry(held, "complaint.told", now))
        await tell_all(self._tell, held.topics)

    async def tested(self, ticket_id: str, test: DeviceTestView) -> None:
        """The last test stands; one while the visit runs is welcome too."""
        async with self._begin() as tx:
            held = await living_ticket(tx, ticket_id)
            await tx.save_device_test(ticket_id, test)
            await tx.audit(_entry(held, "device.tested", test.tested_at))
        await tell_all(self._tell, held.topics)


async def living_ticket(tx: TicketHoldTx, ticket_id: str) -> HeldTicket:
    """Locked. Raises ``NotFound``, ``TicketOver``."""
    held = await tx.hold_ticket(ticket_id)
    if held is None:
        raise NotFound("no such ticket")
    if held.state in OVER:
        raise TicketOver("this ticket's visit is over")
    return held


def checked_complaint(text: str) -> str:
    """NFC, without blanks around it; lines stay. Raises ``InvalidComplaint``."""
    told = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(told) <= LONGEST_COMPLAINT:
        raise InvalidComplaint(f"a complaint has 1 to {LONGEST_COMPLAINT} characters")
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} and letter != "\n" for letter in told):
        raise InvalidComplaint("a complaint is text without control characters")
    return told


def _entry(held: HeldTicket, action: str, now: datetime) -> AuditEntry:
    return AuditEntry(now, f"ticket:{held.id}", action, f"ticket:{held.id}")
