"""Insert or replace by primary key: the one statement that SQLAlchemy spells differently for each database."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(dialect: str, table: sa.Table) -> sa.Insert:
    """A row whose primary key is there already replaces that row's other columns."""
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    key = list(table.primary_key.columns)
    others = {column.name: insert.excluded[column.name] for column in table.columns if column not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=others)
