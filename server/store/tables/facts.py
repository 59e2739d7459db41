"""Facts about this database itself."""

import sqlalchemy as sa

from server.store.tables.columns import metadata

installation = sa.Table(
    "installation",  # one row a fact about this database: kind (demonstration | hospital), hospital name, keys
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
