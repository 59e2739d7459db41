"""Waveforms: what a device sent, block by block, and each second's lowest and highest."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata

waves = sa.Table(
    "waves",  # one row a block of samples; whose it is, the association of its time says
    metadata,
    sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("identity", sa.String(160), primary_key=True),  # of its message, as in messages
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # in its message
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False),  # whom the message named; "" where nobody
    sa.Column("start_us", sa.BigInteger, nullable=False),  # microseconds since 1970, by our clock
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("rate", sa.Float, nullable=False),
    sa.Column("gain", sa.Float, nullable=False),
    sa.Column("zero", sa.Float, nullable=False),  # what a sample of 0 is worth
    sa.Column("samples", sa.LargeBinary, nullable=False),  # devices.waves.Block: int16, little-endian
)
sa.Index("ix_waves_device_channel", waves.c.device_id, waves.c.channel, waves.c.start_us)

wave_tiles = sa.Table(
    "wave_tiles",  # devices.pyramid: the lowest and the highest of each second, 64 seconds a row
    metadata,
    sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("channel", sa.String(32), primary_key=True),
    sa.Column("subject", sa.String(160), primary_key=True),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),  # seconds since 1970
    sa.Column("seconds", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
