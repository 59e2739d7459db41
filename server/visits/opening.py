"""Who may receive patients: asked before a doctor opens or joins a session, or calls. A refusal stands in the audit."""

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
        """To open or join. Raises ``PolicyRefused``, ``StepUpNeeded``."""
        opening = await self._opening(principal, now)
        try:
            self._pack.check_opening(opening)
        except PolicyError as refused:
            await self._record(principal, "session.opening_refused", refused, now)
            raise

    async def receive(self, principal: Principal, now: datetime) -> None:
        """To call: a colleague may have opened the owner's session, and a licence may end meanwhile.

        Raises ``PolicyRefused``.
        """
        opening = await self._opening(principal, now)
        try:
            self._pack.check_standing(opening)
        except PolicyError as refused:
            await self._record(principal, "session.calling_refused", refused, now)
            raise

    async def _opening(self, principal: Principal, now: datetime) -> Opening:
        async with self._look() as look:
            standing = await look.standing(principal.id)
            stepped_up_at = await look.stepped_up_at(principal.sign_in_id)
        return Opening(standing, stepped_up_at, now, now.astimezone(self._zone).date())

    async def _record(self, principal: Principal, action: str, refused: PolicyError, now: datetime) -> None:
        detail = {"policy": self._pack.name, "rule": refused.rule}
        async with self._begin() as tx:
            await tx.audit(AuditEntry(now, principal.actor, action, principal.actor, detail))
