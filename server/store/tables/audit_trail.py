"""What was done by whom, and the seals of its chain."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata

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
