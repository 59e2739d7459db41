"""What long runs have played: a line a history in a file that no commit holds, so that runs add up and go on.

``LINEAR_TABLE`` says where; a run that is ended in the middle has lost nothing.
"""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from tests.children import ROOT

TABLE: Final = Path(os.environ.get("LINEAR_TABLE") or ROOT / "build" / "histories.jsonl")


Key = tuple[str, str, int]


class Entry(msgspec.Struct, frozen=True):
    """``course`` is the test that played it; ``commit`` ends with "+" where files had been changed since."""

    course: str
    database: str
    seed: int
    calls: int
    cut_off: int
    kills: int
    tried: int
    linearisable: bool
    commit: str
    at: datetime

    @property
    def key(self) -> Key:
        return self.course, self.database, self.seed


def keep(entry: Entry, table: Path = TABLE) -> None:
    """In one write: several may keep at once."""
    table.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(table, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, msgspec.json.encode(entry) + b"\n")
    finally:
        os.close(file)


def kept(table: Path = TABLE) -> list[Entry]:
    if not table.exists():
        return []
    return [msgspec.json.decode(line, type=Entry) for line in table.read_bytes().splitlines()]


def explained(entries: Iterable[Entry]) -> set[Key]:
    """Those that need not be played again."""
    return {entry.key for entry in entries if entry.linearisable}


def totals(entries: Iterable[Entry]) -> dict[str, Counter[str]]:
    """By course and database."""
    sums: dict[str, Counter[str]] = {}
    for entry in entries:
        figures = {"histories": 1, "calls": entry.calls, "cut off": entry.cut_off, "kills": entry.kills}
        figures |= {"not linearisable": int(not entry.linearisable), "steps of the search": entry.tried}
        sums.setdefault(f"{entry.course} on {entry.database}", Counter()).update(figures)
    return sums


@cache
def commit() -> str:
    return _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain") else "")


def _git(*words: str) -> str:
    """Nothing where there is no repository."""
    told = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip()
