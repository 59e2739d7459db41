"""What is remembered: every table, and the constraints that make a duplicate impossible.

The rules of identity stand here and nowhere else; a check before a write is only a courtesy.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

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
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone is not a moment")
        moment = value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: str | datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


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
    sa.CheckConstraint("(user_id IS NULL) <> (ticket_id IS NULL)", name="one_principal"),
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
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(32), nullable=False),
)

sessions = sa.Table(
    "sessions",  # a doctor's consulting hours on a day
    metadata,
    _id(),
    sa.Column("title", sa.String(120), nullable=False),
    _ref("doctor_id", "users.id"),
    sa.Column("opens_at", Moment, nullable=False, index=True),
    sa.Column("closes_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # planned | open | closed
    sa.Column("last_serial", sa.Integer, nullable=False),  # raised in the booking's own transaction
)

tickets = sa.Table(
    "tickets",
    metadata,
    _id(),
    _ref("session_id", "sessions.id"),
    sa.Column("serial", sa.Integer, nullable=False),
    _ref("patient_id", "patients.id"),
    sa.Column("state", sa.String(16), nullable=False),  # server.clinic.line.TicketState
    sa.Column("cause", sa.String(32)),
    sa.Column("place", sa.BigInteger, nullable=False),  # orders the line: serial × 1000, moved by a missed call
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("booked_at", Moment, nullable=False),
    sa.Column("booked_by", sa.String(32), nullable=False),
    sa.Column("arrived_at", Moment),
    sa.UniqueConstraint("session_id", "serial"),
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
    sa.UniqueConstraint("ticket_id", "text_id", "text_version"),
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
    _ref("device_id", "devices.id"),
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
    sa.Column("channel", sa.String(16), nullable=False),  # sms
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("template", sa.String(32), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column(
        "body", sa.Text, nullable=False
    ),  # "{link}" stands where the join link goes: a database that leaks opens no visit
    sa.Column("link_id", sa.String(32)),
    sa.Column("urgent", sa.Boolean, nullable=False),  # alarms go before everything else
    sa.Column("state", sa.String(16), nullable=False),  # queued | sent | failed | expired
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("provider_id", sa.String(64)),
    sa.Column("error", sa.String(256)),
    sa.UniqueConstraint("cause", "step", "recipient", "channel"),
)
sa.Index(
    "ix_deliveries_due",
    deliveries.c.next_try_at,
    sqlite_where=sa.text("state = 'queued'"),
    postgresql_where=sa.text("state = 'queued'"),
)
