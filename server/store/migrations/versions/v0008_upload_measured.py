"""The device test measures the way up to this server too."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device_tests", sa.Column("kbps_up", sa.Integer()))
