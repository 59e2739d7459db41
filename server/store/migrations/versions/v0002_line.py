"""The line grows: urgency, lateness, who calls; several doctors a session; why somebody stepped out of the order."""

import sqlalchemy as sa
from alembic import op

from server.store.migrations.keep import keep
from server.store.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OUTSIDE = sa.text("state IN ('booked','arrived','held')")


def upgrade() -> None:
    """Every ticket that is there already is routine, punctual and in nobody's room."""
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("message", sa.String(200)))
    with op.batch_alter_table("tickets") as table:
        table.add_column(sa.Column("urgency", sa.Integer(), nullable=False, server_default="2"))
        # "0" and not sa.false(): an expression makes SQLite copy and drop the table, which rows elsewhere refer to.
        table.add_column(sa.Column("late", sa.Boolean(), nullable=False, server_default="0"))
        table.add_column(sa.Column("planned_at", Moment))
        table.add_column(sa.Column("called_at", Moment))
        table.add_column(sa.Column("called_by", sa.String(32)))
        table.add_column(sa.Column("came_from", sa.String(32)))
    op.create_index("uq_tickets_came_from", "tickets", ["came_from"], unique=True)
    op.create_index("ix_tickets_outside", "tickets", ["session_id"], sqlite_where=OUTSIDE, postgresql_where=OUTSIDE)
    _fill_rooms()
    _session_doctors()
    _interventions()


def _fill_rooms() -> None:
    """Whoever is in a room while the house is rebuilt stays in it."""
    op.execute(
        "UPDATE tickets SET called_by = (SELECT visits.doctor_id FROM visits WHERE visits.ticket_id = tickets.id "
        "AND visits.state IN ('called','in_visit')) WHERE state IN ('called','in_visit')"
    )
    op.execute(
        "UPDATE tickets SET called_at = (SELECT max(visits.called_at) FROM visits WHERE visits.ticket_id = tickets.id)"
    )


def _session_doctors() -> None:
    op.create_table(
        "session_doctors",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("joined_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_session_doctors_session_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_session_doctors_user_id"),
        sa.PrimaryKeyConstraint("session_id", "user_id", name="pk_session_doctors"),
    )
    op.create_index("ix_session_doctors_user_id", "session_doctors", ["user_id"])


def _interventions() -> None:
    op.create_table(
        "interventions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_interventions_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_interventions"),
    )
    op.create_index("ix_interventions_ticket_id", "interventions", ["ticket_id"])
    keep("interventions")
