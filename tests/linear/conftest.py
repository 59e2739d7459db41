"""The chance that histories are made of, and what was played of them, said when all is over."""

import os
import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.linear.histories import Told

PLAYED = "played history"  # a property of the test's report: the one thing that a worker hands over
Played = Callable[[Told], None]


@pytest.fixture
def seed() -> int:
    """Drawn anew, and shown by a failure; ``LINEAR_SEED=…`` plays one again."""
    drawn = os.environ.get("LINEAR_SEED")
    return int(drawn) if drawn else random.SystemRandom().randrange(10**6)


@pytest.fixture
def played(request: pytest.FixtureRequest) -> Played:
    """Counts a history for the end of the run."""

    def note(told: Told) -> None:
        figures = {"histories": 1, "calls": len(told.records), "cut off": told.cut_off, "kills": told.kills}
        figures |= {"not linearisable": int(bool(told.faults)), "steps of the search": told.tried}
        request.node.user_properties.append((PLAYED, (request.node.originalname, figures)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in terminalreporter.stats.values() for report in stat]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    notes = [(report.nodeid, value) for report in ends for name, value in report.user_properties if name == PLAYED]
    sums: dict[str, Counter[str]] = {}
    for nodeid, (test, figures) in notes:
        database = "PostgreSQL" if "postgresql" in nodeid else "SQLite"
        sums.setdefault(f"{test} on {database}", Counter()).update(figures)
    if sums:
        terminalreporter.section("histories")
    for name, total in sorted(sums.items()):
        terminalreporter.write_line(f"{name}: {', '.join(f'{count:,} {what}' for what, count in total.items())}")
