"""Bedside with a bug planted: no unique key, and no look at what is stored already. ``python -m … serve`` runs it."""

from devices.journal import Stored
from server.__main__ import main
from server.ids import new_id
from server.store import journal, journal_sql
from server.store.turns import Row

IDENTITY = 2  # its place in a row


async def _nothing(*_: object) -> set[journal_sql.Key]:
    return set()


_row = journal_sql._sqlite_row


def _without_identity(stored: Stored) -> Row:
    row = tuple(_row(stored))
    return (*row[:IDENTITY], new_id(), *row[IDENTITY + 1 :])


journal.JournalQueries.stored = _nothing  # type: ignore[method-assign,assignment]
journal_sql._sqlite_row = _without_identity

if __name__ == "__main__":
    main()
