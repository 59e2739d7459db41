"""Patients are found by birth date with name or telephone number; how they were reached before is kept."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from server.store.tables import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

AT_ONCE = 5000


def upgrade() -> None:
    op.add_column("patients", sa.Column("name_key", sa.String(120), nullable=False, server_default=""))
    fill(op.get_bind())
    op.create_index("ix_patients_name", "patients", ["birth_date", "name_key"])
    op.create_index("ix_patients_phone", "patients", ["birth_date", "phone"])
    op.create_table(
        "former_contacts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("locale", sa.String(8), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("until_at", Moment, nullable=False),
        sa.Column("changed_by", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_former_contacts_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_former_contacts"),
    )
    op.create_index("ix_former_contacts_patient_id", "former_contacts", ["patient_id"])


def fill(connection: sa.Connection, at_once: int = AT_ONCE) -> None:
    """By pages, so that memory does not grow with the hospital."""
    patients = sa.table("patients", sa.column("id"), sa.column("name"), sa.column("name_key"))
    keyed = sa.update(patients).where(patients.c.id == sa.bindparam("whose")).values(name_key=sa.bindparam("key"))
    page, after = sa.select(patients.c.id, patients.c.name).order_by(patients.c.id).limit(at_once), ""
    while rows := connection.execute(page.where(patients.c.id > after)).all():
        connection.execute(keyed, [{"whose": row.id, "key": _key(row.name)} for row in rows])
        after = rows[-1].id


def _key(name: str) -> str:
    """server.patients.known.name_key as it was."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")[:120]
