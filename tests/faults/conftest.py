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


SEED = "FAULTS_SEED"


def pytest_configure(config: pytest.Config) -> None:
    """The seed is drawn once: what runs beside this process collects the same tests."""
    config.stash[FIGURES] = []
    os.environ.setdefault(SEED, str(random.SystemRandom().randrange(10**6)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[FIGURES]:
        terminalreporter.section("faults")
        for figure in config.stash[FIGURES]:
            terminalreporter.write_line(figure)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``seed`` runs once, or twenty times in the long run; the seed is part of its name."""
    if "seed" in metafunc.fixturenames:
        first = int(os.environ[SEED])
        metafunc.parametrize("seed", range(first, first + ROUNDS))


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
