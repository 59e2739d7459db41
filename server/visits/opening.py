"""Who may receive patients: asked before a doctor opens or joins a session. A refusal stands in the audit."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, tzinfo
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.visits.policy.errors import PolicyError
from server.visits.policy.facts import DoctorStanding, Opening
from server.visits.policy.pack import Pack


class OpeningLook(Protocol):
    async def standing(self, doctor_id: str) -> DoctorStanding: ...
    async def stepped_up_at(self, sign_in_id: str) -> datetime | None: ...


class RefusalTx(Protocol):
    async def audit(self, entry: AuditEntry) -> None: ...


class Admission:
    """Handed to the clinic, which knows nothing of rules packs."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[RefusalTx]],
        look: Callable[[], AbstractAsyncContextManager[OpeningLook]],
        pack: Pack,
        zone: tzinfo,
    ) -> None:
        self._begin = begin
        self._look = look
        self._pack = pack
        self._zone = zone

    async def admit(self, principal: Principal, now: datetime) -> None:
        """Raises ``PolicyRefused``, ``StepUpNeeded``."""
        async with self._look() as look:
            standing = await look.standing(principal.id)
            stepped_up_at = await look.stepped_up_at(principal.sign_in_id)
        opening = Opening(standing, stepped_up_at, now, now.astimezone(self._zone).date())
        try:
            self._pack.check_opening(opening)
        except PolicyError as refused:
            await self._record(principal, refused, now)
            raise

    async def _record(self, principal: Principal, refused: PolicyError, now: datetime) -> None:
        detail = {"policy": self._pack.name, "rule": refused.rule}
        async with self._begin() as tx:
            await tx.audit(AuditEntry(now, principal.actor, "session.opening_refused", principal.actor, detail))
