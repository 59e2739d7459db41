"""The certificates by which devices may connect, and the numbers that devices have lost."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_certificates",
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("credential_version", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("bound_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_certificates_device_id_devices"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_device_certificates"),
    )
    op.create_index("ix_device_certificates_device_id", "device_certificates", ["device_id"])
    op.create_table(
        "device_gaps",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_device_gaps_device_id_devices"),
        sa.PrimaryKeyConstraint("id", name="pk_device_gaps"),
    )
    op.create_index("ix_device_gaps_device_id", "device_gaps", ["device_id"])
    op.create_index("ix_device_gaps_at", "device_gaps", ["at"])
