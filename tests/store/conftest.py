"""What the store's own tests share."""

import pytest

from server.store.engine import Store
from tests.store.ward import Ward


@pytest.fixture
async def ward(store: Store) -> Ward:
    """A ward with a doctor, and nobody in it yet."""
    opened = Ward(store)
    await opened.open()
    return opened
