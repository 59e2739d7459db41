"""What the readings of a minute, an hour and a day come to, how far they are summed up, and what is deleted."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollups",
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("metric", sa.String(32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_rollups_patient_id"),
        sa.PrimaryKeyConstraint("patient_id", "metric", "level", "start", "site", name="pk_rollups"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rollup_progress",
        sa.Column("partition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partition"], ["partitions.id"], name="fk_rollup_progress_partition"),
        sa.PrimaryKeyConstraint("partition", name="pk_rollup_progress"),
    )
    op.create_table(
        "reading_horizons",
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("deleted_before", Moment, nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_reading_horizons_patient_id"),
        sa.PrimaryKeyConstraint("patient_id", name="pk_reading_horizons"),
    )
