"""Patients, sessions, their lines, and how long people wait."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

patients = sa.Table(
    "patients",
    metadata,
    own_id(),
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
    own_id(),
    sa.Column("title", sa.String(120), nullable=False),
    reference("doctor_id", "users.id"),
    sa.Column("opens_at", Moment, nullable=False, index=True),
    sa.Column("closes_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # planned | open | suspended | closed
    sa.Column("last_serial", sa.Integer, nullable=False),  # raised in the booking's own transaction
    sa.Column("message", sa.String(200)),  # shown to those who wait while the session is suspended
    reference("department_id", "departments.id", nullable=True),
    reference("template_id", "session_templates.id", nullable=True),  # the roster made it from this …
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
    own_id(),
    reference("session_id", "sessions.id"),
    sa.Column("serial", sa.Integer, nullable=False),
    reference("patient_id", "patients.id"),
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
    own_id(),
    reference("session_id", "sessions.id"),
    reference("patient_id", "patients.id"),
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
    own_id(),
    reference("ticket_id", "tickets.id"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(32), nullable=False),
    sa.Column("step", sa.String(16), nullable=False),  # server.clinic.interventions.Step
    sa.Column("reason", sa.String(200), nullable=False),  # for staff; the audit holds no free text
)

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
    reference("session_id", "sessions.id"),
    reference("doctor_id", "users.id"),  # whose session it is
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

former_contacts = sa.Table(
    "former_contacts",  # how a patient was reached before a booking said otherwise: what a mistake is undone by
    metadata,
    own_id(),
    reference("patient_id", "patients.id"),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("locale", sa.String(8), nullable=False),
    sa.Column("email", sa.String(254)),
    sa.Column("until_at", Moment, nullable=False),
    sa.Column("changed_by", sa.String(32), nullable=False),
)
