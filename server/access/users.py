"""Users: the hospital's staff and how one is added. Nobody has a default password."""

import unicodedata
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.errors import LoginTaken, UserRefused
from server.access.passwords import Passwords, check_password
from server.access.roles import Role
from server.ids import new_id


@dataclass(frozen=True)
class User:
    """A member of staff, without the password."""

    id: str
    login: str
    name: str
    role: Role
    locale: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class UserWish:
    """What is asked for. ``phone`` is E.164: where an alarm reaches this person; ``email`` follows a lost SMS."""

    login: str
    name: str
    role: Role
    password: str = field(repr=False)
    phone: str | None = None
    email: str | None = None
    locale: str = "zh-CN"


class UserTx(Protocol):
    async def add_user(self, user: User, password_hash: str, created_at: datetime) -> bool:
        """False where the login is taken; nothing more can be written in this transaction then."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class Users:
    """Adds staff: for the command line, and for the demonstration's first people."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[UserTx]], passwords: Passwords) -> None:
        self._begin = begin
        self._passwords = passwords

    async def create(self, wish: UserWish, by: str, now: datetime) -> User:
        """``by`` is the audit's actor. Raises UserRefused naming the field, LoginTaken."""
        user = _user(wish)
        check_password(wish.password)
        password_hash = await self._passwords.hash(wish.password)
        async with self._begin() as tx:
            if not await tx.add_user(user, password_hash, now):
                raise LoginTaken
            await tx.audit(AuditEntry(now, by, "user.added", f"user:{user.id}", {"role": user.role.value}))
        return user


def canonical_login(login: str) -> str:
    """The one spelling that is stored and looked up: full-width and capital letters do not make another person."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def _user(wish: UserWish) -> User:
    login, name = canonical_login(wish.login), wish.name.strip()
    if not 1 <= len(login) <= 64 or any(not letter.isprintable() or letter.isspace() for letter in login):
        raise UserRefused("login", "A login has 1 to 64 visible characters and no blank.")
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise UserRefused("name", "A name has 1 to 120 visible characters.")
    if wish.role is Role.PATIENT:
        raise UserRefused("role", "Patients have no account; they join by their link.")
    return User(new_id(), login, name, wish.role, wish.locale, phone=wish.phone, email=wish.email)
