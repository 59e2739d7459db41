"""Sign-ins: from a password to an opaque token, and from a token to a principal, until it ends."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

from server.access.audit import AuditEntry
from server.access.errors import NotSignedIn, WrongPassword
from server.access.known_browser import mark_of, marked
from server.access.limits import (
    SIGN_INS_A_KNOWN_BROWSER,
    SIGN_INS_A_LOGIN,
    SIGN_INS_A_LOGIN_ANYWHERE,
    SIGN_INS_AN_ADDRESS,
    Limiter,
    caller,
)
from server.access.passwords import Passwords
from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import User, canonical_login
from server.ids import new_id
from server.together import Together

STAFF_IDLE: Final = timedelta(hours=12)
STAFF_LONGEST: Final = timedelta(hours=24)
SEEN_EVERY: Final = timedelta(minutes=1)  # how exact seen_at is: a write a minute, not a write a request


@dataclass(frozen=True)
class NewSignIn:
    """A row of ``sign_ins`` of either a user or a ticket's patient."""

    id: str
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    user_id: str | None = None
    ticket_id: str | None = None


@dataclass(frozen=True)
class Holder:
    """A sign-in that has not been ended, of somebody who still may sign in."""

    principal: Principal
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Account:
    """A user who may sign in, with the hash that the password is checked against."""

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class SignedIn:
    """What the browser gets, stored nowhere: ``token`` opens, ``known`` tells the browser apart next time."""

    token: str = field(repr=False)
    principal: Principal
    expires_at: datetime
    known: str = field(default="", repr=False)


@dataclass(frozen=True)
class From:
    """Where a sign-in comes from. ``known``: what the browser kept of earlier ones, "" where it kept nothing."""

    address: str
    known: str = field(default="", repr=False)


class SignInLook(Protocol):
    async def account(self, login: str) -> Account | None: ...

    async def user(self, user_id: str) -> User | None: ...

    async def holders(self, token_hashes: Sequence[bytes]) -> Mapping[bytes, Holder]:
        """Of those that somebody holds, by token hash."""
        ...


class SignInTx(Protocol):
    async def add_sign_in(self, sign_in: NewSignIn) -> None: ...

    async def replace_password_hash(self, user_id: str, password_hash: str) -> None: ...

    async def see_sign_ins(self, sign_in_ids: Sequence[str], at: datetime) -> None: ...

    async def end_sign_ins(self, at: datetime, *, user_id: str | None = None, sign_in_id: str | None = None) -> int: ...

    async def audit(self, entry: AuditEntry) -> None: ...


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """SHA-256: the token is random, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()


def is_alive(holder: Holder, now: datetime) -> bool:
    """Neither over nor, for staff, idle for too long. A patient's page may be asleep until the link expires."""
    idle = holder.principal.role is not Role.PATIENT and now - holder.seen_at >= STAFF_IDLE
    return now < holder.expires_at and not idle


class SignInGuards:
    """The allowances of a sign-in, taken before the password is judged: guesses in parallel gain nothing.

    ``mark`` is that of a browser in which this login has signed in before; such a one has an allowance for itself.
    """

    def __init__(self) -> None:
        self._browser = Limiter(SIGN_INS_A_KNOWN_BROWSER)
        self._address = Limiter(SIGN_INS_AN_ADDRESS)
        self._login_here = Limiter(SIGN_INS_A_LOGIN)
        self._login_anywhere = Limiter(SIGN_INS_A_LOGIN_ANYWHERE)

    def take(self, login: str, address: str, mark: str | None, now: datetime) -> None:
        """Raises TooManyTries."""
        if mark:
            self._browser.take(mark, now)
            return
        here = caller(address)
        self._address.take(here, now)
        self._login_here.take(f"{here} {login}", now)
        self._login_anywhere.take(login, now)

    def give_back(self, login: str, address: str, mark: str | None) -> None:
        if mark:
            self._browser.give_back(mark)
            return
        here = caller(address)
        self._address.give_back(here)
        self._login_here.give_back(f"{here} {login}")
        self._login_anywhere.give_back(login)


