"""Brings a database's schema up to this code's, in one transaction under a lock. Never down: a backup goes back.

Alembic is loaded only where there is a step to take: most starts have none, and save its memory and their time.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from server.store.errors import SchemaTooNew
from server.store.tables import Moment, metadata

if TYPE_CHECKING:
    from alembic.config import Config

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
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    seen: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return seen


def known() -> list[str]:
    """The steps of this code, oldest first, by the names of their files: ``v0001_first_house.py`` is "0001"."""
    return sorted(path.name[1:].split("_")[0] for path in (STEPS / "versions").glob("v*.py"))


def newest() -> str:
    """The last step that this code knows."""
    return known()[-1]


def drift(connection: sa.Connection) -> list[Any]:
    """What differs between the database and tables.py; empty when the steps are complete."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 – see above
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

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
    from alembic import command  # noqa: PLC0415 – see above

    command.upgrade(_config(connection), "head")


def refuse_newer(seen: str | None) -> None:
    """Raises ``SchemaTooNew`` where ``seen`` is a step that this code has never heard of."""
    if seen is not None and seen not in known():
        raise SchemaTooNew(
            f"this database was migrated to {seen} by a newer Bedside; this one knows up to {newest()}. "
            "Start the newer version, or restore a backup that this version made."
        )


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 – see above

    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
