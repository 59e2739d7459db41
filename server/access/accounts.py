"""Accounts of staff as they go on: a new password, and the end of one. Either signs the person out everywhere."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.errors import UnknownLogin
from server.access.passwords import Passwords, check_password
from server.access.users import canonical_login


class AccountTx(Protocol):
    async def user_id(self, login: str) -> str | None:
        """Of somebody who may sign in."""
        ...

    async def disable_user(self, user_id: str, at: datetime) -> None: ...

    async def replace_password_hash(self, user_id: str, password_hash: str) -> None: ...

    async def end_sign_ins(self, at: datetime, *, user_id: str | None = None, sign_in_id: str | None = None) -> int: ...

    async def audit(self, entry: AuditEntry) -> None: ...


class Accounts:
    """Open pages of the person fall at the hub's next check of its sockets. ``by`` is the audit's actor."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AccountTx]], passwords: Passwords) -> None:
        self._begin = begin
        self._passwords = passwords

    async def disable(self, login: str, by: str, now: datetime) -> int:
        """Not let in again, told of no alarm; what was done stays theirs. How many sign-ins ended.

        Raises UnknownLogin.
        """
        async with self._begin() as tx:
            user_id = await _user_id(tx, login)
            await tx.disable_user(user_id, now)
            return await _sign_out(tx, user_id, AuditEntry(now, by, "user.disabled", f"user:{user_id}"))

    async def set_password(self, login: str, password: str, by: str, now: datetime) -> int:
        """How many sign-ins ended. Raises UnknownLogin, UserRefused."""
        check_password(password)
        password_hash = await self._passwords.hash(password)
        async with self._begin() as tx:
            user_id = await _user_id(tx, login)
            await tx.replace_password_hash(user_id, password_hash)
            return await _sign_out(tx, user_id, AuditEntry(now, by, "user.password_set", f"user:{user_id}"))


async def _user_id(tx: AccountTx, login: str) -> str:
    user_id = await tx.user_id(canonical_login(login))
    if user_id is None:
        raise UnknownLogin(f"{login}: nobody signs in with this login")
    return user_id


async def _sign_out(tx: AccountTx, user_id: str, entry: AuditEntry) -> int:
    ended = await tx.end_sign_ins(entry.at, user_id=user_id)
    await tx.audit(AuditEntry(entry.at, entry.actor, entry.action, entry.subject, {"sign_ins": ended}))
    return ended
