"""Step-up: somebody signed in shows a second factor, and for some minutes this sign-in may do more."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.errors import NoFactor, PasskeyRefused, WrongCode
from server.access.factors import CHALLENGE_BYTES, CHALLENGE_LIVES, Factors, Passkey, Purpose, Totp
from server.access.limits import Allowance, Limiter
from server.access.passkeys import PasskeyChecks, credential_id
from server.access.principal import Principal
from server.access.totp import step_of, totp_secret

# A code is one of a million, three of them fit at any moment: five tries and then twelve an hour leave who has the
# password 0.1 % a day (RFC 4226 §7.3).
CODES_A_PERSON: Final = Allowance(5, timedelta(minutes=5))


class Method(StrEnum):
    TOTP = "totp"
    PASSKEY = "passkey"


class StepUpLook(Protocol):
    async def factors(self, user_id: str, sign_in_id: str) -> Factors: ...


class CodeTx(Protocol):
    async def living_totp(self, user_id: str) -> Totp | None: ...

    async def use_step(self, factor_id: str, step: int) -> bool:
        """One atomic statement; False where this step of time or a later one was used before."""
        ...


class PasskeyUseTx(Protocol):
    async def put_challenge(
        self, sign_in_id: str, purpose: Purpose, challenge: bytes, expires_at: datetime
    ) -> None: ...
    async def take_challenge(self, sign_in_id: str, purpose: Purpose, now: datetime) -> bytes | None: ...
    async def passkey(self, user_id: str, credential_id: bytes) -> Passkey | None: ...
    async def use_passkey(self, passkey_id: str, sign_count: int, at: datetime) -> None: ...


class StepUpTx(CodeTx, PasskeyUseTx, Protocol):
    """One transaction of a step-up."""

    async def step_up(self, sign_in_id: str, method: Method, at: datetime) -> None: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class StepUp:
    """What is shown counts for this sign-in only: another browser of the same person shows its own."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[StepUpTx]],
        look: Callable[[], AbstractAsyncContextManager[StepUpLook]],
        *,
        checks: PasskeyChecks,
        key: bytes,
    ) -> None:
        self._begin = begin
        self._look = look
        self._checks = checks
        self._key = key
        self._tries = Limiter(CODES_A_PERSON)

    async def by_code(self, principal: Principal, code: str, now: datetime) -> None:
        """Raises ``WrongCode`` – for a code that was taken before too –, ``NoFactor``, ``TooManyTries``."""
        self._tries.take(principal.id, now)
        async with self._begin() as tx:
            totp = await tx.living_totp(principal.id)
            if totp is None:
                raise NoFactor
            step = step_of(totp_secret(self._key, totp.id), code, now)
            right = step is not None and await tx.use_step(totp.id, step)
            await self._record(tx, principal, Method.TOTP, now, right=right)
        if not right:
            raise WrongCode
        self._tries.give_back(principal.id)

    async def passkey_request(self, principal: Principal, now: datetime) -> dict[str, object]:
        """What the browser's credential manager is asked. Raises ``NoFactor``, ``PasskeysUnavailable``."""
        async with self._look() as look:
            known = (await look.factors(principal.id, principal.sign_in_id)).credential_ids
        if not known:
            raise NoFactor
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        options = self._checks.request(challenge, known)
        async with self._begin() as tx:
            await tx.put_challenge(principal.sign_in_id, Purpose.STEP_UP, challenge, now + CHALLENGE_LIVES)
        return options

    async def by_passkey(self, principal: Principal, credential: dict[str, object], now: datetime) -> None:
        """Raises ``PasskeyRefused``; the challenge is used up either way."""
        wanted = credential_id(credential)
        async with self._begin() as tx:
            challenge = await tx.take_challenge(principal.sign_in_id, Purpose.STEP_UP, now)
            passkey = await tx.passkey(principal.id, wanted)
            sign_count = self._judge(credential, challenge, passkey)
            if passkey is not None and sign_count is not None:
                await tx.use_passkey(passkey.id, sign_count, now)
            await self._record(tx, principal, Method.PASSKEY, now, right=sign_count is not None)
        if sign_count is None:
            raise PasskeyRefused

    def _judge(self, credential: dict[str, object], challenge: bytes | None, passkey: Passkey | None) -> int | None:
        """The new count of uses; None for an answer to nothing that was asked, of nobody's passkey, or a wrong one."""
        if challenge is None or passkey is None:
            return None
        try:
            return self._checks.used(credential, challenge, passkey.key)
        except PasskeyRefused:
            return None

    async def _record(self, tx: StepUpTx, principal: Principal, method: Method, now: datetime, *, right: bool) -> None:
        action = "user.stepped_up" if right else "user.step_up_refused"
        if right:
            await tx.step_up(principal.sign_in_id, method, now)
        await tx.audit(AuditEntry(now, principal.actor, action, principal.actor, {"method": method.value}))
