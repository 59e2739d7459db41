"""Messages that arrive: receipts, budgets, the hospital's own words, web push, recovered links, mail addresses."""

import sqlalchemy as sa
from alembic import op

from server.store.migrations.keep import keep
from server.store.tables import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was sent before has nothing to look at again: its ``reach_at`` stays empty."""
    _deliveries()
    _receipts()
    _templates()
    _ways()


def _deliveries() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("address", existing_type=sa.String(64), type_=sa.String(254), existing_nullable=False)
        table.alter_column("provider_id", existing_type=sa.String(64), type_=sa.String(128))
        table.add_column(sa.Column("template_version", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("origin", sa.String(64)))
        table.add_column(sa.Column("gateway", sa.String(32)))
        table.add_column(sa.Column("receipt_at", Moment))
        table.add_column(sa.Column("reach_at", Moment))
    op.create_index(
        "ix_deliveries_reach",
        "deliveries",
        ["reach_at"],
        sqlite_where=sa.text("reach_at IS NOT NULL"),
        postgresql_where=sa.text("reach_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_provider_id", "deliveries", ["provider_id"])


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("gateway", sa.String(32), nullable=False),
        sa.Column("provider_id", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("error", sa.String(256)),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "provider_id", "state", name="pk_receipts"),
    )
    op.create_table(
        "message_counts",
        sa.Column("purse", sa.String(16), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purse", "day", "scope", "key", name="pk_message_counts"),
    )


def _templates() -> None:
    op.create_table(
        "message_templates",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("template", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("written_by", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message_templates"),
        sa.UniqueConstraint("template", "locale", "version", name="uq_message_templates_template_locale_version"),
    )
    keep("message_templates")


def _ways() -> None:
    for table in ("users", "patients"):
        op.add_column(table, sa.Column("email", sa.String(254)))
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("endpoint", sa.String(1024), nullable=False),
        sa.Column("p256dh", sa.String(128), nullable=False),
        sa.Column("auth", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscriptions"),
        sa.UniqueConstraint("endpoint", name="uq_push_subscriptions_endpoint"),
    )
    op.create_index("ix_push_subscriptions_recipient", "push_subscriptions", ["recipient"])
    op.create_table(
        "link_recoveries",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("done_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_link_recoveries"),
    )
    op.create_index(
        "ix_link_recoveries_open",
        "link_recoveries",
        ["asked_at"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
