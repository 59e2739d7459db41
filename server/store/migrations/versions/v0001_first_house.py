"""The first house: every table of 0.1, and the triggers that keep what was written."""

import sqlalchemy as sa
from alembic import op

from server.store.migrations.keep import keep
from server.store.tables import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONS = 16
APPEND_ONLY = ("audit", "transitions", "notes", "consents")


def upgrade() -> None:
    """Create, seed, and close for good what is only ever added to."""
    _access()
    _clinic()
    _visits()
    _devices()
    _alarms()
    rows = [{"id": number, "epoch": 0, "issued": 0, "evaluated": 0} for number in range(PARTITIONS)]
    columns = (sa.column(name, sa.BigInteger) for name in rows[0])
    op.bulk_insert(sa.table("partitions", *columns), rows)
    for table in APPEND_ONLY:
        keep(table)


def _access() -> None:
    op.create_table(
        "installation",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_installation"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(20)),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("login", name="uq_users_login"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_action", "audit", ["action"])
    op.create_index("ix_audit_subject", "audit", ["subject"])


def _clinic() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("sex", sa.String(8), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patients"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("doctor_id", sa.String(64), nullable=False),
        sa.Column("opens_at", Moment, nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["doctor_id"], ["users.id"], name="fk_sessions_doctor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_doctor_id", "sessions", ["doctor_id"])
    op.create_index("ix_sessions_opens_at", "sessions", ["opens_at"])
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(32)),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("booked_at", Moment, nullable=False),
        sa.Column("booked_by", sa.String(32), nullable=False),
        sa.Column("arrived_at", Moment),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_tickets_patient_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_tickets_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.UniqueConstraint("session_id", "serial", name="uq_tickets_session_id_serial"),
    )
    op.create_index("ix_tickets_patient_id", "tickets", ["patient_id"])
    op.create_index("ix_tickets_session_id", "tickets", ["session_id"])


