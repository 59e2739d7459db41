"""Closes a table for good: rows are added, never changed or deleted. Frozen with the steps that use it."""

from alembic import op

SQLITE = """
CREATE TRIGGER {table}_keeps_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION bedside_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
POSTGRES = """
CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION bedside_keep()
"""


def keep(table: str) -> None:
    """Refuse UPDATE and DELETE (on PostgreSQL TRUNCATE too) of ``table`` with "… is append-only"."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(POSTGRES_FUNCTION)
        op.execute(POSTGRES.format(table=table))
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(SQLITE.format(table=table, verb=verb))
