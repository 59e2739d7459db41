"""Second factors, consent that can be withdrawn, and what is gathered before a visit and attested in it."""

import sqlalchemy as sa
from alembic import op

from server.store.migrations.keep import keep
from server.store.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("consent_withdrawals", "prior_diagnoses", "guardians")
LIVING = "confirmed_at IS NOT NULL AND ended_at IS NULL"


def upgrade() -> None:
    """Nobody has a second factor yet; every consent given so far is of round 0."""
    _factors()
    _consent()
    _preparation()
    _attestations()
    for table in APPEND_ONLY:
        keep(table)


def _factors() -> None:
    op.add_column("sign_ins", sa.Column("stepped_up_at", Moment))
    op.add_column("sign_ins", sa.Column("stepped_up_by", sa.String(16)))
    op.create_table(
        "totp_factors",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("confirmed_at", Moment),
        sa.Column("last_step", sa.BigInteger()),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_totp_factors_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_totp_factors"),
    )
    op.create_index("ix_totp_factors_user_id", "totp_factors", ["user_id"])
    op.create_index(
        "uq_totp_factors_living",
        "totp_factors",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text(LIVING),
        postgresql_where=sa.text(LIVING),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_passkeys_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("sign_in_id", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("challenge", sa.LargeBinary(64), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["sign_in_id"], ["sign_ins.id"], name="fk_passkey_challenges_sign_in_id"),
        sa.PrimaryKeyConstraint("sign_in_id", "purpose", name="pk_passkey_challenges"),
    )


def _consent() -> None:
    """SQLite makes the table anew for another unique key, and the triggers go with the old one."""
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
        consents.drop_constraint("uq_consents_ticket_id_text_id_text_version", type_="unique")
        consents.create_unique_constraint(
            "uq_consents_ticket_id_text_id_text_version_round", ["ticket_id", "text_id", "text_version", "round"]
        )
    if op.get_context().dialect.name == "sqlite":
        keep("consents")
    op.create_table(
        "consent_withdrawals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_consent_withdrawals_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_withdrawals"),
        sa.UniqueConstraint("ticket_id", "round", name="uq_consent_withdrawals_ticket_id_round"),
    )
    op.create_index("ix_consent_withdrawals_ticket_id", "consent_withdrawals", ["ticket_id"])


def _preparation() -> None:
    op.create_table(
        "complaints",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("told_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_complaints_ticket_id"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_complaints"),
    )
    op.create_table(
        "device_tests",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("camera", sa.Boolean(), nullable=False),
        sa.Column("microphone", sa.Boolean(), nullable=False),
        sa.Column("speaker", sa.Boolean(), nullable=False),
        sa.Column("rtt_ms", sa.Integer()),
        sa.Column("kbps", sa.Integer()),
        sa.Column("tested_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_device_tests_ticket_id"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_device_tests"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("uploaded_at", Moment, nullable=False),
        sa.Column("removed_at", Moment),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_documents_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index("ix_documents_ticket_id", "documents", ["ticket_id"])
    op.create_table(
        "document_contents",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_document_contents_document_id"),
        sa.PrimaryKeyConstraint("document_id", name="pk_document_contents"),
    )


def _attestations() -> None:
    op.create_table(
        "prior_diagnoses",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("visit_id", sa.String(64), nullable=False),
        sa.Column("document_id", sa.String(64)),
        sa.Column("document_sha256", sa.String(64)),
        sa.Column("note", sa.String(500)),
        sa.Column("attested_by", sa.String(32), nullable=False),
        sa.Column("attested_at", Moment, nullable=False),
        sa.Column("policy", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_prior_diagnoses_visit_id"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_prior_diagnoses_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prior_diagnoses"),
    )
    op.create_index("ix_prior_diagnoses_visit_id", "prior_diagnoses", ["visit_id"])
    op.create_index("ix_prior_diagnoses_document_id", "prior_diagnoses", ["document_id"])
    op.create_table(
        "guardians",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("visit_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(32), nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.Column("policy", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_guardians_visit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guardians"),
    )
    op.create_index("ix_guardians_visit_id", "guardians", ["visit_id"])
