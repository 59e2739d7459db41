"""Hospitals under attack: one a file where nobody is harmed for good, one a test where somebody is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.attacks.ward import Ward, open_busy_ward, open_ward
from tests.e2e.hospital import Hospital

LASTING = {"CLINIC__MEDIA_S": "3600"}  # no clock of the visits changes a row meanwhile


@pytest.fixture(scope="module")
def busy_ward(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Ward]:
    hospital = Hospital(tmp_path_factory.mktemp("hospital"), LASTING, preloaded=True, template=sqlite_template)
    yield asyncio.run(open_busy_ward(hospital))
    asyncio.run(hospital.stop())


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Ward]:
    """Open for a whole file, with nobody booked: each test brings its own patients."""
    hospital = Hospital(tmp_path_factory.mktemp("hospital"), preloaded=True, template=sqlite_template)
    yield asyncio.run(open_ward(hospital))
    asyncio.run(hospital.stop())


@pytest.fixture
async def own_ward(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Ward]:
    """For an attack that leaves its traces."""
    hospital = Hospital(tmp_path, preloaded=True, template=sqlite_template)
    yield await open_ward(hospital)
    await hospital.stop()


@pytest.fixture
async def own_busy_ward(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Ward]:
    """The same with two visits going on, of which little is left afterwards."""
    hospital = Hospital(tmp_path, LASTING, preloaded=True, template=sqlite_template)
    yield await open_busy_ward(hospital)
    await hospital.stop()
