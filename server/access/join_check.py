"""The second check: from a join link and a birth date to a patient's sign-in. Looking changes nothing."""

import hmac
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from server.access.audit import AuditEntry
from server.access.errors import LinkDead, LinkLocked, WrongBirthDate
from server.access.limits import GUESSES_AN_ADDRESS, Limiter, caller
from server.access.links import token_hash
from server.access.principal import Principal
from server.access.roles import Role
from server.access.sign_ins import NewSignIn, SignedIn, hash_token, new_token
from server.ids import new_id


@dataclass(frozen=True)
class JoinLink:
    """What a link may tell before the second check: the consulting hours, nothing about the patient."""

    expires_at: datetime
    ended_at: datetime | None
    tries_left: int
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class TakenTry:
    """One of a link's tries, used up. ``tries_left`` counts those after it."""

    link_id: str
    ticket_id: str
    tries_left: int
    expires_at: datetime
    patient_name: str
    birth_date: date


class JoinLook(Protocol):
    async def join_link(self, token_hash: bytes) -> JoinLink | None: ...


class JoinTx(Protocol):
    async def take_try(self, token_hash: bytes, now: datetime) -> TakenTry | None:
        """One atomic decrement; None where the link is unknown, over, ended or locked."""
        ...

    async def give_try_back(self, link_id: str) -> None: ...

    async def replace_patient_sign_in(self, sign_in: NewSignIn) -> None:
        """Add it and end the ticket's older one: whoever had that notices."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class JoinCheck:
    """Lets the patient of a ticket in.

    ``arrive`` stamps the arrival, again without harm. A second phone with link and birth date takes the first one's
    sign-in over.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[JoinTx]],
        look: Callable[[], AbstractAsyncContextManager[JoinLook]],
        arrive: Callable[[str, datetime], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._look = look
        self._arrive = arrive
        self._guesses = Limiter(GUESSES_AN_ADDRESS)

    async def look(self, token: str, address: str, now: datetime) -> JoinLink:
        """What the link says, without a trace. Raises LinkDead, LinkLocked, TooManyTries."""
        self._guesses.take(caller(address), now)
        link = await self._living_link(token, now)
        self._guesses.give_back(caller(address))
        return link

    async def check(self, token: str, birth_date: date, address: str, now: datetime) -> SignedIn:
        """The patient's sign-in. Raises WrongBirthDate, LinkLocked, LinkDead, TooManyTries."""
        self._guesses.take(caller(address), now)
        async with self._begin() as tx:
            taken = await tx.take_try(token_hash(token), now)
            signed_in = await _judge(tx, taken, birth_date, now) if taken else None
        if taken is None:
            await self._living_link(token, now)
            raise LinkLocked  # the last try was used between the two looks
        if signed_in is None:
            raise WrongBirthDate(taken.tries_left)
        # After the sign-in is committed: an arrival that fails is repeated by the next check, a lost sign-in is not.
        await self._arrive(taken.ticket_id, now)
        self._guesses.give_back(caller(address))
        return signed_in

    async def _living_link(self, token: str, now: datetime) -> JoinLink:
        async with self._look() as look:
            link = await look.join_link(token_hash(token))
        if link is None or link.ended_at is not None or now >= link.expires_at:
            raise LinkDead
        if link.tries_left == 0:
            raise LinkLocked
        return link


async def _judge(tx: JoinTx, taken: TakenTry, birth_date: date, now: datetime) -> SignedIn | None:
    """Compare, and write what follows. None for a wrong date, whose try stays used when this transaction commits."""
    actor, subject = f"link:{taken.link_id}", f"ticket:{taken.ticket_id}"
    if not hmac.compare_digest(taken.birth_date.isoformat(), birth_date.isoformat()):
        await tx.audit(AuditEntry(now, actor, "ticket.join_refused", subject, {"tries_left": taken.tries_left}))
        return None
    signed_in, row = _patient_sign_in(taken, now)
    await tx.give_try_back(taken.link_id)
    await tx.replace_patient_sign_in(row)
    await tx.audit(AuditEntry(now, actor, "ticket.joined", subject, {"sign_in": row.id}))
    return signed_in


def _patient_sign_in(taken: TakenTry, now: datetime) -> tuple[SignedIn, NewSignIn]:
    token = new_token()
    row = NewSignIn(new_id(), hash_token(token), now, taken.expires_at, ticket_id=taken.ticket_id)
    principal = Principal(Role.PATIENT, taken.ticket_id, taken.patient_name, row.id)
    return SignedIn(token, principal, taken.expires_at), row
