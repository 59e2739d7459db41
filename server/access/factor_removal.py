"""Taking one's own second factor away: an app on a telephone that is sold, a passkey of a computer that is gone."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.errors import FactorNeeded, LastFactor, UnknownFactor
from server.access.factors import Factors, is_fresh
from server.access.principal import Principal
from server.access.roles import Role

TOTP = "totp"
PASSKEY = "passkey"


class RemovalTx(Protocol):
    async def hold_factors(self, user_id: str, sign_in_id: str) -> Factors:
        """Locked until the commit, so that two removals at once do not take the last two."""
        ...

    async def end_totp(self, user_id: str, at: datetime) -> bool: ...
    async def end_passkey(self, user_id: str, passkey_id: str, at: datetime) -> bool: ...

    async def forget_step_ups(self, user_id: str, but: str) -> None:
        """In all sign-ins of the person ``but`` this one: who holds the lost telephone shows nothing with it."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class FactorRemoval:
    """Asks for a factor shown a moment ago. ``needed_by``: the roles that must keep one, as the rules have it."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[RemovalTx]], needed_by: Collection[Role]
    ) -> None:
        self._begin = begin
        self._needed_by = needed_by

    async def remove_totp(self, principal: Principal, now: datetime) -> None:
        """Raises ``FactorNeeded``, ``UnknownFactor``, ``LastFactor``."""
        async with self._begin() as tx:
            await self._check_may(tx, principal, now)
            if not await tx.end_totp(principal.id, now):
                raise UnknownFactor
            await _removed(tx, principal, TOTP, now)

    async def remove_passkey(self, principal: Principal, passkey_id: str, now: datetime) -> None:
        """Raises as ``remove_totp``, and ``UnknownFactor`` for somebody else's."""
        async with self._begin() as tx:
            await self._check_may(tx, principal, now)
            if not await tx.end_passkey(principal.id, passkey_id, now):
                raise UnknownFactor
            await _removed(tx, principal, PASSKEY, now)

    async def _check_may(self, tx: RemovalTx, principal: Principal, now: datetime) -> None:
        has = await tx.hold_factors(principal.id, principal.sign_in_id)
        if not is_fresh(has.stepped_up_at, now):
            raise FactorNeeded
        if has.count == 1 and principal.role in self._needed_by:
            raise LastFactor


async def _removed(tx: RemovalTx, principal: Principal, kind: str, now: datetime) -> None:
    await tx.forget_step_ups(principal.id, but=principal.sign_in_id)
    await tx.audit(AuditEntry(now, principal.actor, "factor.removed", principal.actor, {"kind": kind}))
