"""Whatever was promised outlives the server, however it is killed: beside Mosquitto, and on the embedded broker."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from tests.faults.conftest import LONG
from tests.faults.kills import Course, first_faults, killed
from tests.faults.ledgers import Promise
from tests.faults.rig import Rig, beside_mosquitto, on_embedded_broker
from tests.faults.table import Line
from tests.faults.verdict import Wrong
from tests.faults.ward import Ward

pytestmark = pytest.mark.faults

KILLS = 10
SYNCS = range(1, 21)
EARLY_ACK = "tests.faults.early_ack"
TWICE_STORED = "tests.faults.twice_stored"


async def test_ten_kills_at_random_moments_and_one_at_each_of_the_first_twenty_commits(
    tmp_path: Path, ward: Ward, strace: str, seed: int, figures: list[str], kept: Callable[[Line], None]
) -> None:
    async def kill(rig: Rig) -> Course:
        rig.keep = kept
        return await killed(rig, KILLS, seed, SYNCS)

    courses = await _both(tmp_path, ward, kill)
    nothing_is_wrong(courses)
    blows = f"{KILLS} kills at random moments (seed {seed}), death at fdatasync {SYNCS[0]} to {SYNCS[-1]}"
    figures += [f"{blows}, {course.figures}" for course in courses]


async def test_an_acknowledgement_before_the_commit_is_found_out(tmp_path: Path, ward: Ward, strace: str) -> None:
    """The programme's own test: with the bug planted, the deaths that the server survives above must name lost ones."""
    async with beside_mosquitto(tmp_path / "mosquitto", ward, module=EARLY_ACK) as rig:
        faults = await first_faults(rig, SYNCS)
    assert any(fault.wrong is Wrong.LOST and Promise.TAKEN in fault.what for fault in faults), faults


async def test_an_early_word_to_the_device_is_found_out(tmp_path: Path, ward: Ward, strace: str) -> None:
    async with on_embedded_broker(tmp_path / "embedded", ward, module=EARLY_ACK) as rig:
        faults = await first_faults(rig, SYNCS)
    assert any(fault.wrong is Wrong.LOST and Promise.COVERED in fault.what for fault in faults), faults


@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_a_message_without_its_key_is_found_twice(tmp_path: Path, ward: Ward, strace: str) -> None:
    """The database without its unique key, and nobody who looks first: what a device sends again is stored again."""
    async with on_embedded_broker(tmp_path / "embedded", ward, module=TWICE_STORED) as rig:
        faults = await first_faults(rig, SYNCS)
    assert any(fault.wrong is Wrong.TWICE for fault in faults), faults


def nothing_is_wrong(courses: list[Course]) -> None:
    faults = [fault for course in courses for fault in course.faults]
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])


async def _both(folder: Path, ward: Ward, kill: Callable[[Rig], Coroutine[None, None, Course]]) -> list[Course]:
    """Two houses at once, a processor each."""
    async with (
        beside_mosquitto(folder / "mosquitto", ward) as outside,
        on_embedded_broker(folder / "embedded", ward) as embedded,
        asyncio.TaskGroup() as group,
    ):
        killing = [group.create_task(kill(rig)) for rig in (outside, embedded)]
    return [task.result() for task in killing]
