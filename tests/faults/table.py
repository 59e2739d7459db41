"""What the long runs have come to: a line for each blow, written when it has been judged and kept with the project, so
that the blows of all runs add up and one that is interrupted counts.

``runs.tsv``: day, programme, blow, seed, number of blows, seconds until all was well (where that is measured), faults.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("runs.tsv")


class Programme(StrEnum):
    """What is hurt."""

    SERVER = "server killed at random"
    COMMIT = "server killed at a commit"
    BROKER = "broker hurt"
    POSTGRES = "PostgreSQL killed"
    WALK = "walk struck"
    HEALED = "looked at once all was healed"


class Line(NamedTuple):
    programme: Programme
    blow: str
    seed: int = 0
    number: int = 1
    healed_s: float | None = None
    faults: int = 0

    def text(self, day: date) -> str:
        healed = "" if self.healed_s is None else f"{self.healed_s:.1f}"
        return "\t".join(
            [str(day), self.programme, self.blow, *map(str, (self.seed, self.number)), healed, str(self.faults)]
        )


def add(line: Line, file: Path = FILE) -> None:
    """In one write, after whatever another worker has written."""
    with file.open("a") as runs:
        runs.write(line.text(datetime.now(UTC).date()) + "\n")


def unkept(_: Line) -> None:
    """A short run is nobody's record."""


def lines(file: Path = FILE) -> Iterator[Line]:
    for text in file.read_text().splitlines() if file.exists() else ():
        _, programme, blow, seed, number, healed, faults = text.split("\t")
        healed_s = float(healed) if healed else None
        yield Line(Programme(programme), blow, int(seed), int(number), healed_s, int(faults))


def blows(file: Path = FILE) -> Counter[Programme]:
    """Over all runs that are kept; a course's end is none."""
    counted: Counter[Programme] = Counter()
    for line in lines(file):
        counted[line.programme] += line.number
    del counted[Programme.HEALED]
    return counted


def left(programme: Programme, whole: int, file: Path = FILE) -> int:
    """What the last run has left of its ``whole`` where it was interrupted; all of it where it was not."""
    return whole - blows(file)[programme] % whole


def withstood(programme: Programme, file: Path = FILE) -> set[str]:
    """The blows that were struck without a fault, and since then with none: they need not be struck again."""
    last = {line.blow: line.faults for line in lines(file) if line.programme is programme}
    return {blow for blow, faults in last.items() if not faults}
