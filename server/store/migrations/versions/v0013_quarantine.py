"""What lies in quarantine is settled by a person: replayed, corrected beforehand or not, or dismissed."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What lies there already is open; whether anything of it was taken is not known, so nothing says that it was."""
    op.add_column("quarantine", sa.Column("identity", sa.String(160)))
    op.add_column("quarantine", sa.Column("taken", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("quarantine", sa.Column("state", sa.String(16), nullable=False, server_default="open"))
    op.add_column("quarantine", sa.Column("settled_at", Moment))
    op.add_column("quarantine", sa.Column("settled_by", sa.String(32)))
    op.add_column("quarantine", sa.Column("why", sa.String(300)))
    op.create_index("ix_quarantine_device_id_received_at", "quarantine", ["device_id", "received_at"])
    op.create_table(
        "quarantine_copies",
        sa.Column("quarantine_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("format", sa.String(64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("written_by", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["quarantine_id"], ["quarantine.id"], name="fk_quarantine_copies_quarantine_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("quarantine_id", "number", name="pk_quarantine_copies"),
    )
