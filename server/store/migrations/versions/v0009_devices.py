"""What a device is, what became of it, its claim code; how it names its patient."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in _columns():
        op.add_column("devices", column)
    op.create_index("uq_devices_serial_key", "devices", ["serial_key"], unique=True)
    op.create_index("uq_devices_claim_hash", "devices", ["claim_hash"], unique=True)
    op.add_column("associations", sa.Column("subject", sa.String(160)))
    op.execute("UPDATE devices SET ended_as = 'revoked' WHERE revoked_at IS NOT NULL")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("maker", sa.String(80)),
        sa.Column("model", sa.String(80)),
        sa.Column("serial", sa.String(80)),
        sa.Column("serial_key", sa.String(200)),
        sa.Column("ended_as", sa.String(16)),
        sa.Column("replaced_by", sa.String(64)),
        sa.Column("credential_version", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("broker_version", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("first_received_at", Moment),
        sa.Column("battery_percent", sa.Float()),
        sa.Column("battery_at", Moment),
        sa.Column("firmware", sa.String(64)),
        sa.Column("refused_at", Moment),
        sa.Column("refused_reason", sa.String(32)),
        sa.Column("refused_detail", sa.String(256)),
        sa.Column("claim_hash", sa.LargeBinary(32)),
        sa.Column("claim_until", Moment),
    ]
