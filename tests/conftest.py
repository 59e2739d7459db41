"""What every test may ask for: a store on either database, fresh and migrated."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from server.store.engine import Store, open_store
from tests.lending import Lending
from tests.postgres import PostgresServer, find_binaries, postgres_server

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # properties take the time that they need beside other tests

DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]


LONG = (
    "e2e/test_story",
    "faults",
    "e2e/test_line",
    "e2e/test_pages",
    "e2e",
    "linear",
    "attacks",
    "server",
    "bench",
    "gateways",
    "safety",
    "store",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: next((rank for rank, part in enumerate(LONG) if f"tests/{part}" in item.nodeid), 99))
    for item in items:
        if item.get_closest_marker("e2e") and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)  # the loop of the one browser


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; skipped where there is none, but never in CI."""
    binaries = find_binaries()
    if binaries is None:
        message = (
            "PostgreSQL's initdb is neither on the path nor under /usr/lib/postgresql (Debian: apt install postgresql)"
        )
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(message)
        pytest.skip(message)
    with postgres_server(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def lending(postgres: PostgresServer) -> Lending:
    """Migrated databases, one after the other."""
    return Lending(postgres, asyncio.run(postgres.migrated()))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that tests copy."""
    path = tmp_path_factory.mktemp("store") / "template.db"

    async def migrate() -> None:
        await (await open_store(f"sqlite:///{path}")).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bedside.db')}"


@pytest.fixture
async def postgres_url(lending: Lending) -> AsyncIterator[str]:
    """The address of a migrated PostgreSQL database with nothing in it."""
    name = await lending.lend()
    yield lending.server.url(name)
    await lending.take_back(name)


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database: a test that takes it runs on both."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A fresh, migrated store: a test that takes it runs on both databases."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """A fresh, migrated SQLite store, where the database makes no difference."""
    opened = await open_store(sqlite_url)
    yield opened
    await opened.close()
