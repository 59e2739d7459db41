"""A disk that is full to the last byte: the server says so, promises nothing, and goes on when there is room."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from tests.faults.conftest import LONG
from tests.faults.evidence import kept_of, rows_of
from tests.faults.full_disk import NOTHING_TAKEN, small_disk
from tests.faults.house import House
from tests.faults.journey import EPOCH, Clock, Journey, journey, said
from tests.faults.ledgers import Key, Promise
from tests.faults.load import ALL_RAISED_S, FIRST_S
from tests.faults.rig import on_embedded_broker
from tests.faults.sent import altered
from tests.faults.verdict import kept
from tests.faults.walk_plan import Step
from tests.faults.ward import Ward, make_ward

SLICE_MB, LONG_MB = 16, 64
BATCH = 200  # messages: more than fits into the last page of what is written to
TRIES = 3
PATIENCE_S = 120.0
FILLED_AT_S = FIRST_S + 12.0
FULL_S = 10.0
HEALED_S = 30.0


async def test_what_comes_while_the_disk_is_full_is_promised_once_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    ward = await make_ward(tmp_path / "ward", 1)
    with small_disk(tmp_path / "disk", SLICE_MB) as disk:
        data, clock = disk.folder / "data", Clock()
        async with journey(data, ward, clock) as way:
            before, meanwhile = batch(way, 1), batch(way, BATCH + 1)
            await way.arrive([*before.values()])
            disk.fill()
            async with asyncio.TaskGroup() as group:
                group.create_task(way.arrive([*meanwhile.values()]))
                await until(lambda: way.ingest.stats.failures >= TRIES)
                clock.passed += timedelta(seconds=6)
                assert NOTHING_TAKEN in way.house.condition.not_ready()
                assert not way.house.condition.sees(), "pages go on as though readings came through"
                assert way.promises(before | meanwhile).made[Promise.COVERED] == before.keys()
                assert len(way.promised.acknowledged) == BATCH
                disk.empty()
            assert NOTHING_TAKEN not in way.house.condition.not_ready()
            promises = way.promises(before | meanwhile)
        rows, found = rows_of(data, clock.wall()), kept_of(data)
    assert not kept(promises, rows)
    assert not altered({key: step.payload for key, step in (before | meanwhile).items()}, found)
    assert set(rows.stored) == promises.made[Promise.COVERED] == promises.sent


def batch(way: Journey, first: int) -> dict[Key, Step]:
    device_id, now = way.ward.accounts[0][0], way.clock.true()
    return {Key(device_id, EPOCH, seq): said(device_id, seq, now, 97) for seq in range(first, first + BATCH)}


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():
            await asyncio.sleep(0.02)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_a_full_disk_under_load_is_said_and_healed_of(tmp_path: Path, ward: Ward, figures: list[str]) -> None:
    with small_disk(tmp_path / "disk", LONG_MB) as disk:
        async with on_embedded_broker(disk.folder / "house", ward) as rig:
            rig.load.backlogs = tmp_path / "backlogs"  # a device's disk is its own
            covered = rig.ledgers.all_made[Promise.COVERED]
            await rig.house.start()
            async with rig.load.playing() as until_s:
                await until_s(FILLED_AT_S)
                disk.fill()
                await lacks(rig.house, NOTHING_TAKEN)
                before = len(covered)
                await asyncio.sleep(FULL_S)
                assert len(covered) == before, "nothing can be stored, yet it is promised"
                disk.empty()
                began = monotonic()
                await lacks(rig.house)
                await until(lambda: len(covered) > before)
                healed_s = monotonic() - began
                await until_s(ALL_RAISED_S)
            faults = await rig.heal()
    assert not faults, "\n".join(map(str, faults[:40]))
    assert healed_s < HEALED_S
    figures.append(
        f"a full disk for {FULL_S:.0f} s under load: said by /readyz, nothing promised meanwhile, ready again after "
        f"{healed_s:.1f} s; {len(rig.ledgers.all_sent)} messages, none lost, none twice"
    )


async def lacks(house: House, *wanted: str) -> None:
    """Until it says that it lacks this; without ``wanted``, nothing."""
    async with asyncio.timeout(PATIENCE_S):
        while not set(wanted) <= (said := await asyncio.to_thread(not_ready, house)) or (said and not wanted):
            await asyncio.sleep(0.1)


def not_ready(house: House) -> set[str]:
    try:
        with urllib.request.urlopen(f"{house.url}/readyz", timeout=PATIENCE_S) as reply:  # noqa: S310 – our own server
            return set(json.load(reply)["not_ready"])
    except urllib.error.HTTPError as refused:
        return set(json.load(refused)["not_ready"])
