"""Brings a database's schema up to this code's, in one transaction under a lock. Never down: a backup goes back."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from server.store.errors import SchemaTooNew
from server.store.tables import Moment, metadata

STEPS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x62656473_69646500  # "bedside": PostgreSQL's advisory lock of whoever migrates


def _differs(_context: object, _seen: object, _wanted: object, seen: object, wanted: object) -> bool | None:
    """Moment is text on SQLite and timestamptz on PostgreSQL: compare what the database really holds."""
    if isinstance(wanted, Moment):
        return not isinstance(seen, sa.String | sa.DateTime)
    return None


OPTIONS: dict[str, Any] = {"compare_type": _differs}


async def upgrade(engine: AsyncEngine) -> None:
    """Run the steps that this database has not seen. Raises ``SchemaTooNew``."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def revision(connection: sa.Connection) -> str | None:
    """The last step that this database has seen; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The last step that this code knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def drift(connection: sa.Connection) -> list[Any]:
    """What differs between the database and tables.py; empty when the steps are complete."""
    return list(compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata))


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":  # on SQLite the write transaction is the lock
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
    seen = revision(connection)
    if seen == newest():
        return
    refuse_newer(seen)
    command.upgrade(_config(connection), "head")


def refuse_newer(seen: str | None) -> None:
    """Raises ``SchemaTooNew`` where ``seen`` is a step that this code has never heard of."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if seen is not None and seen not in known:
        raise SchemaTooNew(
            f"this database was migrated to {seen} by a newer Bedside; this one knows up to {newest()}. "
            "Start the newer version, or restore a backup that this version made."
        )


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config
