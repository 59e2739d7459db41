"""Rosters: departments, doctors' profiles, weekly templates, days off, and what a session has of them."""

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OFFERED = sa.text("state = 'offered'")


def upgrade() -> None:
    """New tables, then columns that are empty in every row there is."""
    _departments()
    _doctors()
    _templates()
    _sessions()
    _tickets()
    _waiting_list()


def _departments() -> None:
    op.create_table(
        "departments",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("name_en", sa.String(60), nullable=False),
        sa.Column("childrens", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_departments"),
        sa.UniqueConstraint("name", name="uq_departments_name"),
    )


def _doctors() -> None:
    op.create_table(
        "doctor_profiles",
        sa.Column("doctor_id", sa.String(32), nullable=False),
        sa.Column("department_id", sa.String(64)),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("title_en", sa.String(60), nullable=False),
        sa.Column("licence_no", sa.String(64), nullable=False),
        sa.Column("practice_since", sa.Date()),
        sa.Column("licence_until", sa.Date()),
        sa.Column("consented_at", Moment),
        sa.PrimaryKeyConstraint("doctor_id", name="pk_doctor_profiles"),
        _foreign("doctor_profiles", "doctor_id", "users.id"),
        _foreign("doctor_profiles", "department_id", "departments.id"),
    )
    op.create_index("ix_doctor_profiles_department_id", "doctor_profiles", ["department_id"])


def _templates() -> None:
    op.create_table(
        "session_templates",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("doctor_id", sa.String(64), nullable=False),
        sa.Column("department_id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.String(5), nullable=False),
        sa.Column("closes", sa.String(5), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date()),
        sa.Column("capacity", sa.Integer()),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_session_templates"),
        _foreign("session_templates", "doctor_id", "users.id"),
        _foreign("session_templates", "department_id", "departments.id"),
    )
    op.create_index("ix_session_templates_doctor_id", "session_templates", ["doctor_id"])
    op.create_index("ix_session_templates_department_id", "session_templates", ["department_id"])
    op.create_table(
        "holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("runs_as", sa.Integer()),
        sa.PrimaryKeyConstraint("day", name="pk_holidays"),
    )


def _sessions() -> None:
    _refer("sessions", "department_id", "departments")
    _refer("sessions", "template_id", "session_templates")
    op.add_column("sessions", sa.Column("roster_day", sa.Date()))
    op.add_column("sessions", sa.Column("capacity", sa.Integer()))
    op.add_column("sessions", sa.Column("kinds", sa.JSON()))
    op.create_index("uq_sessions_roster", "sessions", ["template_id", "roster_day"], unique=True)


def _tickets() -> None:
    op.add_column("tickets", sa.Column("kind", sa.String(16)))
    op.add_column("tickets", sa.Column("guardian", sa.String(60)))


def _waiting_list() -> None:
    op.create_table(
        "waiting_list",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("guardian", sa.String(60)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("listed_at", Moment, nullable=False),
        sa.Column("offered_until", Moment),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_waiting_list"),
        sa.UniqueConstraint("session_id", "position", name="uq_waiting_list_session_id_position"),
        sa.UniqueConstraint("token_hash", name="uq_waiting_list_token_hash"),
        _foreign("waiting_list", "session_id", "sessions.id"),
        _foreign("waiting_list", "patient_id", "patients.id"),
    )
    op.create_index("ix_waiting_list_session_id", "waiting_list", ["session_id"])
    op.create_index("ix_waiting_list_patient_id", "waiting_list", ["patient_id"])
    op.create_index(
        "ix_waiting_list_offered",
        "waiting_list",
        ["offered_until"],
        sqlite_where=OFFERED,
        postgresql_where=OFFERED,
    )


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _refer(table: str, column: str, target: str) -> None:
    """In plain SQL: SQLite takes a reference only with its column, and would copy the whole table for a later one."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(64) CONSTRAINT fk_{table}_{column} REFERENCES {target} (id)"
    )
    op.create_index(f"ix_{table}_{column}", table, [column])
