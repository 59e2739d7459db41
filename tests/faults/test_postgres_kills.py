"""Whatever was promised outlives its database's death, for as long as a commit is one."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import LONG
from tests.faults.ledgers import Promise
from tests.faults.postgres_kills import killed_at_random, on_postgres
from tests.faults.table import Line, Programme, left
from tests.faults.verdict import Wrong
from tests.postgres import find_binaries

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long"),
    pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is not installed"),
]

KILLS = 50
HEALED_S = 30.0
UNSAFE = "tests.faults.unsafe_commit"


async def test_a_killed_postgresql_loses_nothing_that_was_promised(
    tmp_path: Path, figures: list[str], kept: Callable[[Line], None]
) -> None:
    seed, kills = random.SystemRandom().randrange(10**6), left(Programme.POSTGRES, KILLS)
    async with on_postgres(tmp_path) as ordeal:
        ordeal.rig.keep = kept
        await killed_at_random(ordeal, kills, seed)
        await ordeal.heal()
    assert not ordeal.faults, "\n".join([f"seed {seed}", *ordeal.faults[:40]])
    assert max(ordeal.healed_s) < HEALED_S
    figures.append(f"{kills} kills of PostgreSQL: {ordeal.figures}")


async def test_commits_that_may_be_lost_are_found_out(tmp_path: Path) -> None:
    """The programme's own test: synchronous_commit=off, which the server refuses; the same kills lose something."""
    async with on_postgres(tmp_path, safe=False, module=UNSAFE) as ordeal:
        await killed_at_random(ordeal, 2, seed=1)
    assert any(Wrong.LOST in fault and Promise.TAKEN in fault for fault in ordeal.faults), ordeal.faults[:10]
