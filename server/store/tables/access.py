"""Who may come in: staff, their sign-ins and second factors, patients' links."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

users = sa.Table(
    "users",
    metadata,
    own_id(),
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
    own_id(),
    sa.Column(
        "token_hash", sa.LargeBinary(32), nullable=False, unique=True
    ),  # SHA-256; the token itself is never stored
    reference("ticket_id", "tickets.id"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
)

sign_ins = sa.Table(
    "sign_ins",  # an opaque session token, of a user or – after the second check – of a ticket's patient
    metadata,
    own_id(),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    reference("user_id", "users.id", nullable=True),
    reference("ticket_id", "tickets.id", nullable=True),
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
    own_id(),
    reference("user_id", "users.id"),
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
    own_id(),
    reference("user_id", "users.id"),
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
