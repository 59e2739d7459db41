"""Alembic's entry: runs the steps on the connection that server.store.migrate hands in, inside its transaction."""

from alembic import context

from server.store.migrate import OPTIONS
from server.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, **OPTIONS)
context.run_migrations()
