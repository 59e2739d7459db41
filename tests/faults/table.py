"""What the long runs have come to: one line a course, kept with the project, so that the kills add up."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

FILE = Path(__file__).with_name("runs.txt")
KILLS = re.compile(r"(\d+) kills at random moments")


def add(figures: Iterable[str], day: date, file: Path = FILE) -> None:
    with file.open("a") as runs:
        runs.writelines(f"{day} {figure}\n" for figure in figures)


def random_kills(file: Path = FILE) -> int:
    """Of the server, over all runs that are kept."""
    return sum(int(found) for found in KILLS.findall(file.read_text())) if file.exists() else 0
