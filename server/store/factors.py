"""Queries of second factors: authenticator apps, passkeys, their challenges, and when one was shown."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.factors import Factors, Passkey, Purpose, Totp
from server.access.passkeys import NewPasskey
from server.access.sign_ins import Account
from server.access.step_up import Method
from server.store.access import SignInLookQueries
from server.store.audit import AuditQueries
from server.store.tables import passkey_challenges, passkeys, sign_ins, totp_factors, users
from server.store.upsert import upsert


class FactorLookQueries(SignInLookQueries):
    """server.access.factors.FactorLook and server.access.step_up.StepUpLook."""

    async def account_of(self, user_id: str) -> Account | None:
        login = await self._connection.scalar(sa.select(users.c.login).where(users.c.id == user_id))
        return await self.account(login) if login else None

    async def factors(self, user_id: str, sign_in_id: str) -> Factors:
        totp = await find_totp(self._connection, user_id, confirmed=True)
        rows = await self._connection.execute(_living_passkeys(user_id))
        shown = sa.select(sign_ins.c.stepped_up_at).where(sign_ins.c.id == sign_in_id)
        return Factors(totp is not None, tuple(map(_passkey, rows)), await self._connection.scalar(shown))


class FactorQueries(AuditQueries):
    """server.access.factors.FactorTx, server.access.factor_removal.RemovalTx and server.access.step_up.StepUpTx."""

    async def add_totp(self, factor_id: str, user_id: str, at: datetime) -> None:
        pending = sa.and_(_living(user_id), totp_factors.c.confirmed_at.is_(None))
        await self._connection.execute(sa.update(totp_factors).where(pending).values(ended_at=at))
        row = {"id": factor_id, "user_id": user_id, "created_at": at}
        await self._connection.execute(sa.insert(totp_factors).values(row))

    async def pending_totp(self, user_id: str) -> Totp | None:
        return await find_totp(self._connection, user_id, confirmed=False)

    async def living_totp(self, user_id: str) -> Totp | None:
        return await find_totp(self._connection, user_id, confirmed=True)

    async def confirm_totp(self, factor_id: str, step: int, at: datetime) -> None:
        owner = sa.select(totp_factors.c.user_id).where(totp_factors.c.id == factor_id).scalar_subquery()
        older = sa.and_(_living(owner), totp_factors.c.confirmed_at.is_not(None))
        await self._connection.execute(sa.update(totp_factors).where(older).values(ended_at=at))
        confirmed = sa.update(totp_factors).where(totp_factors.c.id == factor_id)
        await self._connection.execute(confirmed.values(confirmed_at=at, last_step=step))

    async def use_step(self, factor_id: str, step: int) -> bool:
        unused = sa.or_(totp_factors.c.last_step.is_(None), totp_factors.c.last_step < step)
        living = sa.and_(totp_factors.c.id == factor_id, totp_factors.c.ended_at.is_(None))
        used = await self._connection.execute(sa.update(totp_factors).where(living, unused).values(last_step=step))
        return used.rowcount == 1

    async def put_challenge(self, sign_in_id: str, purpose: Purpose, challenge: bytes, expires_at: datetime) -> None:
        row = {"sign_in_id": sign_in_id, "purpose": purpose, "challenge": challenge, "expires_at": expires_at}
        await self._connection.execute(upsert(self._connection.dialect.name, passkey_challenges).values(row))

    async def take_challenge(self, sign_in_id: str, purpose: Purpose, now: datetime) -> bytes | None:
        own = sa.and_(passkey_challenges.c.sign_in_id == sign_in_id, passkey_challenges.c.purpose == purpose)
        told = (passkey_challenges.c.challenge, passkey_challenges.c.expires_at)
        row = (await self._connection.execute(sa.delete(passkey_challenges).where(own).returning(*told))).one_or_none()
        return row.challenge if row and now < row.expires_at else None

    async def add_passkey(self, user_id: str, passkey: Passkey) -> bool:
        row = {
            "id": passkey.id,
            "user_id": user_id,
            "credential_id": passkey.key.credential_id,
            "public_key": passkey.key.public_key,
            "sign_count": passkey.key.sign_count,
            "label": passkey.label,
            "created_at": passkey.created_at,
        }
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(sa.insert(passkeys).values(row))
        except IntegrityError:
            return False
        return True

    async def passkey(self, user_id: str, credential_id: bytes) -> Passkey | None:
        query = _living_passkeys(user_id).where(passkeys.c.credential_id == credential_id).with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        return _passkey(row) if row else None

    async def use_passkey(self, passkey_id: str, sign_count: int, at: datetime) -> None:
        used = sa.update(passkeys).where(passkeys.c.id == passkey_id)
        await self._connection.execute(used.values(sign_count=sign_count, used_at=at))

    async def step_up(self, sign_in_id: str, method: Method, at: datetime) -> None:
        shown = sa.update(sign_ins).where(sign_ins.c.id == sign_in_id)
        await self._connection.execute(shown.values(stepped_up_at=at, stepped_up_by=method))

    async def hold_factors(self, user_id: str, sign_in_id: str) -> Factors:
        await self._connection.execute(sa.select(users.c.id).where(users.c.id == user_id).with_for_update())
        return await FactorLookQueries(self._connection).factors(user_id, sign_in_id)

    async def end_totp(self, user_id: str, at: datetime) -> bool:
        confirmed = sa.and_(_living(user_id), totp_factors.c.confirmed_at.is_not(None))
        ended = await self._connection.execute(sa.update(totp_factors).where(confirmed).values(ended_at=at))
        return ended.rowcount > 0

    async def end_passkey(self, user_id: str, passkey_id: str, at: datetime) -> bool:
        own = sa.and_(passkeys.c.user_id == user_id, passkeys.c.id == passkey_id, passkeys.c.ended_at.is_(None))
        return (await self._connection.execute(sa.update(passkeys).where(own).values(ended_at=at))).rowcount == 1

    async def forget_step_ups(self, user_id: str, but: str) -> None:
        others = sa.update(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.id != but)
        await self._connection.execute(others.values(stepped_up_at=None, stepped_up_by=None))

    async def end_factors(self, user_id: str, at: datetime) -> int:
        ended = 0
        for table in (totp_factors, passkeys):
            living = sa.and_(table.c.user_id == user_id, table.c.ended_at.is_(None))
            ended += (await self._connection.execute(sa.update(table).where(living).values(ended_at=at))).rowcount
        shown = sa.update(sign_ins).where(sign_ins.c.user_id == user_id)
        await self._connection.execute(shown.values(stepped_up_at=None, stepped_up_by=None))
        return ended


async def find_totp(connection: AsyncConnection, user_id: str, *, confirmed: bool) -> Totp | None:
    moment = totp_factors.c.confirmed_at
    state = moment.is_not(None) if confirmed else moment.is_(None)
    factor_id = await connection.scalar(sa.select(totp_factors.c.id).where(_living(user_id), state))
    return Totp(factor_id, confirmed) if factor_id else None


def _living(user_id: str | sa.ScalarSelect[str]) -> sa.ColumnElement[bool]:
    return sa.and_(totp_factors.c.user_id == user_id, totp_factors.c.ended_at.is_(None))


def _living_passkeys(user_id: str) -> sa.Select[Any]:
    own = sa.and_(passkeys.c.user_id == user_id, passkeys.c.ended_at.is_(None))
    return sa.select(passkeys).where(own).order_by(passkeys.c.created_at)


def _passkey(row: sa.Row[Any]) -> Passkey:
    return Passkey(row.id, row.label, row.created_at, NewPasskey(row.credential_id, row.public_key, row.sign_count))
