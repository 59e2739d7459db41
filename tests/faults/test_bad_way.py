"""What comes up to three times, out of its order and across a device that forgot its counter, is stored once and as it
was sent, is drawn in the order of measurement, and leaves no gap."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import msgspec
import pytest

from tests.devices.raw_mqtt import text
from tests.faults.bad_way import DUP, Mangler, Way, bad_way
from tests.faults.conftest import LONG
from tests.faults.evidence import kept_of, rows_of
from tests.faults.journey import Clock, journey, said
from tests.faults.ledgers import Key, Promise
from tests.faults.load import ALL_RAISED_S
from tests.faults.rig import HEAL_S, on_embedded_broker
from tests.faults.sent import altered
from tests.faults.tap import PUBLISH, Packet
from tests.faults.verdict import kept
from tests.faults.walk_plan import Step
from tests.faults.ward import Ward, make_ward

PINGREQ = Packet(12, 0, b"")
EPOCHS, IN_EACH, WINDOW = ("before", "after"), 60, 14
EVERY = timedelta(milliseconds=400)


def reading(seq: int) -> Packet:
    payload = msgspec.json.encode({"epoch": "e", "seq": seq, "readings": []})
    return Packet(PUBLISH, 2, text("bedside/v1/ox-1/readings") + seq.to_bytes(2) + payload)


def test_nothing_is_lost_on_the_way_and_what_comes_again_is_the_same_message() -> None:
    way = Way(random.Random(7))  # noqa: S311
    mangler, sent = Mangler(way), [reading(seq) for seq in range(1, 40)]
    come = [one for packet in sent for one in mangler.through(packet)] + list(mangler.let_go())
    assert sorted({one.body for one in come}) == sorted(one.body for one in sent)
    assert [one for one in come if not one.flags & DUP] != sent
    assert len(come) - len(sent) == way.again == sum(one.flags & DUP > 0 for one in come) > 0
    assert list(way.sent) == [Key("ox-1", "e", seq) for seq in range(1, 40)]


def test_a_goodbye_goes_behind_what_was_held() -> None:
    mangler = Mangler(Way(random.Random(7)))  # noqa: S311
    assert list(mangler.through(reading(1))) == []
    assert [one.kind for one in mangler.through(PINGREQ)][-1] == PINGREQ.kind
    assert list(mangler.let_go()) == []


def measured(device_id: str, since: datetime) -> Iterator[tuple[Key, Step]]:
    """A device that forgets its counter half way; each time another saturation."""
    for number, (epoch, seq) in enumerate(product(EPOCHS, range(1, IN_EACH + 1))):
        step = said(
            device_id, seq, since + number * EVERY, saturation(number), epoch=epoch, oldest=max(1, seq - WINDOW)
        )
        yield Key(device_id, epoch, seq), step


def saturation(number: int) -> int:
    return 92 + number % 7


def windows(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """One of them has messages of both counters."""
    return (steps[begin : begin + WINDOW] for begin in range(0, len(steps), WINDOW))


async def test_a_bad_way_across_a_forgotten_counter_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "ward").mkdir()
    ward, clock, way = await make_ward(tmp_path / "ward", 1), Clock(), Way(random.Random(11))  # noqa: S311
    async with journey(tmp_path / "data", ward, clock) as course:
        device_id = ward.accounts[0][0]
        since = clock.true().replace(microsecond=0) - IN_EACH * len(EPOCHS) * EVERY
        sent = dict(measured(device_id, since))
        for window in windows([*sent.values()]):
            come = way.mangled(window)
            await course.arrive(come[:WINDOW])
            await course.arrive(come[WINDOW:])
            assert not course.promised.told_back
        drawn, told = await course.chart(device_id, "spo2"), await course.told()
        promises = course.promises(sent)
    rows, found = rows_of(tmp_path / "data", clock.wall()), kept_of(tmp_path / "data")
    payloads = {key: step.payload for key, step in sent.items()}
    assert not [*kept(promises, rows), *altered(payloads, found)]
    assert set(rows.stored) == promises.made[Promise.COVERED] == sent.keys()
    assert drawn == [(since + number * EVERY, saturation(number)) for number in range(len(sent))]
    assert not told
    assert not found.gaps
    assert way.again > IN_EACH < way.overtaken


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_duplicates_and_another_order_change_nothing(
    tmp_path: Path, ward: Ward, seed: int, figures: list[str]
) -> None:
    way = Way(random.Random(seed))  # noqa: S311
    async with on_embedded_broker(tmp_path / "house", ward) as rig:
        await rig.house.start()
        async with bad_way(rig.house.mqtt, way) as port:
            rig.load.port = port
            async with rig.load.playing() as until:
                await until(ALL_RAISED_S / 2)
            await rig.load.drain(HEAL_S)
            forget_counters(rig.load.backlogs)
            async with rig.load.playing() as until:
                await until(ALL_RAISED_S)
            faults = await rig.heal()
        faults += altered(way.sent, kept_of(rig.house.data))
    assert not faults, f"seed {seed}\n" + "\n".join(map(str, faults[:40]))
    assert way.again > 100 < way.overtaken
    figures.append(
        f"seed {seed}, a bad way: {len(way.sent)} messages, {way.again} came again, {way.overtaken} overtook another: "
        "each stored once, value for value and unit for unit"
    )


def forget_counters(backlogs: Path) -> None:
    """Nothing is held any more: each device begins anew, under another epoch."""
    for log in backlogs.glob("*.log"):
        log.unlink()
