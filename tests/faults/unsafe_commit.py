"""Bedside with a bug planted: it takes a PostgreSQL whose commits may be lost. ``python -m … serve`` runs it."""

from server.__main__ import main
from server.store import engine


async def _unchecked(*_: object) -> None:
    return None


engine._check_commit = _unchecked  # type: ignore[assignment]

if __name__ == "__main__":
    main()
