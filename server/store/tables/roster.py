"""Departments, their doctors, and the weekly templates of sessions."""

import sqlalchemy as sa

from server.store.tables.columns import Moment, metadata, own_id, reference

departments = sa.Table(
    "departments",
    metadata,
    own_id(),
    sa.Column("name", sa.String(60), nullable=False, unique=True),
    sa.Column("name_en", sa.String(60), nullable=False),
    sa.Column("childrens", sa.Boolean, nullable=False),  # its field is the medicine of children
)

doctor_profiles = sa.Table(
    "doctor_profiles",
    metadata,
    sa.Column("doctor_id", sa.String(32), sa.ForeignKey("users.id"), primary_key=True),
    reference("department_id", "departments.id", nullable=True),
    sa.Column("title", sa.String(60), nullable=False),
    sa.Column("title_en", sa.String(60), nullable=False),
    sa.Column("licence_no", sa.String(64), nullable=False),
    sa.Column("practice_since", sa.Date),  # of independent practice
    sa.Column("licence_until", sa.Date),
    sa.Column("consented_at", Moment),  # the registering institution's consent was put on record
)

session_templates = sa.Table(
    "session_templates",  # a weekly window of a doctor: server.clinic.roster.templates.Template
    metadata,
    own_id(),
    reference("doctor_id", "users.id"),
    reference("department_id", "departments.id"),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("weekday", sa.Integer, nullable=False),  # 0 is Monday
    sa.Column("opens", sa.String(5), nullable=False),  # the hospital's wall clock, "08:00"
    sa.Column("closes", sa.String(5), nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date),
    sa.Column("capacity", sa.Integer),
    sa.Column("kinds", sa.JSON, nullable=False),  # [[kind, planned minutes], …]
    sa.Column("ended_at", Moment),  # taken from the roster; its sessions still name it
)

holidays = sa.Table(
    "holidays",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("runs_as", sa.Integer),  # the weekday whose templates are worked that day; NULL: none are
)
