"""What is written down about a visit: the doctor's note in versions, and the patient's consent to the exact notice."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.news import line_topics
from server.clinic.tell import Tell
from server.visits.note import Edit, Note, write_note
from server.visits.notice import NOTICE_ID, Agreed, notice
from server.visits.views import Consent
from server.visits.visit import Visit


class NoteTx(Protocol):
    async def lock_visit(self, visit_id: str) -> Visit | None: ...
    async def last_note(self, visit_id: str) -> Note | None: ...
    async def add_note(self, visit_id: str, note: Note) -> None: ...


class ConsentTx(Protocol):
    async def session_of(self, ticket_id: str) -> str | None: ...

    async def add_consent(self, consent: Consent) -> bool:
        """False where this ticket's patient has agreed to this version before; the first moment stands."""
        ...


class RecordsTx(NoteTx, ConsentTx, Protocol):
    """One transaction of the records."""

    async def audit(self, entry: AuditEntry) -> None: ...


class RecordService:
    """Notes and consents."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[RecordsTx]], tell: Tell) -> None:
        self._begin = begin
        self._tell = tell

    async def write_note(self, principal: Principal, visit_id: str, edit: Edit, now: datetime) -> Note:
        """The saved version. Also after the visit's end. Raises ``NotFound``, ``NoteChanged``, ``InvalidNote``."""
        async with self._begin() as tx:
            visit = await tx.lock_visit(visit_id)
            if visit is None or visit.doctor_id != principal.id:
                raise NotFound("no such visit")
            last = await tx.last_note(visit_id)
            note = write_note(last, edit, principal.id, now)
            if note != last:
                await tx.add_note(visit_id, note)
                await tx.audit(_written(principal, visit_id, note))
        await self._tell(f"visit:{visit_id}")
        return note

    async def consent(self, ticket_id: str, agreed: Agreed, now: datetime) -> None:
        """Raises ``NoticeChanged`` where the text that was read is not the present one."""
        text = notice(agreed.locale)
        text.check_agreed(agreed)
        consent = Consent(ticket_id, NOTICE_ID, text.version, text.sha256, text.locale, now)
        async with self._begin() as tx:
            session_id = await tx.session_of(ticket_id)
            if session_id is None:
                raise NotFound("no such ticket")
            if await tx.add_consent(consent):
                await tx.audit(_given(consent))
        for topic in (*line_topics(session_id), f"ticket:{ticket_id}"):
            await self._tell(topic)


def _written(principal: Principal, visit_id: str, note: Note) -> AuditEntry:
    detail = {"version": note.version}
    return AuditEntry(note.written_at, principal.actor, "note.written", f"visit:{visit_id}", detail)


def _given(consent: Consent) -> AuditEntry:
    ticket = f"ticket:{consent.ticket_id}"
    detail = {"text": consent.text_id, "version": consent.text_version}
    return AuditEntry(consent.agreed_at, ticket, "consent.given", ticket, detail)
