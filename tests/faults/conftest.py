"""The hospital that every fault test begins with, and the figures that are printed when all is over."""

import asyncio
import os
import random

import pytest

from tests.faults.load import BEDS
from tests.faults.strace import strace_required
from tests.faults.ward import Ward, make_ward

LONG = os.environ.get("FAULTS") == "long"
ROUNDS = 20 if LONG else 1
FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[FIGURES]:
        terminalreporter.section("faults")
        for figure in config.stash[FIGURES]:
            terminalreporter.write_line(figure)


@pytest.fixture(params=range(ROUNDS))
def seed(request: pytest.FixtureRequest) -> int:
    """Drawn anew for each of the rounds – one, or twenty in the long run – and shown with the figures and a failure;
    ``FAULTS_SEED`` repeats one. Not a part of the test's name: workers must collect the same tests."""
    drawn = os.environ.get("FAULTS_SEED")
    return int(drawn) if drawn else random.SystemRandom().randrange(10**6)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the end of the run."""
    return request.config.stash[FIGURES]


@pytest.fixture(scope="session")
def strace() -> str:
    return strace_required()


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    return asyncio.run(make_ward(tmp_path_factory.mktemp("ward"), BEDS))
