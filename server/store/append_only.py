"""Tables that are only ever added to, and the one way to delete from them: in a transaction that closes them again.

The triggers are made by the migrations (``migrations.keep``). Nobody else sees the tables open, and what is rolled back
has never opened them. The audit is not opened by this, whoever asks.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

OPENED: Final = (
    "consent_withdrawals",
    "consents",
    "guardians",
    "interventions",
    "notes",
    "prior_diagnoses",
    "transitions",
)


async def open_tables(connection: AsyncConnection) -> None:
    """Before the commit ``close_tables`` must follow."""
    for table in OPENED:  # always in this order, so that two who do this wait for each other
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql(f'ALTER TABLE "{table}" DISABLE TRIGGER "{table}_keeps"')
        else:
            await connection.exec_driver_sql(f'DROP TRIGGER "{table}_keeps_DELETE"')


async def close_tables(connection: AsyncConnection) -> None:
    for table in OPENED:
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE TRIGGER "{table}_keeps"')
        else:
            await connection.exec_driver_sql(_SQLITE.format(table=table))


_SQLITE: Final = """
CREATE TRIGGER {table}_keeps_DELETE BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
