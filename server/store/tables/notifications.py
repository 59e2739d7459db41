"""Deliveries with their receipts and budgets, the texts, and where browsers are reached."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id

deliveries = sa.Table(
    "deliveries",  # one message to one person over one channel
    metadata,
    own_id(),
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
    own_id(),
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
    own_id(),
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
    own_id(),
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
