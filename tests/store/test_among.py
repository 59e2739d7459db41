"""Rows by many keys: each is found, by the index, and the statement is the same however many are asked for."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.sign_ins import hash_token
from server.store import tables
from server.store.among import among
from server.store.engine import Store
from tests.clinic.house import NOW

MANY = 3000
SIGN_INS = tables.sign_ins.c


def plain(connection: AsyncConnection) -> AsyncConnection:
    return connection


async def fill(store: Store) -> None:
    user = {"id": "u", "login": "dr.wu", "name": "Wu", "role": "doctor", "password_hash": "", "locale": "en"}
    same = {"user_id": "u", "created_at": NOW, "seen_at": NOW, "expires_at": NOW}
    rows = [{"id": f"{number}", "token_hash": hash_token(f"{number}"), **same} for number in range(MANY)]
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.users).values(**user, created_at=NOW))
        await connection.execute(sa.insert(tables.sign_ins), rows)
    async with store.write(plain) as connection:
        await connection.execute(sa.text("ANALYZE"))


def asked(dialect: str, numbers: range) -> list[sa.Select[Any]]:
    """By id, and by what is bytes."""
    names = [f"{number}" for number in numbers]
    by_id = among(dialect, SIGN_INS.id, names)
    by_hash = among(dialect, SIGN_INS.token_hash, [hash_token(name) for name in names])
    return [sa.select(SIGN_INS.id).where(which) for which in (by_id, by_hash)]


async def test_each_that_is_there_is_found(store: Store) -> None:
    await fill(store)
    async with store.read(plain) as connection:
        for some in asked(store.dialect, range(MANY - 2, MANY + 200)):
            assert set(await connection.scalars(some)) == {f"{MANY - 2}", f"{MANY - 1}"}
        for none in asked(store.dialect, range(0)):
            assert (await connection.scalars(none)).all() == []


async def test_one_statement_serves_any_number(store: Store) -> None:
    async with store.read(plain) as connection:
        texts = {
            str(query.compile(connection.sync_engine, compile_kwargs={"render_postcompile": True}))
            for numbers in (range(1), range(7), range(250))
            for query in asked(store.dialect, numbers)
        }
    assert len(texts) == len(asked(store.dialect, range(1)))


async def test_they_are_looked_up_by_the_index(store: Store) -> None:
    await fill(store)
    explain = "EXPLAIN " if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    async with store.read(plain) as connection:
        for query in asked(store.dialect, range(3)):
            said = query.compile(connection.sync_engine)
            values = tuple(said.params[name] for name in said.positiontup or ())
            plan = str((await connection.exec_driver_sql(explain + str(said), values)).all())
            assert "Index" in plan or "USING" in plan
            assert "SCAN sign_ins" not in plan
            assert "Seq Scan" not in plan
