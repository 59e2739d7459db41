"""Queries of access: users, sign-ins and join links. The mixin for other features' transactions comes first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.join_check import JoinLink, TakenTry
from server.access.links import NewLink
from server.access.principal import Principal
from server.access.roles import Role
from server.access.sign_ins import Account, Holder, NewSignIn
from server.access.users import User
from server.store.among import among
from server.store.audit import AuditQueries
from server.store.tables import join_links, patients, sessions, sign_ins, tickets, users


class TicketAccessQueries:
    """A ticket's way in, for the booking's, the reset's and the visit end's own transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_link(self, link: NewLink) -> None:
        await self._connection.execute(sa.insert(join_links), link_row(link))

    async def end_ticket_access(self, ticket_id: str, at: datetime) -> None:
        """Links and the patient's sign-in are dead from now on: the visit ended, or a new link replaces the old."""
        for table in (join_links, sign_ins):
            await self._connection.execute(
                sa.update(table).where(table.c.ticket_id == ticket_id, table.c.ended_at.is_(None)).values(ended_at=at)
            )


class UserQueries(AuditQueries):
    """Adding staff (server.access.users.UserTx)."""

    async def add_user(self, user: User, password_hash: str, created_at: datetime) -> bool:
        row = sa.insert(users).values(
            id=user.id,
            login=user.login,
            name=user.name,
            role=user.role.value,
            locale=user.locale,
            phone=user.phone,
            email=user.email,
            password_hash=password_hash,
            created_at=created_at,
        )
        try:
            await self._connection.execute(row)
        except IntegrityError:
            return False
        return True


