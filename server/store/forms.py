"""The hospital's own message forms in SQL: versions are added, never changed."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.ids import new_id
from server.notifications.editing import NewForm
from server.notifications.templates import Form, Locale, Template, Wordings
from server.store.audit import AuditQueries
from server.store.tables import message_templates

_KNOWN: Final = (message_templates.c.template.in_(list(Template)), message_templates.c.locale.in_(list(Locale)))


class FormQueries(AuditQueries):
    """server.notifications.editing.FormTx and FormLook."""

    async def wordings(self) -> Wordings:
        """The newest versions; a template that this version of the program does not know is passed over."""
        query = sa.select(message_templates).where(*_KNOWN).order_by(message_templates.c.version)
        rows = await self._connection.execute(query)
        return {(Template(row.template), Locale(row.locale)): Form(row.body, row.version) for row in rows}

    async def add_form(self, new: NewForm) -> bool:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        row = {
            "id": new_id(),
            "template": new.template,
            "locale": new.locale,
            "version": new.form.version,
            "body": new.form.body,
            "written_at": new.written_at,
            "written_by": new.written_by,
        }
        added = await self._connection.execute(insert(message_templates).on_conflict_do_nothing(), row)
        return added.rowcount == 1
