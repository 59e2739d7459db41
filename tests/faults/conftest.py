"""The hospital that every fault test begins with, and the figures that are printed when all is over."""

import asyncio
import os
import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults import table
from tests.faults.load import BEDS
from tests.faults.strace import strace_required
from tests.faults.ward import Ward, make_ward

LONG = os.environ.get("FAULTS") == "long"
ROUNDS = 20 if LONG else 1
FIGURE = "figure of a fault"  # a property of the test's report: the one thing that a worker hands over


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in terminalreporter.stats.values() for report in stat]
    ends = [report for report in reports if getattr(report, "when", None) == "teardown"]
    figures = [text for report in ends for name, text in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("faults")
        for figure in figures:
            terminalreporter.write_line(str(figure))
    if LONG:
        terminalreporter.section(f"over all runs, {table.FILE.name}")
        for programme, number in table.blows().items():
            terminalreporter.write_line(f"{number} × {programme}")


@pytest.fixture(params=range(ROUNDS))
def seed(request: pytest.FixtureRequest) -> int:
    """Drawn anew for each of the rounds – one, or twenty in the long run – and shown with the figures and a failure;
    ``FAULTS_SEED`` repeats one. Not a part of the test's name: workers must collect the same tests."""
    drawn = os.environ.get("FAULTS_SEED")
    return int(drawn) if drawn else random.SystemRandom().randrange(10**6)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Lines for the end of the run."""
    lines: list[str] = []
    yield lines
    request.node.user_properties.extend((FIGURE, line) for line in lines)


@pytest.fixture
def kept() -> Callable[[table.Line], None]:
    """Where a blow goes that has been judged."""
    return table.add if LONG else table.unkept


@pytest.fixture(scope="session")
def strace() -> str:
    return strace_required()


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    return asyncio.run(make_ward(tmp_path_factory.mktemp("ward"), BEDS))
