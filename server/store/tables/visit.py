"""One clinical encounter, and what patients hand in for it."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

visits = sa.Table(
    "visits",
    metadata,
    own_id(),
    reference("ticket_id", "tickets.id"),
    reference("session_id", "sessions.id"),
    reference("patient_id", "patients.id"),
    reference("doctor_id", "users.id"),
    sa.Column("state", sa.String(16), nullable=False),  # called | in_visit | ended | missed
    sa.Column("called_at", Moment, nullable=False),
    sa.Column("ring_until", Moment, nullable=False),
    sa.Column("answered_at", Moment),
    sa.Column("media_at", Moment),  # both sides have decoded a frame
    sa.Column("doctor_media_at", Moment),
    sa.Column("patient_media_at", Moment),
    sa.Column("media_missing_at", Moment),  # no media path in time: the telephone number was shown
    sa.Column("identity_confirmed_at", Moment),
    sa.Column("identity_confirmed_by", sa.String(32)),
    sa.Column("ended_at", Moment),
    sa.Column("outcome", sa.String(32)),
)
sa.Index(
    "uq_visits_open_ticket",
    visits.c.ticket_id,
    unique=True,
    sqlite_where=sa.text("state IN ('called','in_visit')"),
    postgresql_where=sa.text("state IN ('called','in_visit')"),
)

notes = sa.Table(
    "notes",  # every saved version stays
    metadata,
    own_id(),
    reference("visit_id", "visits.id"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("author_id", sa.String(32), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("written_at", Moment, nullable=False),
    sa.UniqueConstraint("visit_id", "version"),
)

consents = sa.Table(
    "consents",
    metadata,
    own_id(),
    reference("ticket_id", "tickets.id"),
    sa.Column("text_id", sa.String(32), nullable=False),  # "risk-notice"
    sa.Column("text_version", sa.String(16), nullable=False),
    sa.Column("text_sha256", sa.String(64), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("agreed_at", Moment, nullable=False),
    sa.Column("round", sa.Integer, nullable=False, server_default="0"),  # how often it was withdrawn before
    sa.UniqueConstraint("ticket_id", "text_id", "text_version", "round"),
)

consent_withdrawals = sa.Table(
    "consent_withdrawals",  # ends the consents of its round; agreeing again begins the next
    metadata,
    own_id(),
    reference("ticket_id", "tickets.id"),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("withdrawn_at", Moment, nullable=False),
    sa.UniqueConstraint("ticket_id", "round"),
)

complaints = sa.Table(
    "complaints",  # in the patient's own few words
    metadata,
    sa.Column("ticket_id", sa.String(32), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("text", sa.String(500), nullable=False),
    sa.Column("told_at", Moment, nullable=False),
)

device_tests = sa.Table(
    "device_tests",  # the last one of the patient's page
    metadata,
    sa.Column("ticket_id", sa.String(32), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("camera", sa.Boolean, nullable=False),
    sa.Column("microphone", sa.Boolean, nullable=False),
    sa.Column("speaker", sa.Boolean, nullable=False),
    sa.Column("rtt_ms", sa.Integer),
    sa.Column("kbps", sa.Integer),  # down to the page …
    sa.Column("kbps_up", sa.Integer),  # … and up to this server
    sa.Column("tested_at", Moment, nullable=False),
)

documents = sa.Table(
    "documents",  # a photograph or report of the patient's
    metadata,
    own_id(),
    reference("ticket_id", "tickets.id"),
    sa.Column("media_type", sa.String(32), nullable=False),  # image/jpeg | application/pdf, by content
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),  # of what is kept, after re-encoding
    sa.Column("uploaded_at", Moment, nullable=False),
    sa.Column("removed_at", Moment),  # by the patient, before the visit; its content is gone
)

document_contents = sa.Table(
    "document_contents",
    metadata,
    sa.Column("document_id", sa.String(32), sa.ForeignKey("documents.id"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    info={"rows_a_fetch": 2},  # a row holds megabytes
)

prior_diagnoses = sa.Table(
    "prior_diagnoses",  # the doctor attests to have seen an earlier diagnosis; the last one counts
    metadata,
    own_id(),
    reference("visit_id", "visits.id"),
    reference("document_id", "documents.id", nullable=True),
    sa.Column("document_sha256", sa.String(64)),
    sa.Column("note", sa.String(500)),  # where it was seen otherwise
    sa.Column("attested_by", sa.String(32), nullable=False),
    sa.Column("attested_at", Moment, nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),  # server.visits.policy.Pack.name at that moment
)

guardians = sa.Table(
    "guardians",  # who is with a child, as the doctor has seen; the last one counts
    metadata,
    own_id(),
    reference("visit_id", "visits.id"),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
    sa.Column("recorded_by", sa.String(32), nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),
)
