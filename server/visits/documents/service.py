"""Documents at work: taken from the ticket's own patient, read by its visits' doctors, removed before a visit."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol
from weakref import WeakValueDictionary

from server.access.audit import AuditEntry
from server.access.limits import Allowance, Limiter
from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.tell import Tell, tell_all
from server.ids import new_id
from server.visits.documents.errors import TooManyDocuments, VisitBegun
from server.visits.documents.kinds import Kind, kind_of
from server.visits.documents.pdfs import check_pdf
from server.visits.policy.pack import Pack
from server.visits.policy.retention import Kept
from server.visits.preparation import HeldTicket, TicketHoldTx, living_ticket
from server.visits.views import DocumentView

MOST_A_TICKET: Final = 10
READ_AT_ONCE: Final = 8  # of ten megabytes each
UPLOADS_A_TICKET: Final = Allowance(MOST_A_TICKET, timedelta(seconds=30))

Read = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Document:
    """``content`` is what is kept: a photograph made anew, a PDF as it came. ``sha256`` (hex) is over it."""

    id: str
    media_type: str
    sha256: str
    uploaded_at: datetime
    content: bytes = field(repr=False)

    @property
    def view(self) -> DocumentView:
        return DocumentView(self.id, self.media_type, len(self.content), self.uploaded_at)


@dataclass(frozen=True, slots=True)
class Standing:
    """A patient's own document. ``seen``: a visit had it before it; ``seen_until`` None: and still has."""

    id: str
    seen: bool
    seen_until: datetime | None


class DocumentTx(TicketHoldTx, Protocol):
    async def documents_of(self, ticket_id: str) -> int:
        """How many there are, without the removed ones."""
        ...

    async def add_document(self, ticket_id: str, document: Document) -> None: ...
    async def own_document(self, ticket_id: str, document_id: str) -> Standing | None: ...

    async def remove_document(self, document_id: str, at: datetime) -> None:
        """Its content is gone; that it was there stays."""
        ...

    async def document_for(self, doctor_id: str, document_id: str) -> Document | None:
        """For a doctor who has, or had, a visit of its ticket."""
        ...


class Documents:
    """Methods raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[DocumentTx]], tell: Tell, pack: Pack, zone: tzinfo
    ) -> None:
        self._begin = begin
        self._tell = tell
        self._pack = pack
        self._zone = zone
        self._uploads = Limiter(UPLOADS_A_TICKET)
        # Who sends slowly holds up one's own ticket, and at most one of the places for everybody.
        self._tickets: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(READ_AT_ONCE)
        self._turn = asyncio.Semaphore(1)  # a picture being unpacked costs up to 200 MB

    async def upload(self, ticket_id: str, read: Read, now: datetime) -> DocumentView:
        """``read`` is called only where there is room. Raises ``DocumentError``s, ``TicketOver``, ``TooManyTries``."""
        self._uploads.take(ticket_id, now)
        async with self._begin() as tx:
            await self._check_room(tx, ticket_id)
        async with self._tickets.setdefault(ticket_id, asyncio.Lock()), self._places:
            content = await read()
        async with self._turn:
            media_type, kept = await asyncio.to_thread(take_in, content)
        document = Document(new_id(), media_type, hashlib.sha256(kept).hexdigest(), now, kept)
        async with self._begin() as tx:
            held = await self._check_room(tx, ticket_id)
            await tx.add_document(ticket_id, document)
            await tx.audit(_entry(f"ticket:{ticket_id}", "document.uploaded", document.id, now))
        await tell_all(self._tell, held.topics)
        return document.view

    async def remove(self, ticket_id: str, document_id: str, now: datetime) -> None:
        """Before a doctor may have seen it. Raises ``PolicyRefused``, which names the clock, or ``VisitBegun``."""
        async with self._begin() as tx:
            held = await living_ticket(tx, ticket_id)
            own = await tx.own_document(ticket_id, document_id)
            if own is None:
                raise NotFound("no such document")
            if own.seen:
                self._refuse_removal(own, now)
            await tx.remove_document(document_id, now)
            await tx.audit(_entry(f"ticket:{ticket_id}", "document.removed", document_id, now))
        await tell_all(self._tell, held.topics)

    async def read(self, principal: Principal, document_id: str, now: datetime) -> Document:
        """Every reading stands in the audit."""
        async with self._begin() as tx:
            document = await tx.document_for(principal.id, document_id)
            if document is None:
                raise NotFound("no such document")
            await tx.audit(_entry(principal.actor, "document.read", document_id, now))
        return document

    def _refuse_removal(self, own: Standing, now: datetime) -> None:
        ended_on = own.seen_until.astimezone(self._zone).date() if own.seen_until else None
        self._pack.check_deletion(Kept.RECORD, ended_on, now.astimezone(self._zone).date())
        raise VisitBegun

    async def _check_room(self, tx: DocumentTx, ticket_id: str) -> HeldTicket:
        held = await living_ticket(tx, ticket_id)
        if await tx.documents_of(ticket_id) >= MOST_A_TICKET:
            raise TooManyDocuments(MOST_A_TICKET)
        return held


def take_in(content: bytes) -> tuple[str, bytes]:
    """Media type and what is kept. Blocks. Raises ``DocumentError``s."""
    kind = kind_of(content)
    if kind is Kind.PDF:
        check_pdf(content)
        return "application/pdf", content
    from server.visits.documents.images import clean_picture  # noqa: PLC0415 – Pillow where a picture comes

    return "image/jpeg", clean_picture(content, kind).jpeg


def _entry(actor: str, action: str, document_id: str, now: datetime) -> AuditEntry:
    return AuditEntry(now, actor, action, f"document:{document_id}")
