"""Passwords of people: argon2id in threads of a bounded number, and what may be one. Nothing is stored here."""

import asyncio
import secrets
from functools import partial
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.access.errors import UserRefused

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128
AT_ONCE: Final = 2  # memory is what argon2 costs: 19 MiB each

# OWASP Password Storage Cheat Sheet, argon2id: m = 19 MiB, t = 2, p = 1.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The hash of nothing that anybody knows, with the same parameters: an unknown login costs what a known one does.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$OFpyb4kT3s8QtO0Smgnh8Q$X7sgUb8tzkaG+AJfJ/1ZueExK3Ld7pXw4LZh2quE7WA"
# Crockford's base 32: no i, l, o or u to be misread. Sixteen of them are 80 bits.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"


class Passwords:
    """Hashes and checks, at most AT_ONCE at a time."""

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. None, for an unknown login, takes as long and is always False."""
        async with self._turns:
            verified = await asyncio.to_thread(partial(self._verify, password_hash or _NOBODY, password))
        return verified and password_hash is not None

    def is_stale(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str) -> None:
    """Raises UserRefused naming the field, where it is too short or absurdly long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise UserRefused("password", f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")


def random_password() -> str:
    """80 random bits that a person can read out: "k7mf-2qxd-9wtb-e4hs"."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