class SignIns:
    """Who is signed in."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[SignInTx]],
        look: Callable[[], AbstractAsyncContextManager[SignInLook]],
        passwords: Passwords,
        browsers_key: bytes,
    ) -> None:
        self._begin = begin
        self._look = look
        self._passwords = passwords
        self._browsers_key = browsers_key
        self._guards = SignInGuards()
        self._holder = Together(self._holders)
        self._seen = Together(self._see)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by caller, while any is awaited

    async def sign_in(self, login: str, password: str, place: From, now: datetime) -> SignedIn:
        """Raises WrongPassword – for an unknown login too, after the same work – and TooManyTries."""
        login = canonical_login(login)
        address, mark = place.address, mark_of(self._browsers_key, place.known, login, now)
        self._guards.take(login, address, mark, now)
        async with self._look() as look:
            account = await look.account(login)
        # One password a caller at a time: a flood of guesses waits behind itself, and a doctor not behind the flood.
        async with self._turns.setdefault(mark or caller(address), asyncio.Lock()):
            matches = await self._passwords.matches(account.password_hash if account else None, password)
        if account is None or not matches:
            await self._record_refusal(account, address, now)
            raise WrongPassword
        self._guards.give_back(login, address, mark)
        if self._passwords.is_stale(account.password_hash):
            await self._rehash(account, password)
        return await self._begin_sign_in(account.user, place, now)

    async def authenticate(self, token: str, now: datetime) -> Principal | None:
        """Whose token it is, if the sign-in still lives. Asked at every request and, by the hub, every few seconds."""
        holder = await self._holder(hash_token(token))
        if holder is None or not is_alive(holder, now):
            return None
        if now - holder.seen_at >= SEEN_EVERY:
            await self._seen((holder.principal.sign_in_id, now))
        return holder.principal

    async def _see(self, seen: Sequence[tuple[str, datetime]]) -> Mapping[tuple[str, datetime], None]:
        """A crowd that was away for a minute is one transaction, not thousands in a row before the one writer."""
        async with self._begin() as tx:
            await tx.see_sign_ins([sign_in_id for sign_in_id, _ in seen], max(at for _, at in seen))
        return {}

    async def _holders(self, token_hashes: Sequence[bytes]) -> Mapping[bytes, Holder]:
        async with self._look() as look:
            return await look.holders(token_hashes)

    async def me(self, principal: Principal) -> User:
        async with self._look() as look:
            user = await look.user(principal.id)
        if user is None:
            raise NotSignedIn
        return user

    async def sign_out(self, principal: Principal, now: datetime) -> None:
        async with self._begin() as tx:
            await tx.end_sign_ins(now, sign_in_id=principal.sign_in_id)
            await tx.audit(AuditEntry(now, principal.actor, "user.signed_out", principal.actor))

    async def _begin_sign_in(self, user: User, place: From, now: datetime) -> SignedIn:
        token = new_token()
        sign_in = NewSignIn(new_id(), hash_token(token), now, now + STAFF_LONGEST, user_id=user.id)
        principal = Principal(user.role, user.id, user.name, sign_in.id)
        entry = AuditEntry(now, principal.actor, "user.signed_in", principal.actor, {"address": place.address})
        async with self._begin() as tx:
            await tx.add_sign_in(sign_in)
            await tx.audit(entry)
        known = marked(self._browsers_key, place.known, user.login, now)
        return SignedIn(token, principal, sign_in.expires_at, known)

    async def _record_refusal(self, account: Account | None, address: str, now: datetime) -> None:
        # What was typed is not kept: people type passwords into the wrong field.
        subject = f"user:{account.user.id}" if account else "user:unknown"
        async with self._begin() as tx:
            await tx.audit(AuditEntry(now, "anyone", "user.sign_in_refused", subject, {"address": address}))

    async def _rehash(self, account: Account, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        async with self._begin() as tx:
            await tx.replace_password_hash(account.user.id, password_hash)
