"""A message's device has one index less: that of its identity begins with the device too."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_messages_device_id", table_name="messages")
