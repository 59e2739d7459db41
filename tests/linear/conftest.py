"""The chance that histories are made of."""

import os
import random

import pytest


@pytest.fixture
def seed() -> int:
    """Drawn anew, and shown by a failure; ``LINEAR_SEED=…`` plays one again."""
    drawn = os.environ.get("LINEAR_SEED")
    return int(drawn) if drawn else random.SystemRandom().randrange(10**6)
