"""The hospital of the roster's tests, on both databases."""

import pytest

from server.store.engine import Store
from tests.roster.house import RosterHouse


@pytest.fixture
async def house(store: Store) -> RosterHouse:
    house = RosterHouse(store)
    await house.hire()
    return house
