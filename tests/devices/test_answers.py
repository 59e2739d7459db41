"""What a device is told beside its numbers: what of its is in quarantine, and that it must be born again."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from devices.answers import ASKED_EVERY, Asked, refusal
from devices.codecs import sparkplug
from devices.ingest import Ingest
from devices.reader import Reader
from devices.readings import Body, Message, Quarantined, Reason
from tests.devices.codecs.test_sparkplug import BIRTH, DATA
from tests.devices.test_ingest import Bench, arrival, bench, made, spo2

__all__ = ["bench"]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BROKEN = b'{"epoch": "e", "seq": 2, "readings": ['


async def test_a_message_without_a_number_is_named_by_its_bytes_once_they_are_in_quarantine(bench: Bench) -> None:
    await made(bench).take([arrival(spo2(epoch="e", seq=1)), arrival(BROKEN, mid=2)])
    said = {"refused": sha256(BROKEN).hexdigest(), "reason": "bad_json"}
    assert [(topic, json.loads(payload)) for topic, payload in bench.answers] == [("bedside/v1/BM-77/ack", said)]
    assert bench.happened.index("committed") < bench.happened.index("device answered")
    assert [one.payload for one in bench.quarantine] == [BROKEN]
    assert bench.acks == [("BM-77", "e", 1)]  # the number that it may have meant is nobody's guess


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("bedside/v1/BM-77/readings", spo2(epoch="e", seq=1)),  # taken
        ("bedside/v1/BM-77/readings", b'{"epoch": "e", "seq": 1, "readings": 5}'),  # its number says it
        ("bedside/v1/nobody/readings", BROKEN),  # on nobody's channel
        ("elsewhere", BROKEN),
    ],
)
async def test_nobody_else_is_told_anything(bench: Bench, topic: str, payload: bytes) -> None:
    await made(bench).take([arrival(payload, topic)])
    assert bench.answers == []


def test_a_message_that_is_numbered_is_covered_by_its_number() -> None:
    kept = Quarantined(NOON, "bedside/v1/BM-77/readings", "BM-77", Reason.WRONG_SHAPE, "", b"{}")
    numbered = Message("BM-77", "e:1", NOON, NOON, Body(), epoch="e", seq=1)
    assert refusal(kept, numbered) is None
    assert refusal(kept, None) is not None
    assert refusal(None, numbered) is None


async def test_a_node_whose_birth_was_not_seen_is_asked_for_it_and_not_pressed(bench: Bench) -> None:
    now = [NOON]
    working = Ingest(bench, bench, Reader(bench), committed=bench.hand_on, clock=lambda: now[0])
    spoken = arrival(DATA, "bedside/v1/BM-77/sparkplug")
    await working.take([spoken, spoken])
    assert bench.answers == [("bedside/v1/BM-77/command", sparkplug.rebirth(NOON))]
    assert bench.happened[:2] == ["committed", "acknowledged"]
    await working.take([arrival(BIRTH, "bedside/v1/BM-77/sparkplug"), spoken])
    assert len(bench.answers) == 1


def test_each_device_is_asked_once_a_minute() -> None:
    asked = Asked()
    assert asked.is_due("a", NOON)
    assert not asked.is_due("a", NOON + ASKED_EVERY - timedelta(seconds=1))
    assert asked.is_due("b", NOON)
    assert asked.is_due("a", NOON + ASKED_EVERY)
    assert asked.is_due("a", NOON - timedelta(days=1))  # the clock was set back
