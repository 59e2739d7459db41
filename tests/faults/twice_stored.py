"""Bedside with a bug planted: no unique key, and no look at what is stored already. ``python -m … serve`` runs it."""

from typing import Any

from devices.ingest import Stored
from server.__main__ import main
from server.ids import new_id
from server.store import journal


async def _nothing(*_: object) -> set[tuple[str, str]]:
    return set()


_row = journal._row


def _without_identity(stored: Stored) -> dict[str, Any]:
    return {**_row(stored), "identity": new_id()}


journal.JournalQueries._stored = _nothing  # type: ignore[method-assign,assignment]
journal._row = _without_identity

if __name__ == "__main__":
    main()
