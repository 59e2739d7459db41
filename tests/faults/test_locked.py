"""A database that another program holds locked says nothing for a quarter of a minute: readiness does not wait so long.

Before that nothing fails, and whoever else wants to write may stand in front.
"""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from server import condition
from tests.faults.full_disk import NOTHING_TAKEN
from tests.faults.journey import Clock, journey
from tests.faults.test_full_disk import batch, until
from tests.faults.ward import make_ward


async def test_pages_are_blind_before_the_first_commit_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "BLIND_AFTER_S", 0.3)
    (tmp_path / "ward").mkdir()
    ward = await make_ward(tmp_path / "ward", 1)
    data, clock = tmp_path / "data", Clock()
    async with journey(data, ward, clock) as way, asyncio.TaskGroup() as group:
        assert way.house.condition.sees()
        with closing(sqlite3.connect(data / "bedside.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            clock.passed += timedelta(seconds=1)
            group.create_task(way.arrive([*batch(way, 1).values()]))
            await until(lambda: NOTHING_TAKEN in way.house.condition.not_ready())
            assert not way.house.condition.sees(), "pages go on as though readings came through"
            assert way.ingest.stats.failures == 0
        await until(lambda: NOTHING_TAKEN not in way.house.condition.not_ready())
    assert way.house.condition.sees()
