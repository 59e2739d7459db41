"""A device claimed for a patient by the one-time code that is printed on it, or its QR code."""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

from server.access.audit import AuditEntry
from server.access.limits import Allowance, Limiter, caller
from server.access.principal import Principal
from server.access.qr import qr_rows
from server.access.roles import Role
from server.monitoring.associations import (
    AssociateTx,
    Done,
    Wearer,
    Wish,
    association_of,
    check_profile,
    put_on,
)
from server.monitoring.device_state import IN_SERVICE
from server.monitoring.errors import ClaimRefused, DeviceStateWrong, NotFound
from server.monitoring.registry import DeviceRow, device_view
from server.monitoring.views import ClaimCode, DeviceView
from server.patients.patient import age_on

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that is read as something else
LENGTH: Final = 8  # 40 bits
DAYS: Final = 30
CLAIMS_A_PERSON: Final = Allowance(5, timedelta(minutes=1))
CLAIMS_AN_ADDRESS: Final = Allowance(20, timedelta(seconds=3))
_ALIKE: Final = str.maketrans("OIL", "011", "- ")


class ClaimTx(AssociateTx, Protocol):
    async def set_claim(self, device_id: str, hash_: bytes, until: datetime) -> None: ...

    async def take_claim(self, hash_: bytes, now: datetime) -> str | None:
        """The id of the device whose code this is, of one in service; the code is used up. One statement: of two who
        claim at once one has it."""

    async def ticket_patient(self, ticket_id: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Who claims, from where. ``patient_id`` None: for the patient of the own ticket."""

    who: Principal
    address: str
    patient_id: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """``key`` is the installation's; ``public_url`` is where the page of a code stands."""

    key: bytes
    public_url: str

    def hash(self, code: str) -> bytes:
        """Keyed: who reads the database could try all codes against a plain hash."""
        return hmac.digest(self.key, b"device claim\0" + plain(code).encode(), hashlib.sha256)

    def url(self, code: str) -> str:
        """The code stands behind ``#``: no server on the way, and no log, ever sees it."""
        return f"{self.public_url}/claim#{code}"

    def shown(self, code: str, until: datetime) -> ClaimCode:
        url = self.url(code)
        return ClaimCode(code, url, qr_rows(url), until)


class Claims:
    """``changed`` is called after the commit with the patient's id."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[ClaimTx]],
        codes: Codes,
        changed: Callable[[str], Awaitable[None]],
        zone: tzinfo,
    ) -> None:
        self._begin = begin
        self._codes = codes
        self._changed = changed
        self._zone = zone
        self._people = Limiter(CLAIMS_A_PERSON)
        self._addresses = Limiter(CLAIMS_AN_ADDRESS)

    async def issue(self, actor: str, device_id: str, now: datetime, days: int = DAYS) -> ClaimCode:
        """One that was not used is dead. Raises ``NotFound``, ``DeviceStateWrong``."""
        code, until = new_code(), now + timedelta(days=days)
        async with self._begin() as tx:
            device = await tx.lock_device(device_id)
            if device is None:
                raise NotFound
            if device.state not in IN_SERVICE:
                raise DeviceStateWrong(device.state)
            await tx.set_claim(device_id, self._codes.hash(code), until)
            await tx.audit(AuditEntry(now, actor, "device.claim_code", f"device:{device_id}", {"days": days}))
        return self._codes.shown(code, until)

    async def claim(self, asked: Asked, code: str, now: datetime) -> DeviceView:
        """Raises ``ClaimRefused``, ``NotFound`` for the patient, ``DeviceWorn``, ``ProfileNotApplicable``,
        ``NobodyResponsible``, ``TooManyTries``."""
        self._addresses.take(caller(asked.address), now)
        self._people.take(asked.who.actor, now)
        try:
            wearer, device = await self._take(asked, code, now)
        except ClaimRefused:
            await self._record_refusal(asked.who, now)
            raise
        self._addresses.give_back(caller(asked.address))
        self._people.give_back(asked.who.actor)
        await self._changed(wearer.id)
        return device_view(device, named=asked.who.role is not Role.PATIENT)

    async def _take(self, asked: Asked, code: str, now: datetime) -> tuple[Wearer, DeviceRow]:
        """All or nothing: a claim that fails leaves the code as it was."""
        async with self._begin() as tx:
            wearer = await _wearer(tx, asked)
            check_profile(asked.profile, age_on(wearer.birth_date, now.astimezone(self._zone).date()))
            return wearer, await self._put_on(tx, asked, wearer, (code, now))

    async def _record_refusal(self, who: Principal, now: datetime) -> None:
        async with self._begin() as tx:
            await tx.audit(AuditEntry(now, who.actor, "device.claim_refused", who.actor))

    async def _put_on(self, tx: ClaimTx, asked: Asked, wearer: Wearer, said: tuple[str, datetime]) -> DeviceRow:
        code, now = said
        device_id = await tx.take_claim(self._codes.hash(code), now)
        if device_id is None:
            raise ClaimRefused
        actor, wish = asked.who.actor, Wish(wearer.id, device_id, asked.profile)
        await tx.audit(AuditEntry(now, actor, "device.claimed", f"device:{device_id}", {"patient": wearer.id}))
        return await put_on(tx, Done(actor, now), association_of(asked.who, wish, wearer, now))


def new_code() -> str:
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{code[:4]}-{code[4:]}"


def plain(code: str) -> str:
    """As it was meant, however it was typed."""
    return code.upper().translate(_ALIKE)


async def _wearer(tx: ClaimTx, asked: Asked) -> Wearer:
    own = await tx.ticket_patient(asked.who.id) if asked.who.role is Role.PATIENT else asked.patient_id
    wearer = await tx.wearer(own, asked.who.id) if own is not None else None
    if wearer is None or not (wearer.seen or asked.who.role in {Role.OPERATOR, Role.PATIENT}):
        raise NotFound
    return wearer
