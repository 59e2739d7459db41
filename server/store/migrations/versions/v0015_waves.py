"""Waveforms: blocks of samples, and the lowest and the highest of each of their seconds."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waves",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("identity", sa.String(160), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("gain", sa.Float(), nullable=False),
        sa.Column("zero", sa.Float(), nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_waves_device_id"),
        sa.PrimaryKeyConstraint("device_id", "identity", "number", name="pk_waves"),
    )
    op.create_index("ix_waves_device_channel", "waves", ["device_id", "channel", "start_us"])
    op.create_table(
        "wave_tiles",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("seconds", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_wave_tiles_device_id"),
        sa.PrimaryKeyConstraint("device_id", "channel", "subject", "start", name="pk_wave_tiles"),
        sqlite_with_rowid=False,
    )
