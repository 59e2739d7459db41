"""Second factors of staff: enrolling an authenticator app or a passkey, and ending them. Their use is step_up's."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.errors import FactorNeeded, NoFactor, NotSignedIn, PasskeyRefused, WrongCode, WrongPassword
from server.access.limits import Allowance, Limiter
from server.access.passkeys import NewPasskey, PasskeyChecks
from server.access.passwords import Passwords
from server.access.principal import Principal
from server.access.sign_ins import Account
from server.access.totp import provisioning_uri, step_of, totp_secret
from server.ids import new_id

CHALLENGE_BYTES: Final = 32
CHALLENGE_LIVES: Final = timedelta(minutes=3)
FRESH: Final = timedelta(minutes=10)  # how long a shown factor lets its owner add or remove one
ENROLMENTS: Final = Allowance(5, timedelta(minutes=1))


class Purpose(StrEnum):
    """What a passkey is asked for: an answer to one is none to the other."""

    ENROL = "enrol"
    STEP_UP = "step_up"


@dataclass(frozen=True, slots=True)
class Totp:
    """``confirmed``: the app has shown a right code once; before that the factor counts nothing."""

    id: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Passkey:
    id: str
    label: str
    created_at: datetime
    key: NewPasskey


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody has. ``stepped_up_at``: when one was shown last in this sign-in."""

    totp: bool
    passkeys: tuple[Passkey, ...]
    stepped_up_at: datetime | None

    @property
    def count(self) -> int:
        return self.totp + len(self.passkeys)

    @property
    def any(self) -> bool:
        return self.count > 0

    @property
    def credential_ids(self) -> list[bytes]:
        return [passkey.key.credential_id for passkey in self.passkeys]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """For the app: the QR code's text, and the secret for who types it. Shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class FactorLook(Protocol):
    async def account_of(self, user_id: str) -> Account | None: ...
    async def factors(self, user_id: str, sign_in_id: str) -> Factors: ...


class TotpTx(Protocol):
    async def add_totp(self, factor_id: str, user_id: str, at: datetime) -> None:
        """Not confirmed yet; an older one that never was is over."""
        ...

    async def pending_totp(self, user_id: str) -> Totp | None: ...

    async def confirm_totp(self, factor_id: str, step: int, at: datetime) -> None:
        """From now on it counts, and the one before it does not; the code's ``step`` is used."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class PasskeyTx(Protocol):
    async def put_challenge(
        self, sign_in_id: str, purpose: Purpose, challenge: bytes, expires_at: datetime
    ) -> None: ...

    async def take_challenge(self, sign_in_id: str, purpose: Purpose, now: datetime) -> bytes | None:
        """It is gone afterwards, whatever comes of it."""
        ...

    async def add_passkey(self, user_id: str, passkey: Passkey) -> bool:
        """False where this credential is known already, to anybody."""
        ...


class FactorTx(TotpTx, PasskeyTx, Protocol):
    """One transaction of second factors."""

    async def end_factors(self, user_id: str, at: datetime) -> int: ...


class SecondFactors:
    """Adding asks for the password again – a stolen cookie is not enough – and for the factor that is there already."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[FactorTx]],
        look: Callable[[], AbstractAsyncContextManager[FactorLook]],
        *,
        passwords: Passwords,
        checks: PasskeyChecks,
        key: bytes,
    ) -> None:
        self._begin = begin
        self._look = look
        self._passwords = passwords
        self._checks = checks
        self._key = key
        self._tries = Limiter(ENROLMENTS)

    async def factors(self, principal: Principal) -> Factors:
        async with self._look() as look:
            return await look.factors(principal.id, principal.sign_in_id)

    async def enrol_totp(self, principal: Principal, password: str, issuer: str, now: datetime) -> Enrolment:
        """Raises ``WrongPassword``, ``FactorNeeded``, ``TooManyTries``."""
        account = await self._check_may_add(principal, password, now)
        factor_id = new_id()
        async with self._begin() as tx:
            await tx.add_totp(factor_id, principal.id, now)
            await tx.audit(_changed(principal, "factor.enrolling", "totp", now))
        secret = totp_secret(self._key, factor_id)
        return Enrolment(secret, provisioning_uri(secret, account.user.login, issuer))

    async def confirm_totp(self, principal: Principal, code: str, now: datetime) -> None:
        """The app shows what this server expects: from now on it is asked. Raises ``NoFactor``, ``WrongCode``."""
        self._tries.take(principal.id, now)
        async with self._begin() as tx:
            pending = await tx.pending_totp(principal.id)
            if pending is None:
                raise NoFactor
            step = step_of(totp_secret(self._key, pending.id), code, now)
            if step is None:
                raise WrongCode
            await tx.confirm_totp(pending.id, step, now)
            await tx.audit(_changed(principal, "factor.added", "totp", now))
        self._tries.give_back(principal.id)

    async def passkey_creation(self, principal: Principal, password: str, now: datetime) -> dict[str, object]:
        """What the browser's credential manager is asked. Raises as ``enrol_totp``, and ``PasskeysUnavailable``."""
        account = await self._check_may_add(principal, password, now)
        known = (await self.factors(principal)).credential_ids
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        options = self._checks.creation(account.user, challenge, known)
        async with self._begin() as tx:
            await tx.put_challenge(principal.sign_in_id, Purpose.ENROL, challenge, now + CHALLENGE_LIVES)
        return options

    async def add_passkey(
        self, principal: Principal, credential: dict[str, object], label: str, now: datetime
    ) -> Passkey:
        """Raises ``PasskeyRefused``."""
        async with self._begin() as tx:
            challenge = await tx.take_challenge(principal.sign_in_id, Purpose.ENROL, now)
        if challenge is None:
            raise PasskeyRefused
        passkey = Passkey(new_id(), label, now, self._checks.created(credential, challenge))
        async with self._begin() as tx:
            if not await tx.add_passkey(principal.id, passkey):
                raise PasskeyRefused
            await tx.audit(_changed(principal, "factor.added", "passkey", now))
        return passkey

    async def reset(self, user_id: str, by: str, now: datetime) -> int:
        """For a lost telephone, by who has the machine: all are gone, the person enrols anew. How many there were."""
        async with self._begin() as tx:
            ended = await tx.end_factors(user_id, now)
            await tx.audit(AuditEntry(now, by, "factor.reset", f"user:{user_id}", {"factors": ended}))
        return ended

    async def _check_may_add(self, principal: Principal, password: str, now: datetime) -> Account:
        self._tries.take(principal.id, now)
        async with self._look() as look:
            account = await look.account_of(principal.id)
            factors = await look.factors(principal.id, principal.sign_in_id)
        if account is None:
            raise NotSignedIn
        if factors.any and not is_fresh(factors.stepped_up_at, now):
            raise FactorNeeded
        if not await self._passwords.matches(account.password_hash, password):
            raise WrongPassword
        self._tries.give_back(principal.id)
        return account


def is_fresh(stepped_up_at: datetime | None, now: datetime) -> bool:
    """Shown a moment ago in this sign-in."""
    return stepped_up_at is not None and timedelta() <= now - stepped_up_at <= FRESH


def _changed(principal: Principal, action: str, kind: str, now: datetime) -> AuditEntry:
    return AuditEntry(now, principal.actor, action, principal.actor, {"kind": kind})
