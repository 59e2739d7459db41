"""What is remembered: every table, and the constraints that make a duplicate impossible.

The rules of identity stand here and nowhere else; a check before a write is only a courtesy.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from server.store.moments import moment, text

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC with microseconds: timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(27) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        if value is None:
            return None
        kept = text(value)
        return kept if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: str | datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment(value)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(32), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), sa.ForeignKey(target), nullable=nullable, index=True)


installation = sa.Table(
    "installation",  # one row a fact about this database: kind (demonstration | hospital), hospital name, keys
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# ── access ────────────────────────────────────────────────────────────────────────────────────────────────────────

users = sa.Table(
    "users",
    metadata,
    _id(),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),  # server.access.roles.Role
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("phone", sa.String(20)),  # E.164; where an alarm reaches this person
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("email", sa.String(254)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("disabled_at", Moment),
)

join_links = sa.Table(
    "join_links",
    metadata,
    _id(),
    sa.Column(
        "token_hash", sa.LargeBinary(32), nullable=False, unique=True
    ),  # SHA-256; the token itself is never stored
    _ref("ticket_id", "tickets.id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
)

sign_ins = sa.Table(
    "sign_ins",  # an opaque session token, of a user or – after the second check – of a ticket's patient
    metadata,
    _id(),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    _ref("user_id", "users.id", nullable=True),
    _ref("ticket_id", "tickets.id", nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("stepped_up_at", Moment),  # the last time that the second factor was shown in this sign-in …
    sa.Column("stepped_up_by", sa.String(16)),  # … and which it was: totp | passkey
    sa.CheckConstraint("(user_id IS NULL) <> (ticket_id IS NULL)", name="one_principal"),
)

totp_factors = sa.Table(
    "totp_factors",  # an authenticator app; its secret follows from this row's id and the installation's key
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("confirmed_at", Moment),  # from then on it counts
    sa.Column("last_step", sa.BigInteger),  # of time: a code of this step or an earlier one was used
    sa.Column("ended_at", Moment),
)
sa.Index(
    "uq_totp_factors_living",
    totp_factors.c.user_id,
    unique=True,
    sqlite_where=sa.text("confirmed_at IS NOT NULL AND ended_at IS NULL"),
    postgresql_where=sa.text("confirmed_at IS NOT NULL AND ended_at IS NULL"),
)

passkeys = sa.Table(
    "passkeys",
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    sa.Column("credential_id", sa.LargeBinary(1023), nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),  # COSE
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("label", sa.String(60), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Column("ended_at", Moment),
)

passkey_challenges = sa.Table(
    "passkey_challenges",  # one a sign-in and purpose, taken by its answer
    metadata,
    sa.Column("sign_in_id", sa.String(32), sa.ForeignKey("sign_ins.id"), primary_key=True),
    sa.Column("purpose", sa.String(16), primary_key=True),  # enrol | step_up
    sa.Column("challenge", sa.LargeBinary(64), nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

audit = sa.Table(
    "audit",  # append-only: triggers refuse UPDATE and DELETE
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),  # "user:…", "ticket:…", "device:…", "system"
    sa.Column("action", sa.String(64), nullable=False, index=True),  # "ticket.booked", past tense
    sa.Column("subject", sa.String(80), nullable=False, index=True),  # "ticket:…"
    sa.Column("detail", sa.JSON, nullable=False),  # ids and codes; never names, telephone numbers or values
)

audit_seals = sa.Table(
    "audit_seals",  # server.access.chain: one link a row of the audit, written behind it; append-only like it
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # without gaps from 0: no chain forks
    sa.Column("audit_id", sa.BigInteger, nullable=False, unique=True),  # no foreign key: nothing locks what it records
    sa.Column("settled", sa.BigInteger, nullable=False),
    sa.Column("sealed_at", Moment, nullable=False),
    sa.Column("mac", sa.LargeBinary(32), nullable=False),
)

# ── rosters ───────────────────────────────────────────────────────────────────────────────────────────────────────

departments = sa.Table(
    "departments",
    metadata,
    _id(),
    sa.Column("name", sa.String(60), nullable=False, unique=True),
    sa.Column("name_en", sa.String(60), nullable=False),
    sa.Column("childrens", sa.Boolean, nullable=False),  # its field is the medicine of children
)

doctor_profiles = sa.Table(
    "doctor_profiles",
    metadata,
    sa.Column("doctor_id", sa.String(32), sa.ForeignKey("users.id"), primary_key=True),
    _ref("department_id", "departments.id", nullable=True),
    sa.Column("title", sa.String(60), nullable=False),
    sa.Column("title_en", sa.String(60), nullable=False),
    sa.Column("licence_no", sa.String(64), nullable=False),
    sa.Column("practice_since", sa.Date),  # of independent practice
    sa.Column("licence_until", sa.Date),
    sa.Column("consented_at", Moment),  # the registering institution's consent was put on record
)

session_templates = sa.Table(
    "session_templates",  # a weekly window of a doctor: server.clinic.roster.templates.Template
    metadata,
    _id(),
    _ref("doctor_id", "users.id"),
    _ref("department_id", "departments.id"),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("weekday", sa.Integer, nullable=False),  # 0 is Monday
    sa.Column("opens", sa.String(5), nullable=False),  # the hospital's wall clock, "08:00"
    sa.Column("closes", sa.String(5), nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date),
    sa.Column("capacity", sa.Integer),
    sa.Column("kinds", sa.JSON, nullable=False),  # [[kind, planned minutes], …]
    sa.Column("ended_at", Moment),  # taken from the roster; its sessions still name it
)

holidays = sa.Table(
    "holidays",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("runs_as", sa.Integer),  # the weekday whose templates are worked that day; NULL: none are
)

# ── patients, clinic, visits ──────────────────────────────────────────────────────────────────────────────────────

patients = sa.Table(
    "patients",
    metadata,
    _id(),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("sex", sa.String(8), nullable=False),  # female | male | other | unknown
    sa.Column("birth_date", sa.Date, nullable=False),
    sa.Column("phone", sa.String(20), nullable=False),  # E.164; families share one, so not unique
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("email", sa.String(254)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(32), nullable=False),
    sa.Column("name_key", sa.String(120), nullable=False, server_default=""),  # server.patients.known.name_key
    # Who is booked may be known: by the day of birth with name or telephone number.
    sa.Index("ix_patients_name", "birth_date", "name_key"),
    sa.Index("ix_patients_phone", "birth_date", "phone"),
)

sessions = sa.Table(
    "sessions",  # a doctor's consulting hours on a day
    metadata,
    _id(),
    sa.Column("title", sa.String(120), nullable=False),
    _ref("doctor_id", "users.id"),
    sa.Column("opens_at", Moment, nullable=False, index=True),
    sa.Column("closes_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # planned | open | suspended | closed
    sa.Column("last_serial", sa.Integer, nullable=False),  # raised in the booking's own transaction
    sa.Column("message", sa.String(200)),  # shown to those who wait while the session is suspended
    _ref("department_id", "departments.id", nullable=True),
    _ref("template_id", "session_templates.id", nullable=True),  # the roster made it from this …
    sa.Column("roster_day", sa.Date),  # … for this local day, once
    sa.Column("capacity", sa.Integer),  # NULL: no bound
    sa.Column("kinds", sa.JSON),  # [[kind, planned minutes], …]; NULL: any
    sa.Index("uq_sessions_roster", "template_id", "roster_day", unique=True),
)

session_doctors = sa.Table(
    "session_doctors",  # who calls from a session beside its own doctor
    metadata,
    sa.Column("session_id", sa.String(32), sa.ForeignKey("sessions.id"), primary_key=True),
    sa.Column("user_id", sa.String(32), sa.ForeignKey("users.id"), primary_key=True, index=True),
    sa.Column("joined_at", Moment, nullable=False),
)

tickets = sa.Table(
    "tickets",
    metadata,
    _id(),
    _ref("session_id", "sessions.id"),
    sa.Column("serial", sa.Integer, nullable=False),
    _ref("patient_id", "patients.id"),
    sa.Column("state", sa.String(16), nullable=False),  # server.clinic.ticket.TicketState
    sa.Column("cause", sa.String(32)),
    sa.Column("place", sa.BigInteger, nullable=False),  # orders the line: serial × 1000, moved by a missed call
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("booked_at", Moment, nullable=False),
    sa.Column("booked_by", sa.String(32), nullable=False),
    sa.Column("arrived_at", Moment),
    sa.Column("urgency", sa.Integer, nullable=False, server_default="2"),  # 0 urgent, 1 soon, 2 routine: before place
    sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("planned_at", Moment),
    sa.Column("called_at", Moment),  # the last time
    sa.Column("called_by", sa.String(32)),  # the doctor in whose room it is
    sa.Column("came_from", sa.String(32)),  # the ticket that this one goes on from
    sa.Column("kind", sa.String(16)),  # server.clinic.kinds.VisitKind
    sa.Column("guardian", sa.String(60)),  # who comes with a child, as named at the booking
    sa.UniqueConstraint("session_id", "serial"),
)

waiting_list = sa.Table(
    "waiting_list",  # who wants a place in a full session: server.clinic.roster.waiting_list.Entry
    metadata,
    _id(),
    _ref("session_id", "sessions.id"),
    _ref("patient_id", "patients.id"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16)),
    sa.Column("guardian", sa.String(60)),
    sa.Column("state", sa.String(16), nullable=False),  # waiting | offered | taken | lapsed
    sa.Column("listed_at", Moment, nullable=False),
    sa.Column("offered_until", Moment),  # a place is held for this person until then
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the offer's token
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.UniqueConstraint("session_id", "position"),
)
sa.Index(
    "ix_waiting_list_offered",
    waiting_list.c.offered_until,
    sqlite_where=sa.text("state = 'offered'"),
    postgresql_where=sa.text("state = 'offered'"),
)
sa.Index("uq_tickets_came_from", tickets.c.came_from, unique=True)  # nobody is moved twice at once
sa.Index(
    "ix_tickets_outside",  # those who may still be called: few, among all that there ever were
    tickets.c.session_id,
    sqlite_where=sa.text("state IN ('booked','arrived','held')"),
    postgresql_where=sa.text("state IN ('booked','arrived','held')"),
)

interventions = sa.Table(
    "interventions",  # append-only: where a person stepped out of the line's order, and why
    metadata,
    _id(),
    _ref("ticket_id", "tickets.id"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(32), nullable=False),
    sa.Column("step", sa.String(16), nullable=False),  # server.clinic.interventions.Step
    sa.Column("reason", sa.String(200), nullable=False),  # for staff; the audit holds no free text
)

visits = sa.Table(
    "visits",
    metadata,
    _id(),
    _ref("ticket_id", "tickets.id"),
    _ref("session_id", "sessions.id"),
    _ref("patient_id", "patients.id"),
    _ref("doctor_id", "users.id"),
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
    _id(),
    _ref("visit_id", "visits.id"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("author_id", sa.String(32), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("written_at", Moment, nullable=False),
    sa.UniqueConstraint("visit_id", "version"),
)

consents = sa.Table(
    "consents",
    metadata,
    _id(),
    _ref("ticket_id", "tickets.id"),
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
    _id(),
    _ref("ticket_id", "tickets.id"),
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
    _id(),
    _ref("ticket_id", "tickets.id"),
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
    _id(),
    _ref("visit_id", "visits.id"),
    _ref("document_id", "documents.id", nullable=True),
    sa.Column("document_sha256", sa.String(64)),
    sa.Column("note", sa.String(500)),  # where it was seen otherwise
    sa.Column("attested_by", sa.String(32), nullable=False),
    sa.Column("attested_at", Moment, nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),  # server.visits.policy.Pack.name at that moment
)

guardians = sa.Table(
    "guardians",  # who is with a child, as the doctor has seen; the last one counts
    metadata,
    _id(),
    _ref("visit_id", "visits.id"),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
    sa.Column("recorded_by", sa.String(32), nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),
)

# ── waiting times ─────────────────────────────────────────────────────────────────────────────────────────────────

openings = sa.Table(
    "openings",  # when a session was first seen open
    metadata,
    sa.Column("session_id", sa.String(32), sa.ForeignKey("sessions.id"), primary_key=True),
    sa.Column("opened_at", Moment, nullable=False),
)

predictions = sa.Table(
    "predictions",  # the waiting time first told to a ticket with so many others ahead, and what came of it
    metadata,
    sa.Column("ticket_id", sa.String(32), sa.ForeignKey("tickets.id"), primary_key=True),
    sa.Column("ahead", sa.Integer, primary_key=True, autoincrement=False),
    _ref("session_id", "sessions.id"),
    _ref("doctor_id", "users.id"),  # whose session it is
    sa.Column("kind", sa.String(16)),
    sa.Column("phase", sa.String(16), nullable=False),  # server.clinic.waiting.Phase
    sa.Column("made_at", Moment, nullable=False, index=True),
    sa.Column("mean_s", sa.Float, nullable=False),  # as estimated, before it was calibrated
    sa.Column("variance_s2", sa.Float, nullable=False),
    sa.Column("low_s", sa.Float, nullable=False),
    sa.Column("middle_s", sa.Float, nullable=False),
    sa.Column("high_s", sa.Float, nullable=False),
    sa.Column("waited_s", sa.Float),  # NULL: not called since
)

# ── devices and monitoring ────────────────────────────────────────────────────────────────────────────────────────

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("label", sa.String(120), nullable=False),
    sa.Column(
        "secret_hash", sa.LargeBinary(32), nullable=False
    ),  # SHA-256 of 256 random bits: a slow hash turns a reconnect storm into an outage
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("last_received_at", Moment),
    sa.Column("clock_offset_ms", sa.BigInteger, nullable=False),  # device clock minus ours
    sa.Column("maker", sa.String(80)),
    sa.Column("model", sa.String(80)),
    sa.Column("serial", sa.String(80)),
    sa.Column("serial_key", sa.String(200)),  # model and serial as one, without case: what makes it the same device
    sa.Column("ended_as", sa.String(16)),  # lost | replaced | revoked, since revoked_at; NULL: in service
    sa.Column("replaced_by", sa.String(64)),
    sa.Column("credential_version", sa.BigInteger, nullable=False, server_default="1"),  # grows with every change
    sa.Column("broker_version", sa.BigInteger, nullable=False, server_default="0"),  # what an outside broker has taken
    sa.Column("first_received_at", Moment),
    sa.Column("battery_percent", sa.Float),
    sa.Column("battery_at", Moment),
    sa.Column("firmware", sa.String(64)),
    sa.Column("refused_at", Moment),  # the last refusal, at the door or of a message
    sa.Column("refused_reason", sa.String(32)),
    sa.Column("refused_detail", sa.String(256)),
    sa.Column("claim_hash", sa.LargeBinary(32)),  # of the one-time code, keyed: a trillion codes are soon tried
    sa.Column("claim_until", Moment),
)
sa.Index("uq_devices_serial_key", devices.c.serial_key, unique=True)
sa.Index("uq_devices_claim_hash", devices.c.claim_hash, unique=True)

device_certificates = sa.Table(  # which a device may show in place of its secret
    "device_certificates",
    metadata,
    sa.Column("fingerprint", sa.LargeBinary(32), primary_key=True),  # SHA-256 of the certificate: bound once, for ever
    _ref("device_id", "devices.id"),
    sa.Column("credential_version", sa.BigInteger, nullable=False),  # of the device then: it counts while that stands
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("bound_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)

associations = sa.Table(
    "associations",
    metadata,
    _id(),
    _ref("device_id", "devices.id"),
    _ref("patient_id", "patients.id"),
    sa.Column("profile", sa.String(32)),  # of devices/profiles.json; NULL: no limits set
    _ref("responsible_id", "users.id"),  # whom an alarm reaches first
    sa.Column("from_at", Moment, nullable=False),
    sa.Column("until_at", Moment),
    sa.Column("created_by", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(160)),  # how the device names this patient; NULL until it does
)
sa.Index(
    "uq_associations_worn",
    associations.c.device_id,
    unique=True,
    sqlite_where=sa.text("until_at IS NULL"),
    postgresql_where=sa.text("until_at IS NULL"),
)

partitions = sa.Table(
    "partitions",  # patients are hashed to partitions; whoever holds the epoch may write what is derived
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("issued", sa.BigInteger, nullable=False),  # the last position given to a message
    sa.Column("evaluated", sa.BigInteger, nullable=False),  # the last position whose alarms are derived
)

messages = sa.Table(
    "messages",  # one row a message with its readings inside; a reading is addressed by its index
    metadata,
    _id(),
    sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), nullable=False),  # its identity has the index
    sa.Column("identity", sa.String(160), nullable=False),  # "epoch:seq", "#sha256" of the content, or "!random"
    sa.Column("epoch", sa.String(64)),
    sa.Column("seq", sa.BigInteger),
    sa.Column("patient_id", sa.String(32), sa.ForeignKey("patients.id")),  # NULL: held, nobody wears the device
    sa.Column("partition", sa.Integer),
    sa.Column("position", sa.BigInteger),
    sa.Column("sent_at", Moment),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("measured_at", Moment, nullable=False),  # of the newest reading, by our clock
    sa.Column("body", sa.LargeBinary, nullable=False),  # devices.readings.Body as JSON: readings, refusals, gap
    sa.UniqueConstraint("device_id", "identity"),
    sa.UniqueConstraint("partition", "position"),
)
sa.Index("ix_messages_patient_measured", messages.c.patient_id, messages.c.measured_at)
sa.Index(
    "ix_messages_held",
    messages.c.device_id,
    messages.c.measured_at,
    sqlite_where=sa.text("patient_id IS NULL"),
    postgresql_where=sa.text("patient_id IS NULL"),
)

rollups = sa.Table(
    "rollups",  # server.monitoring.rollups: what the readings of a minute, an hour, a day come to
    metadata,
    sa.Column("patient_id", sa.String(32), sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("metric", sa.String(32), primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),  # the bucket's width: 60, 3600, 86400 s
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),  # seconds since 1970, UTC
    sa.Column("site", sa.String(32), primary_key=True),  # of the body; "" where the sender names none
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("low", sa.Float, nullable=False),
    sa.Column("high", sa.Float, nullable=False),
    sa.Column("total", sa.Float, nullable=False),
    sa.Column("last", sa.Float, nullable=False),  # the newest by the time of its measurement
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,  # a range is then one stretch of the file
)

rollup_progress = sa.Table(
    "rollup_progress",  # a row apart from ``partitions``, which intake keeps locked
    metadata,
    sa.Column("partition", sa.Integer, sa.ForeignKey("partitions.id"), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),  # the last one that is in ``rollups``
)

reading_horizons = sa.Table(
    "reading_horizons",  # of whom single readings were deleted; their sums are kept
    metadata,
    sa.Column("patient_id", sa.String(32), sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("deleted_before", Moment, nullable=False),
)

streams = sa.Table(
    "streams",  # what the device may forget: devices.streams.Stream
    metadata,
    sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("epoch", sa.String(64), primary_key=True),
    sa.Column("covered", sa.BigInteger, nullable=False),
    sa.Column("ahead", sa.JSON, nullable=False),  # [[from, to], …] above covered
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    _id(),
    sa.Column("received_at", Moment, nullable=False, index=True),
    sa.Column("topic", sa.String(256), nullable=False),
    sa.Column("device_id", sa.String(64)),  # as the topic says; may name nobody we know
    sa.Column("reason", sa.String(32), nullable=False),  # devices.readings.Reason
    sa.Column("detail", sa.String(256), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),  # at most the first 4 KiB of an oversize one
    sa.Column("payload_size", sa.Integer, nullable=False),
    sa.Column("payload_sha256", sa.String(64), nullable=False),
    sa.Column("identity", sa.String(160)),  # of the message that is stored of it all the same
    sa.Column("taken", sa.Integer, nullable=False, server_default="0"),  # readings that were taken of it
    sa.Column("state", sa.String(16), nullable=False, server_default="open"),  # server.monitoring.quarantine.State
    sa.Column("settled_at", Moment),
    sa.Column("settled_by", sa.String(32)),
    sa.Column("why", sa.String(300)),  # of dismissing it
)
sa.Index("ix_quarantine_device_id_received_at", quarantine.c.device_id, quarantine.c.received_at)

quarantine_copies = sa.Table(
    "quarantine_copies",  # what a person made of it; the original stays as it came
    metadata,
    sa.Column("quarantine_id", sa.String(32), sa.ForeignKey("quarantine.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.String(64), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("written_at", Moment, nullable=False),
    sa.Column("written_by", sa.String(32), nullable=False),
)

patient_states = sa.Table(
    "patient_states",  # what evaluation remembers between two messages
    metadata,
    sa.Column("patient_id", sa.String(32), sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("partition", sa.Integer, nullable=False, index=True),
    sa.Column("state", sa.LargeBinary, nullable=False),  # devices.evaluate.PatientState as JSON
)

alarms = sa.Table(
    "alarms",  # one row an episode
    metadata,
    _id(),
    _ref("patient_id", "patients.id"),
    sa.Column("condition", sa.String(96), nullable=False),  # "spo2.low", "silence:BM-77"
    sa.Column("kind", sa.String(16), nullable=False),  # physiological | technical
    sa.Column("rule", sa.String(96), nullable=False),
    sa.Column("priority", sa.String(8), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # active | ended | resolved
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("device_id", sa.String(64)),
    sa.Column("metric", sa.String(32)),
    sa.Column("value", sa.Float),
    sa.Column("unit", sa.String(16)),
    sa.Column("message_id", sa.String(32)),  # the reading that broke the rule: message and index
    sa.Column("reading_index", sa.Integer),
    sa.Column("raised_at", Moment, nullable=False),
    sa.Column("since", Moment, nullable=False),  # of the present priority and round
    sa.Column("ended_at", Moment),
    sa.Column("resolved_at", Moment),
    sa.Column("acknowledged_at", Moment),
    sa.Column("acknowledged_by", sa.String(32)),
    sa.Column("acknowledged_priority", sa.String(8)),
)
sa.Index(
    "uq_alarms_open",
    alarms.c.patient_id,
    alarms.c.condition,
    unique=True,
    sqlite_where=sa.text("state <> 'resolved'"),
    postgresql_where=sa.text("state <> 'resolved'"),
)

transitions = sa.Table(
    "transitions",
    metadata,
    _id(),
    _ref("alarm_id", "alarms.id"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # raised | worsened | acknowledged | ended | resolved
    sa.Column("priority", sa.String(8), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("rule", sa.String(96), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(32)),
    sa.Column("value", sa.Float),
    sa.Column("message_id", sa.String(32)),
    sa.Column("reading_index", sa.Integer),
    sa.UniqueConstraint("alarm_id", "number"),
)

# ── notifications ─────────────────────────────────────────────────────────────────────────────────────────────────

deliveries = sa.Table(
    "deliveries",  # one message to one person over one channel
    metadata,
    _id(),
    sa.Column("cause", sa.String(80), nullable=False),  # "transition:…", "ticket:…:booked"
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("recipient", sa.String(64), nullable=False),  # "user:…", "patient:…"
    sa.Column("channel", sa.String(16), nullable=False),  # push | sms | mail | voice
    sa.Column("address", sa.String(254), nullable=False),  # of a push, the subscription's id
    sa.Column("template", sa.String(32), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column(
        "body", sa.Text, nullable=False
    ),  # "{link}" stands where the join link goes: a database that leaks opens no visit
    sa.Column("link_id", sa.String(32)),
    sa.Column("urgent", sa.Boolean, nullable=False),  # alarms go before everything else
    sa.Column("state", sa.String(16), nullable=False),  # server.notifications.deliveries.DeliveryState
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("provider_id", sa.String(128)),
    sa.Column("error", sa.String(256)),
    sa.Column("template_version", sa.Integer, nullable=False, server_default="0"),  # 0: the built-in words
    sa.Column("origin", sa.String(64)),  # the network that asked, where anybody may ask
    sa.Column("gateway", sa.String(32)),
    sa.Column("receipt_at", Moment),
    sa.Column("reach_at", Moment),  # when the person's ladder looks at it again; NULL: nothing follows
    sa.UniqueConstraint("cause", "step", "recipient", "channel"),
)
sa.Index(
    "ix_deliveries_due",
    deliveries.c.next_try_at,
    sqlite_where=sa.text("state = 'queued'"),
    postgresql_where=sa.text("state = 'queued'"),
)
sa.Index(
    "ix_deliveries_reach",
    deliveries.c.reach_at,
    sqlite_where=sa.text("reach_at IS NOT NULL"),
    postgresql_where=sa.text("reach_at IS NOT NULL"),
)
sa.Index("ix_deliveries_provider_id", deliveries.c.provider_id)

receipts = sa.Table(
    "receipts",  # what a provider said became of a message, once each; also of one whose sending is not recorded yet
    metadata,
    sa.Column("gateway", sa.String(32), primary_key=True),
    sa.Column("provider_id", sa.String(128), primary_key=True),
    sa.Column("state", sa.String(16), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("error", sa.String(256)),
    sa.Column("received_at", Moment, nullable=False),
)

message_counts = sa.Table(
    "message_counts",  # messages of a day against their budgets; days that are over are dropped
    metadata,
    sa.Column("purse", sa.String(16), primary_key=True),  # ordinary | alarms
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("scope", sa.String(16), primary_key=True),  # server.notifications.budgets.Scope
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
)

message_templates = sa.Table(
    "message_templates",  # the hospital's own words; every written version stays
    metadata,
    _id(),
    sa.Column("template", sa.String(32), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # from 1
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("written_at", Moment, nullable=False),
    sa.Column("written_by", sa.String(32), nullable=False),
    sa.UniqueConstraint("template", "locale", "version"),
)

push_subscriptions = sa.Table(
    "push_subscriptions",  # a browser that takes web push, and whose it is
    metadata,
    _id(),
    sa.Column("recipient", sa.String(64), nullable=False, index=True),  # "user:…", "patient:…"
    sa.Column("endpoint", sa.String(1024), nullable=False, unique=True),
    sa.Column("p256dh", sa.String(128), nullable=False),
    sa.Column("auth", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)

link_recoveries = sa.Table(
    "link_recoveries",  # a telephone number whose links were asked for; answered by tick, so that asking takes no time
    metadata,
    _id(),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("origin", sa.String(64), nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("done_at", Moment),
)
sa.Index(
    "ix_link_recoveries_open",
    link_recoveries.c.asked_at,
    sqlite_where=sa.text("done_at IS NULL"),
    postgresql_where=sa.text("done_at IS NULL"),
)

former_contacts = sa.Table(
    "former_contacts",  # how a patient was reached before a booking said otherwise: what a mistake is undone by
    metadata,
    _id(),
    _ref("patient_id", "patients.id"),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("email", sa.String(254)),
    sa.Column("until_at", Moment, nullable=False),
    sa.Column("changed_by", sa.String(32), nullable=False),
)

# ── brokers ───────────────────────────────────────────────────────────────────────────────────────────────────────

broker_counts = sa.Table(
    "broker_counts",  # how many messages a broker says that it has dropped, as last heard
    metadata,
    sa.Column("broker", sa.String(64), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

broker_drops = sa.Table(
    "broker_drops",  # one row an episode
    metadata,
    _id(),
    sa.Column("broker", sa.String(64), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("raised_at", Moment, nullable=False, index=True),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)
device_gaps = sa.Table(
    "device_gaps",  # numbers that a device no longer holds and that never came: one row a message that showed it
    metadata,
    _id(),
    _ref("device_id", "devices.id"),
    sa.Column("epoch", sa.String(64), nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),  # of them, between first and last
    sa.Column("at", Moment, nullable=False, index=True),
)
sa.Index(
    "uq_broker_drops_open",
    broker_drops.c.broker,
    unique=True,
    sqlite_where=sa.text("ended_at IS NULL"),
    postgresql_where=sa.text("ended_at IS NULL"),
)
