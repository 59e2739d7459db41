"""What devices sent, by partition and position, and what it came to over time."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id

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
    own_id(),
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
