"""A device's credential: how it is made and kept, and how a change of it reaches a broker that is not ours."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import structlog

from server.monitoring.views import CredentialState

SECRET_BYTES = 32
EVERY_S = 1.0
BACKOFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
GIVE_UP_S = 10.0  # for one call: a broker that hangs must not keep the others' revocations waiting
ORPHANED_S = 30.0  # as long as the process that made a credential has to tell the broker of it
TURN = 50  # credentials told in one turn: the newest revocation never waits behind a whole hospital

logger = structlog.get_logger(__name__)


def new_secret() -> str:
    """256 random bits, base64url: 43 characters. One that begins with a hyphen would be an option to a command, and a
    formula to a spreadsheet."""
    while (secret := secrets.token_urlsafe(SECRET_BYTES)).startswith("-"):
        continue
    return secret


def secret_hash(secret: str) -> bytes:
    """SHA-256 will do: the secret is 256 random bits, and a slow hash turns a reconnect storm into an outage."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class CredentialChange:
    """What has been committed. ``secret`` is in hand when a credential was made; None: it is dead."""

    device_id: str
    version: int
    secret: str | None = field(default=None, repr=False)


class OutsideBroker(Protocol):
    """A broker with credentials of its own. Both may be asked again without harm and raise where it did not take."""

    async def admit(self, device_id: str, secret: str) -> None:
        """Make the client or change its secret, enable it, and end its live session."""

    async def bar(self, device_id: str) -> None:
        """Disable the client and end its live session."""


class PendingStore(Protocol):
    async def pending(self) -> Sequence[CredentialState]:
        """Whose newest change the outside broker has not taken."""

    async def taken(self, device_id: str, version: int) -> None: ...


class CredentialRelay:
    """Tells an outside broker what the registry has committed, until it took. The registry is the truth.

    Who is barred is found again in the store after a restart. A secret is in memory only: where it is lost before the
    broker took it, the credential before it must not live on there, so the device is barred, and stays pending until
    its credential is rotated.
    """

    def __init__(self, broker: OutsideBroker, store: PendingStore, told: Callable[[str], Awaitable[None]]) -> None:
        self._broker = broker
        self._store = store
        self._told = told
        self._secrets: dict[str, CredentialChange] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._orphans: dict[tuple[str, int], float] = {}  # by device and version: when it is barred, inf when it was
        self._work = asyncio.Event()

    def offer(self, change: CredentialChange) -> None:
        """After the commit."""
        if change.secret is None:
            self._secrets.pop(change.device_id, None)
        else:
            self._secrets[change.device_id] = change
        self._not_before.pop(change.device_id, None)
        self._work.set()

    async def run(self) -> None:
        while True:
            await self.turn()
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._work.wait()
            except TimeoutError:
                continue

    async def turn(self) -> None:
        """Tell what is due, the dead first."""
        self._work.clear()
        pending = sorted(await self._store.pending(), key=lambda one: one.live)
        now = asyncio.get_running_loop().time()
        orphans = [one for one in pending if one.live and self._secret_of(one) is None]
        self._orphans = {key: self._orphans.get(key, now + ORPHANED_S) for key in map(_key, orphans)}
        due = [one for one in pending if self._is_due(one, now)][:TURN]
        for one in due:
            await self._tell(one)

    def _is_due(self, one: CredentialState, now: float) -> bool:
        return max(self._not_before.get(one.device_id, 0), self._orphans.get(_key(one), 0)) <= now

    async def _tell(self, state: CredentialState) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await self._say(state)
        except Exception as error:  # noqa: BLE001 – whatever it was, it is tried again
            self._postpone(state.device_id, error)
        else:
            await self._took(state)

    async def _took(self, state: CredentialState) -> None:
        self._failures.pop(state.device_id, None)
        self._not_before.pop(state.device_id, None)
        if _key(state) in self._orphans:
            self._orphans[_key(state)] = inf
            return
        await self._store.taken(state.device_id, state.version)
        self._secrets.pop(state.device_id, None)
        await self._told(state.device_id)

    async def _say(self, state: CredentialState) -> None:
        secret = self._secret_of(state)
        if state.live and secret is not None:
            await self._broker.admit(state.device_id, secret)
        else:
            await self._broker.bar(state.device_id)

    def _secret_of(self, state: CredentialState) -> str | None:
        change = self._secrets.get(state.device_id)
        return change.secret if change is not None and change.version == state.version else None

    def _postpone(self, device_id: str, error: Exception) -> None:
        failures = self._failures[device_id] = self._failures.get(device_id, 0) + 1
        wait = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
        self._not_before[device_id] = asyncio.get_running_loop().time() + wait
        logger.warning("registry.broker_did_not_take", device_id=device_id, error=type(error).__name__)


def _key(state: CredentialState) -> tuple[str, int]:
    return state.device_id, state.version
