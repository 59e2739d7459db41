"""Whom the hospital knows is found by an index, and a database of before is brought to where it can be."""

from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.patients.known import name_key
from server.patients.patient import Patient, Sex
from server.store import tables
from server.store.engine import Store
from server.store.migrations.versions import v0011_known_patients
from server.store.recognition import RecognitionQueries, found_alike
from tests.clinic.house import NOW

MANY = 3000
WANG = Patient("w", "王小明", Sex.MALE, date(1961, 3, 4), "+8613812345678", "zh-CN")


def plain(connection: AsyncConnection) -> AsyncConnection:
    return connection


def row(number: int) -> dict[str, object]:
    born = date(1940, 1, 1) + timedelta(number * 7)
    name = f"Patient {number}"
    who = {"id": f"{number}", "name": name, "sex": "female", "birth_date": born, "phone": f"+86138{number:08d}"}
    return {**who, "locale": "en", "created_at": NOW, "created_by": "desk", "name_key": name_key(name)}


async def fill(store: Store) -> None:
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.patients), [row(number) for number in range(MANY)])
    async with store.write(plain) as connection:
        await connection.execute(sa.text("ANALYZE"))


async def test_a_group_is_looked_up_by_the_indexes(store: Store) -> None:
    await fill(store)
    asked = [replace(WANG, id=str(number), phone=f"+86139{number:08d}") for number in range(64)]
    explain = "EXPLAIN " if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    async with store.read(plain) as connection:
        said = found_alike(asked).compile(connection.sync_engine, compile_kwargs={"literal_binds": True})
        plan = str((await connection.exec_driver_sql(explain + str(said))).all())
    assert "ix_patients_" in plan
    assert "SCAN patients" not in plan
    assert "Seq Scan" not in plan


async def test_each_of_a_group_is_found(store: Store) -> None:
    await fill(store)
    named = [
        replace(WANG, name=f"PATIENT{number}", birth_date=date(1940, 1, 1) + timedelta(number * 7)) for number in (5, 6)
    ]
    reached = replace(WANG, phone="+8613800000007", birth_date=date(1940, 1, 1) + timedelta(49))
    async with store.write(RecognitionQueries) as queries:
        found = await queries.alike([*named, reached, WANG])
    assert sorted(each.id for each in found) == ["5", "6", "7"]


async def test_patients_of_before_are_given_their_keys(store: Store) -> None:
    await fill(store)
    async with store.write(plain) as connection:
        await connection.execute(sa.update(tables.patients).values(name_key=""))
        await connection.run_sync(lambda on: v0011_known_patients.fill(on, at_once=1000))
        keyed = await connection.execute(sa.select(tables.patients.c.name, tables.patients.c.name_key))
        assert {row.name_key == name_key(row.name) for row in keyed} == {True}
