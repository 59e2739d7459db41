"""A database of the first version, with a row in every table, is brought to this one: nothing is lost or half made."""

import sqlalchemy as sa
from alembic import command

from server.store import migrate, tables
from server.store.engine import connect, open_store
from tests.store.filled import contents, plain, row_of
from tests.store.test_migrate import empty_url

__all__ = ["empty_url"]

FIRST = "0001"


def first_house(connection: sa.Connection) -> dict[str, list[str]]:
    """The first version's tables and their columns, each with one row."""
    command.upgrade(migrate._config(connection), FIRST)
    inspector = sa.inspect(connection)
    columns = {name: [one["name"] for one in inspector.get_columns(name)] for name in inspector.get_table_names()}
    known = {table.name: columns[table.name] for table in tables.metadata.sorted_tables if table.name in columns}
    for table in tables.metadata.sorted_tables:
        if table.name in known and table is not tables.partitions:
            row = {name: value for name, value in row_of(table).items() if name in known[table.name]}
            connection.execute(sa.insert(table).values(row))
    return known


async def of_first_version(url: str) -> dict[str, list[str]]:
    store = connect(url)
    async with store.write(plain) as connection:
        made = await connection.run_sync(first_house)
    await store.close()
    return made


async def test_every_row_and_column_of_the_first_version_is_still_there(empty_url: str) -> None:
    made = await of_first_version(empty_url)
    store = await open_store(empty_url)
    kept = await contents(store)
    for table in tables.metadata.sorted_tables:
        if table.name in made and table is not tables.partitions:
            [row] = kept[table.name]
            expected = row_of(table)
            assert {name: row[name] for name in made[table.name]} == {n: expected[n] for n in made[table.name]}
    assert kept["devices"][0]["ended_as"] == "revoked"  # step 9: what had an end is told which
    async with store.read(plain) as connection:
        assert await connection.run_sync(migrate.drift) == []
    await store.close()
