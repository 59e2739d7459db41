"""Ends that are not violent, and a broker that goes away: nothing half stored, nothing twice, and all well again."""

import asyncio
from collections import defaultdict
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from devices.backlog import Saved
from devices.held_log import HeldLog
from tests.devices.mosquitto import Mosquitto
from tests.faults.evidence import left_behind
from tests.faults.house import House
from tests.faults.rig import RESEND_S, Rig, beside, on_embedded_broker
from tests.faults.ward import Ward

pytestmark = pytest.mark.faults

LOADED_S = 4.0
STOPPED_S = 10.0
HEALED_S = 30.0
TABLES = ("messages", "streams", "alarms", "transitions", "deliveries", "quarantine")


async def test_sigterm_under_load_leaves_nothing_half_stored(tmp_path: Path, ward: Ward) -> None:
    async with on_embedded_broker(tmp_path / "house", ward) as rig:
        await rig.house.start()
        async with rig.load.playing() as until:
            await until(LOADED_S)
            begun = monotonic()
            assert await rig.house.end() == 0, rig.house.log()[-3000:]
            assert monotonic() - begun < STOPPED_S
            assert not await rig.judge_dead()
        assert len(rig.ledgers.all_sent) > len(rig.ledgers.held()), "nothing was covered: this proves nothing"


async def test_what_is_sent_again_after_a_restore_is_stored_once(tmp_path: Path, ward: Ward) -> None:
    async with on_embedded_broker(tmp_path / "house", ward) as rig:
        rig.load.desaturate = False  # a low value that nothing contradicts becomes an alarm by itself
        await rig.house.start()
        async with rig.load.playing() as until:
            await until(LOADED_S)
        assert await rig.load.drain(HEALED_S) == 0
        rig.house.bedside("backup", str(tmp_path / "backup"))
        await rig.house.end()
        before = counted(rig.house)
        await _restored_elsewhere(rig, tmp_path)
        assert await rig.load.drain(HEALED_S) == 0, "what a device sends again must be covered again"
        await rig.house.end()
        assert counted(rig.house) == before


async def test_a_broker_that_restarts_is_found_again_and_nothing_covered_is_lost(tmp_path: Path, ward: Ward) -> None:
    """Its PUBACK is worth nothing here – a broker may forget what it took – so the devices send again."""
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        async with beside(broker, tmp_path / "house", ward) as rig:
            rig.load.resend_after_s = RESEND_S
            await rig.house.start()
            async with rig.load.playing() as until:
                await until(LOADED_S / 2)
                broker.kill()
                await _ready(rig.house, False)
                broker.start()
                await _ready(rig.house, True)
            assert await rig.load.drain(HEALED_S) == 0
            await rig.house.end()
            assert not await rig.judge_dead()
    finally:
        broker.kill()


async def _restored_elsewhere(rig: Rig, folder: Path) -> None:
    """The house goes on in another folder, and every device has forgotten that anything was covered."""
    remember_everything(rig.house.data, rig.load.backlogs)
    rig.house.data = folder / "restored"
    rig.house.bedside("restore", str(folder / "backup"))
    await rig.house.start()


def remember_everything(data: Path, backlogs: Path) -> None:
    held: defaultdict[str, dict[int, msgspec.Raw]] = defaultdict(dict)
    epochs = {}
    with left_behind(data) as database:
        for row in database.execute("SELECT device_id, epoch, seq, body FROM messages ORDER BY device_id, seq"):
            epochs[row["device_id"]] = row["epoch"]
            held[row["device_id"]][row["seq"]] = msgspec.Raw(
                msgspec.json.encode(msgspec.json.decode(row["body"])["readings"])
            )
    for device_id, messages in held.items():
        saved = Saved(epochs[device_id], max(messages) + 1, messages)
        HeldLog(backlogs / f"{device_id}.log", sync=False).rewrite(saved)


def counted(house: House) -> dict[str, int]:
    with left_behind(house.data) as database:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}  # noqa: S608


async def _ready(house: House, wanted: bool) -> None:
    async with asyncio.timeout(HEALED_S):
        while await asyncio.to_thread(house.is_ready) is not wanted:
            await asyncio.sleep(0.1)
