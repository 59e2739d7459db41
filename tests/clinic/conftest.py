"""The hospital of the clinic's tests, on both databases."""

import pytest

from server.store.engine import Store
from tests.clinic.house import House


@pytest.fixture
async def house(store: Store) -> House:
    house = House(store)
    await house.hire()
    return house
