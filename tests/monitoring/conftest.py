"""The small hospital that the tests of monitoring work in, on either database."""

import pytest

from server.store.engine import Store
from tests.monitoring.house import House


@pytest.fixture
async def house(store: Store) -> House:
    built = House(store)
    await built.open()
    return built
