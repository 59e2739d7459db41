"""The chance that histories are made of, what was played of them, and what a long run need not play again."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from tests.linear import ledger
from tests.linear.histories import LONG, Told
from tests.linear.ledger import Entry

PLAYED = "played history"  # a property of the test's report: the one thing that a worker hands over
Played = Callable[[int, Told], None]


@pytest.fixture
def seed() -> int:
    """Drawn anew, and shown by a failure; ``LINEAR_SEED=…`` plays one again. A long run counts from 0 and goes on."""
    drawn = os.environ.get("LINEAR_SEED")
    return int(drawn) if drawn else _first_seed()


def _first_seed() -> int:
    return 0 if LONG else random.SystemRandom().randrange(10**6)


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    """Counts a history for the end of the run; that of a long one is kept."""

    def note(seed: int, told: Told) -> None:
        entry = Entry(
            course=request.node.originalname,
            database=_database(request.node.nodeid),
            seed=seed,
            calls=len(told.records),
            cut_off=told.cut_off,
            kills=told.kills,
            tried=told.tried,
            linearisable=not told.faults,
            commit=ledger.commit() if LONG else "",
            at=datetime.now(UTC),
        )
        request.node.user_properties.append((PLAYED, msgspec.to_builtins(entry)))
        if LONG:
            ledger.keep(entry)

    return note


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a long run, without those that were explained in an earlier one."""
    if not LONG or "LINEAR_SEED" in os.environ:
        return
    done = ledger.explained(ledger.kept())
    again = [item for item in items if isinstance(item, pytest.Function) and _key(item) in done]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)


def _key(item: pytest.Function) -> tuple[str, str, int] | None:
    callspec = getattr(item, "callspec", None)
    number = callspec.params.get("number") if callspec else None
    return None if number is None else (item.originalname, _database(item.nodeid), number)


def _database(nodeid: str) -> str:
    return "PostgreSQL" if "postgresql" in nodeid else "SQLite"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in terminalreporter.stats.values() for report in stat]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    notes = [value for report in ends for name, value in report.user_properties if name == PLAYED]
    _say(terminalreporter, "histories", [msgspec.convert(note, Entry) for note in notes])
    if LONG:
        _say(terminalreporter, f"in {ledger.TABLE}", ledger.kept())


def _say(reporter: pytest.TerminalReporter, title: str, entries: list[Entry]) -> None:
    if entries:
        reporter.section(title)
    for name, total in sorted(ledger.totals(entries).items()):
        reporter.write_line(f"{name}: {', '.join(f'{count:,} {what}' for what, count in total.items())}")