class SignInLookQueries:
    """Who signs in and who is signed in (server.access.sign_ins.SignInLook)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def account(self, login: str) -> Account | None:
        row = await self._user_row(users.c.login == login)
        return Account(_user(row), row.password_hash) if row else None

    async def user(self, user_id: str) -> User | None:
        row = await self._user_row(users.c.id == user_id)
        return _user(row) if row else None

    async def holders(self, token_hashes: Sequence[bytes]) -> Mapping[bytes, Holder]:
        query = (
            sa.select(sign_ins, users.c.role, sa.func.coalesce(users.c.name, patients.c.name).label("name"))
            .outerjoin(users, users.c.id == sign_ins.c.user_id)
            .outerjoin(tickets, tickets.c.id == sign_ins.c.ticket_id)
            .outerjoin(patients, patients.c.id == tickets.c.patient_id)
            .where(
                among(self._connection.dialect.name, sign_ins.c.token_hash, token_hashes),
                sign_ins.c.ended_at.is_(None),
                users.c.disabled_at.is_(None),
            )
        )
        return {row.token_hash: _holder(row) for row in await self._connection.execute(query)}

    async def _user_row(self, which: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
        query = sa.select(users).where(which, users.c.disabled_at.is_(None))
        return (await self._connection.execute(query)).one_or_none()


class SignInQueries(AuditQueries):
    """Beginning and ending sign-ins (server.access.sign_ins.SignInTx)."""

    async def add_sign_in(self, sign_in: NewSignIn) -> None:
        await self._connection.execute(
            sa.insert(sign_ins).values(
                id=sign_in.id,
                token_hash=sign_in.token_hash,
                user_id=sign_in.user_id,
                ticket_id=sign_in.ticket_id,
                created_at=sign_in.created_at,
                seen_at=sign_in.created_at,
                expires_at=sign_in.expires_at,
            )
        )

    async def replace_password_hash(self, user_id: str, password_hash: str) -> None:
        await self._connection.execute(
            sa.update(users).where(users.c.id == user_id).values(password_hash=password_hash)
        )

    async def see_sign_ins(self, sign_in_ids: Sequence[str], at: datetime) -> None:
        seen = among(self._connection.dialect.name, sign_ins.c.id, sign_in_ids)
        await self._connection.execute(sa.update(sign_ins).where(seen).values(seen_at=at))

    async def end_sign_ins(self, at: datetime, *, user_id: str | None = None, sign_in_id: str | None = None) -> int:
        which = sign_ins.c.user_id == user_id if sign_in_id is None else sign_ins.c.id == sign_in_id
        ended = await self._connection.execute(
            sa.update(sign_ins).where(which, sign_ins.c.ended_at.is_(None)).values(ended_at=at)
        )
        return ended.rowcount


class AccountQueries(SignInQueries):
    """A new password, or the end of an account (server.access.accounts.AccountTx)."""

    async def user_id(self, login: str) -> str | None:
        query = sa.select(users.c.id).where(users.c.login == login, users.c.disabled_at.is_(None))
        return await self._connection.scalar(query.with_for_update())

    async def disable_user(self, user_id: str, at: datetime) -> None:
        await self._connection.execute(sa.update(users).where(users.c.id == user_id).values(disabled_at=at))


class JoinLookQueries:
    """What a link says before the second check (server.access.join_check.JoinLook)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def join_link(self, token_hash: bytes) -> JoinLink | None:
        query = (
            sa.select(join_links, sessions.c.opens_at, sessions.c.closes_at)
            .join(tickets, tickets.c.id == join_links.c.ticket_id)
            .join(sessions, sessions.c.id == tickets.c.session_id)
            .where(join_links.c.token_hash == token_hash)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return JoinLink(row.expires_at, row.ended_at, row.tries_left, row.opens_at, row.closes_at) if row else None


class JoinQueries(SignInQueries):
    """The second check (server.access.join_check.JoinTx)."""

    async def take_try(self, token_hash: bytes, now: datetime) -> TakenTry | None:
        # One statement that both reads and lowers: guesses in parallel are judged one after the other, five in all.
        taken = (
            sa.update(join_links)
            .where(
                join_links.c.token_hash == token_hash,
                join_links.c.ended_at.is_(None),
                join_links.c.expires_at > now,
                join_links.c.tries_left > 0,
            )
            .values(tries_left=join_links.c.tries_left - 1)
            .returning(join_links.c.id, join_links.c.ticket_id, join_links.c.tries_left, join_links.c.expires_at)
        )
        link = (await self._connection.execute(taken)).one_or_none()
        if link is None:
            return None
        patient = await self._patient(link.ticket_id)
        return TakenTry(link.id, link.ticket_id, link.tries_left, link.expires_at, patient.name, patient.birth_date)

    async def give_try_back(self, link_id: str) -> None:
        await self._connection.execute(
            sa.update(join_links).where(join_links.c.id == link_id).values(tries_left=join_links.c.tries_left + 1)
        )

    async def replace_patient_sign_in(self, sign_in: NewSignIn) -> None:
        older = sa.update(sign_ins).where(sign_ins.c.ticket_id == sign_in.ticket_id, sign_ins.c.ended_at.is_(None))
        await self._connection.execute(older.values(ended_at=sign_in.created_at))
        await self.add_sign_in(sign_in)

    async def _patient(self, ticket_id: str) -> sa.Row[Any, Any]:
        query = (
            sa.select(patients.c.name, patients.c.birth_date)
            .join(tickets, tickets.c.patient_id == patients.c.id)
            .where(tickets.c.id == ticket_id)
        )
        return (await self._connection.execute(query)).one()


def link_row(link: NewLink) -> dict[str, object]:
    return {
        "id": link.id,
        "token_hash": link.token_hash,
        "ticket_id": link.ticket_id,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "tries_left": link.tries_left,
    }


def _holder(row: sa.Row[Any]) -> Holder:
    role = Role(row.role) if row.user_id else Role.PATIENT
    return Holder(Principal(role, row.user_id or row.ticket_id, row.name, row.id), row.seen_at, row.expires_at)


def _user(row: sa.Row[Any]) -> User:
    return User(row.id, row.login, row.name, Role(row.role), row.locale, phone=row.phone, email=row.email)
