"""The chance that histories are made of, what was played of them, and what a long run need not play again."""

import os
import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest

from tests.linear import ledger
from tests.linear.histories import LONG, Told
from tests.linear.ledger import Entry, Key

PLAYED = "played history"  # a property of the test's report: the one thing that a worker hands over
SHOWN = "shown fault"
RESUMED = LONG and "LINEAR_SEED" not in os.environ


@pytest.fixture
def seed() -> int:
    """Drawn anew, and shown by a failure; ``LINEAR_SEED=…`` plays one again. A long run counts from 0 and goes on."""
    drawn = os.environ.get("LINEAR_SEED")
    return int(drawn) if drawn else _first_seed()


def _first_seed() -> int:
    return 0 if LONG else random.SystemRandom().randrange(10**6)


def batches(rounds: int, size: int) -> list[range]:
    """The numbers of the histories that one test plays: a long run's ``numbers``."""
    return [range(first, first + size) for first in range(0, rounds, size)]


@dataclass(frozen=True)
class Played:
    """Counts a history for the end of the run; that of a long one is kept."""

    item: pytest.Function

    def __call__(self, seed: int, told: Told) -> None:
        entry = Entry(
            course=self.item.originalname,
            database=_database(self.item.nodeid),
            seed=seed,
            calls=len(told.records),
            cut_off=told.cut_off,
            kills=told.kills,
            tried=told.tried,
            linearisable=not told.faults,
            commit=ledger.commit() if LONG else "",
            at=datetime.now(UTC),
        )
        self.item.user_properties.append((PLAYED, msgspec.to_builtins(entry)))
        if LONG:
            ledger.keep(entry)

    def left(self, numbers: range) -> list[int]:
        """In a long run, without those that were explained in an earlier one."""
        return _left(self.item, numbers, ledger.explained(ledger.kept())) if RESUMED else list(numbers)


@dataclass(frozen=True)
class Drawn:
    """The chance of histories with a fault, and how often a long run has seen it in them."""

    item: pytest.Function
    seed: int

    def note(self, fault: str, seen: int, tries: int) -> None:
        self.item.user_properties.append((SHOWN, f"{fault}: seen in {seen} of {tries}"))


@pytest.fixture
def drawn(request: pytest.FixtureRequest, seed: int) -> Drawn:
    return Drawn(request.node, seed)


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    return Played(request.node)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A batch of which nothing is left is not begun."""
    if not RESUMED:
        return
    done = ledger.explained(ledger.kept())
    again = [item for item in items if isinstance(item, pytest.Function) and _is_done(item, done)]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)


def _is_done(item: pytest.Function, done: Collection[Key]) -> bool:
    callspec = getattr(item, "callspec", None)
    numbers = callspec.params.get("numbers") if callspec else None
    return numbers is not None and not _left(item, numbers, done)


def _left(item: pytest.Function, numbers: range, done: Collection[Key]) -> list[int]:
    course, database = item.originalname, _database(item.nodeid)
    return [number for number in numbers if (course, database, number) not in done]


def _database(nodeid: str) -> str:
    return "PostgreSQL" if "postgresql" in nodeid else "SQLite"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in terminalreporter.stats.values() for report in stat]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    notes = [note for report in ends for note in report.user_properties]
    _say(terminalreporter, "histories", [msgspec.convert(note, Entry) for name, note in notes if name == PLAYED])
    if LONG:
        _say(terminalreporter, f"in {ledger.TABLE}", ledger.kept())
        for shown in (note for name, note in notes if name == SHOWN):
            terminalreporter.write_line(str(shown))


def _say(reporter: pytest.TerminalReporter, title: str, entries: list[Entry]) -> None:
    if entries:
        reporter.section(title)
    for name, total in sorted(ledger.totals(entries).items()):
        reporter.write_line(f"{name}: {', '.join(f'{count:,} {what}' for what, count in total.items())}")
