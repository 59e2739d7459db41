"""What the doctor attests in a visit: an earlier diagnosis was seen, a guardian is there."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.tell import Tell
from server.patients.patient import InvalidPatient, checked_name
from server.visits.errors import InvalidAttestation, NotInVisit, VisitOver
from server.visits.policy.pack import Pack
from server.visits.visit import OPEN, Visit, VisitState

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """A document of this visit, or a note of what was seen otherwise: on paper held up, in the hospital's records."""

    document_id: str | None
    note: str | None

    def check(self) -> None:
        """Raises ``InvalidAttestation``."""
        if (self.document_id is None) is (self.note is None):
            raise InvalidAttestation("document_id", "name the document, or note what was seen; not both")
        if self.note is not None and not 1 <= len(self.note.strip()) <= LONGEST_NOTE:
            raise InvalidAttestation("note", f"has 1 to {LONGEST_NOTE} characters")


@dataclass(frozen=True, slots=True)
class PriorDiagnosis:
    """``document_sha256`` is that of the very bytes that the doctor could see. ``policy`` is the pack's name."""

    visit_id: str
    document_id: str | None
    document_sha256: str | None
    note: str | None
    attested_by: str
    attested_at: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class Guardian:
    """``present``: was seen in the picture; False takes an earlier record back."""

    visit_id: str
    name: str
    present: bool
    recorded_by: str
    recorded_at: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class Attested:
    """The last of each in one visit."""

    prior_diagnosis: PriorDiagnosis | None = None
    guardian: Guardian | None = None


NOTHING = Attested()


class AttestationTx(Protocol):
    async def lock_visit(self, visit_id: str) -> Visit | None: ...

    async def document_hash(self, ticket_id: str, document_id: str) -> str | None:
        """Of a document of this ticket that is there."""
        ...

    async def add_prior_diagnosis(self, attested: PriorDiagnosis) -> None: ...
    async def add_guardian(self, guardian: Guardian) -> None: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class Attestations:
    """Methods raise ``NotFound``, ``NotInVisit``, ``VisitOver``, ``InvalidAttestation``. Nothing is overwritten."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AttestationTx]], tell: Tell, pack: Pack) -> None:
        self._begin = begin
        self._tell = tell
        self._pack = pack

    async def prior_diagnosis(self, principal: Principal, visit_id: str, seen: Evidence, now: datetime) -> None:
        seen.check()
        async with self._begin() as tx:
            visit = await _own_visit(tx, principal, visit_id)
            sha256 = await tx.document_hash(visit.ticket_id, seen.document_id) if seen.document_id else None
            if seen.document_id and sha256 is None:
                raise NotFound("no such document")
            note = seen.note.strip() if seen.note else None
            await tx.add_prior_diagnosis(
                PriorDiagnosis(visit_id, seen.document_id, sha256, note, principal.id, now, self._pack.name)
            )
            await tx.audit(self._entry(principal, "prior_diagnosis.attested", visit_id, now))
        await self._tell(f"visit:{visit_id}")

    async def guardian(self, principal: Principal, visit_id: str, name: str, *, present: bool, now: datetime) -> None:
        named = _name(name)
        async with self._begin() as tx:
            await _own_visit(tx, principal, visit_id)
            await tx.add_guardian(Guardian(visit_id, named, present, principal.id, now, self._pack.name))
            await tx.audit(self._entry(principal, "guardian.recorded", visit_id, now))
        await self._tell(f"visit:{visit_id}")

    def _entry(self, principal: Principal, action: str, visit_id: str, now: datetime) -> AuditEntry:
        return AuditEntry(now, principal.actor, action, f"visit:{visit_id}", {"policy": self._pack.name})


async def _own_visit(tx: AttestationTx, principal: Principal, visit_id: str) -> Visit:
    visit = await tx.lock_visit(visit_id)
    if visit is None or visit.doctor_id != principal.id:
        raise NotFound("no such visit")
    if visit.state not in OPEN:
        raise VisitOver("the visit is over")
    if visit.state is not VisitState.IN_VISIT:
        raise NotInVisit("the patient has not answered yet")
    return visit


def _name(typed: str) -> str:
    try:
        return checked_name(typed)
    except InvalidPatient as error:
        raise InvalidAttestation("name", str(error)) from error
