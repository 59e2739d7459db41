"""What brokers say that they have dropped, and the episodes of it."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broker_counts",
        sa.Column("broker", sa.String(64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("broker", name="pk_broker_counts"),
    )
    op.create_table(
        "broker_drops",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("broker", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_broker_drops"),
    )
    op.create_index("ix_broker_drops_raised_at", "broker_drops", ["raised_at"])
    op.create_index(
        "uq_broker_drops_open",
        "broker_drops",
        ["broker"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
