"""The table of long runs: what was played is kept and adds up; what could not be explained is played again."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.linear.ledger import Entry, explained, keep, kept, totals

FIRST = Entry(
    course="a day",
    database="SQLite",
    seed=7,
    calls=320,
    cut_off=30,
    kills=3,
    tried=400,
    linearisable=True,
    commit="abc",
    at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_runs_add_up(tmp_path: Path) -> None:
    table = tmp_path / "folder" / "played.jsonl"
    assert kept(table) == []
    other = msgspec.structs.replace(FIRST, seed=8, linearisable=False)
    for entry in (FIRST, other, msgspec.structs.replace(FIRST, database="PostgreSQL")):
        keep(entry, table)
    [on_postgres, on_sqlite] = [totals(kept(table))[f"a day on {database}"] for database in ("PostgreSQL", "SQLite")]
    assert (on_postgres["histories"], on_sqlite["histories"], on_sqlite["calls"]) == (1, 2, 640)
    assert on_sqlite["not linearisable"] == 1


def test_what_could_not_be_explained_is_played_again(tmp_path: Path) -> None:
    table = tmp_path / "played.jsonl"
    keep(msgspec.structs.replace(FIRST, linearisable=False), table)
    assert not explained(kept(table))
    keep(FIRST, table)
    assert explained(kept(table)) == {("a day", "SQLite", 7)}