def _visits() -> None:
    op.create_table(
        "join_links",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_join_links_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_join_links"),
        sa.UniqueConstraint("token_hash", name="uq_join_links_token_hash"),
    )
    op.create_index("ix_join_links_ticket_id", "join_links", ["ticket_id"])
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("ticket_id", sa.String(64)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.CheckConstraint("(user_id IS NULL) <> (ticket_id IS NULL)", name="ck_sign_ins_one_principal"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_sign_ins_ticket_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_ins_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ins_token_hash"),
    )
    op.create_index("ix_sign_ins_ticket_id", "sign_ins", ["ticket_id"])
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])
    op.create_table(
        "visits",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("doctor_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("called_at", Moment, nullable=False),
        sa.Column("ring_until", Moment, nullable=False),
        sa.Column("answered_at", Moment),
        sa.Column("media_at", Moment),
        sa.Column("doctor_media_at", Moment),
        sa.Column("patient_media_at", Moment),
        sa.Column("media_missing_at", Moment),
        sa.Column("identity_confirmed_at", Moment),
        sa.Column("identity_confirmed_by", sa.String(32)),
        sa.Column("ended_at", Moment),
        sa.Column("outcome", sa.String(32)),
        sa.ForeignKeyConstraint(["doctor_id"], ["users.id"], name="fk_visits_doctor_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_visits_patient_id"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_visits_session_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_visits_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_doctor_id", "visits", ["doctor_id"])
    op.create_index("ix_visits_patient_id", "visits", ["patient_id"])
    op.create_index("ix_visits_session_id", "visits", ["session_id"])
    op.create_index("ix_visits_ticket_id", "visits", ["ticket_id"])
    op.create_index(
        "uq_visits_open_ticket",
        "visits",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('called','in_visit')"),
        postgresql_where=sa.text("state IN ('called','in_visit')"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("visit_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_notes_visit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("visit_id", "version", name="uq_notes_visit_id_version"),
    )
    op.create_index("ix_notes_visit_id", "notes", ["visit_id"])
    op.create_table(
        "consents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("text_id", sa.String(32), nullable=False),
        sa.Column("text_version", sa.String(16), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("agreed_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_consents_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("ticket_id", "text_id", "text_version", name="uq_consents_ticket_id_text_id_text_version"),
    )
    op.create_index("ix_consents_ticket_id", "consents", ["ticket_id"])


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.Column("last_received_at", Moment),
        sa.Column("clock_offset_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    op.create_table(
        "associations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("profile", sa.String(32)),
        sa.Column("responsible_id", sa.String(64), nullable=False),
        sa.Column("from_at", Moment, nullable=False),
        sa.Column("until_at", Moment),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_associations_device_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_associations_patient_id"),
        sa.ForeignKeyConstraint(["responsible_id"], ["users.id"], name="fk_associations_responsible_id"),
        sa.PrimaryKeyConstraint("id", name="pk_associations"),
    )
    op.create_index("ix_associations_device_id", "associations", ["device_id"])
    op.create_index("ix_associations_patient_id", "associations", ["patient_id"])
    op.create_index("ix_associations_responsible_id", "associations", ["responsible_id"])
    op.create_index(
        "uq_associations_worn",
        "associations",
        ["device_id"],
        unique=True,
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )
    op.create_table(
        "partitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("evaluated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partitions"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("identity", sa.String(160), nullable=False),
        sa.Column("epoch", sa.String(64)),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("patient_id", sa.String(32)),
        sa.Column("partition", sa.Integer()),
        sa.Column("position", sa.BigInteger()),
        sa.Column("sent_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("measured_at", Moment, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_messages_device_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_messages_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("device_id", "identity", name="uq_messages_device_id_identity"),
        sa.UniqueConstraint("partition", "position", name="uq_messages_partition_position"),
    )
    op.create_index("ix_messages_device_id", "messages", ["device_id"])
    op.create_index(
        "ix_messages_held",
        "messages",
        ["device_id", "measured_at"],
        sqlite_where=sa.text("patient_id IS NULL"),
        postgresql_where=sa.text("patient_id IS NULL"),
    )
    op.create_index("ix_messages_patient_measured", "messages", ["patient_id", "measured_at"])
    op.create_table(
        "streams",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("covered", sa.BigInteger(), nullable=False),
        sa.Column("ahead", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_streams_device_id"),
        sa.PrimaryKeyConstraint("device_id", "epoch", name="pk_streams"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("topic", sa.String(256), nullable=False),
        sa.Column("device_id", sa.String(64)),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(256), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_size", sa.Integer(), nullable=False),
        sa.Column("payload_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_received_at", "quarantine", ["received_at"])
    op.create_table(
        "patient_states",
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_patient_states_patient_id"),
        sa.PrimaryKeyConstraint("patient_id", name="pk_patient_states"),
    )
    op.create_index("ix_patient_states_partition", "patient_states", ["partition"])


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("condition", sa.String(96), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(96), nullable=False),
        sa.Column("priority", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("device_id", sa.String(64)),
        sa.Column("metric", sa.String(32)),
        sa.Column("value", sa.Float()),
        sa.Column("unit", sa.String(16)),
        sa.Column("message_id", sa.String(32)),
        sa.Column("reading_index", sa.Integer()),
        sa.Column("raised_at", Moment, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("resolved_at", Moment),
        sa.Column("acknowledged_at", Moment),
        sa.Column("acknowledged_by", sa.String(32)),
        sa.Column("acknowledged_priority", sa.String(8)),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_alarms_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_patient_id", "alarms", ["patient_id"])
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["patient_id", "condition"],
        unique=True,
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "transitions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("alarm_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("priority", sa.String(8), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(96), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by", sa.String(32)),
        sa.Column("value", sa.Float()),
        sa.Column("message_id", sa.String(32)),
        sa.Column("reading_index", sa.Integer()),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name="fk_transitions_alarm_id"),
        sa.PrimaryKeyConstraint("id", name="pk_transitions"),
        sa.UniqueConstraint("alarm_id", "number", name="uq_transitions_alarm_id_number"),
    )
    op.create_index("ix_transitions_alarm_id", "transitions", ["alarm_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(80), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("template", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link_id", sa.String(32)),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("sent_at", Moment),
        sa.Column("provider_id", sa.String(64)),
        sa.Column("error", sa.String(256)),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("cause", "step", "recipient", "channel", name="uq_deliveries_cause_step_recipient_channel"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_try_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
