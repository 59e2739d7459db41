"""Devices, who wears them, and what could not be read of them."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

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
    reference("device_id", "devices.id"),
    sa.Column("credential_version", sa.BigInteger, nullable=False),  # of the device then: it counts while that stands
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("bound_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)

associations = sa.Table(
    "associations",
    metadata,
    own_id(),
    reference("device_id", "devices.id"),
    reference("patient_id", "patients.id"),
    sa.Column("profile", sa.String(32)),  # of devices/profiles.json; NULL: no limits set
    reference("responsible_id", "users.id"),  # whom an alarm reaches first
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

quarantine = sa.Table(
    "quarantine",
    metadata,
    own_id(),
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
    own_id(),
    sa.Column("broker", sa.String(64), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("raised_at", Moment, nullable=False, index=True),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
)
sa.Index(
    "uq_broker_drops_open",
    broker_drops.c.broker,
    unique=True,
    sqlite_where=sa.text("ended_at IS NULL"),
    postgresql_where=sa.text("ended_at IS NULL"),
)

device_gaps = sa.Table(
    "device_gaps",  # numbers that a device no longer holds and that never came: one row a message that showed it
    metadata,
    own_id(),
    reference("device_id", "devices.id"),
    sa.Column("epoch", sa.String(64), nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),  # of them, between first and last
    sa.Column("at", Moment, nullable=False, index=True),
)
