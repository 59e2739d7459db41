"""Waiting times as they were told, and how long it then took; when a session was opened."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "openings",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_openings_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_openings"),
    )
    op.create_table(
        "predictions",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("doctor_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("mean_s", sa.Float(), nullable=False),
        sa.Column("variance_s2", sa.Float(), nullable=False),
        sa.Column("low_s", sa.Float(), nullable=False),
        sa.Column("middle_s", sa.Float(), nullable=False),
        sa.Column("high_s", sa.Float(), nullable=False),
        sa.Column("waited_s", sa.Float()),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_predictions_ticket_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_predictions_session_id"),
        sa.ForeignKeyConstraint(["doctor_id"], ["users.id"], name="fk_predictions_doctor_id"),
        sa.PrimaryKeyConstraint("ticket_id", "ahead", name="pk_predictions"),
    )
    op.create_index("ix_predictions_session_id", "predictions", ["session_id"])
    op.create_index("ix_predictions_doctor_id", "predictions", ["doctor_id"])
    op.create_index("ix_predictions_made_at", "predictions", ["made_at"])
