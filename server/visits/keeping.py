"""What every step of a visit writes: its row and its audit."""

from collections.abc import Sequence
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic.movement import By
from server.visits import visit as events
from server.visits.visit import Event, Visit

ACTIONS: dict[type[Event], str] = {
    events.PatientAnswered: "visit.answered",
    events.MediaEstablished: "visit.media_established",
    events.MediaMissing: "visit.media_missing",
    events.IdentityConfirmed: "visit.identity_confirmed",
    events.VisitEnded: "visit.ended",
    events.VisitMissed: "visit.missed",
}


class VisitRowTx(Protocol):
    async def save_visit(self, visit: Visit) -> None: ...
    async def audit(self, entry: AuditEntry) -> None: ...


async def keep_visit(tx: VisitRowTx, visit: Visit, happened: Sequence[Event], by: By) -> None:
    await tx.save_visit(visit)
    for event in happened:
        await tx.audit(_audit(event, by))


def _audit(event: Event, by: By) -> AuditEntry:
    detail = {"outcome": event.outcome.value} if isinstance(event, events.VisitEnded) else {}
    return AuditEntry(by.now, by.actor, ACTIONS[type(event)], f"visit:{event.visit_id}", detail)
