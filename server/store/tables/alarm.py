"""What evaluation stands at, and the episodes and transitions of alarms."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

patient_states = sa.Table(
    "patient_states",  # what evaluation remembers between two messages
    metadata,
    sa.Column("patient_id", sa.String(32), sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("partition", sa.Integer, nullable=False, index=True),
    sa.Column("state", sa.LargeBinary, nullable=False),  # devices.conditions.PatientState as JSON
)

alarms = sa.Table(
    "alarms",  # one row an episode
    metadata,
    own_id(),
    reference("patient_id", "patients.id"),
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
    own_id(),
    reference("alarm_id", "alarms.id"),
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
