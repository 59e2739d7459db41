"""Pretend devices against a real broker: what was covered was stored, what was not is sent again."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices import topics
from devices.broker import EmbeddedBroker
from devices.mqtt import MqttLink
from devices.mqtt_endpoint import Backoff, Endpoint
from devices.physiology import Episode, EpisodeKind
from devices.simulator import Plan, Report, simulate

QUICK = Backoff(0.05, 0.2)


class Ledgers:
    """Who was told what, per device."""

    def __init__(self) -> None:
        self.all_sent: dict[str, list[int]] = defaultdict(list)
        self.all_acked: dict[str, set[int]] = defaultdict(set)
        self.all_covered: dict[str, set[int]] = defaultdict(set)

    def sent(self, device_id: str, _epoch: str, seq: int) -> None:
        self.all_sent[device_id].append(seq)

    def acked(self, device_id: str, _epoch: str, seq: int) -> None:
        self.all_acked[device_id].add(seq)

    def covered(self, device_id: str, _epoch: str, seq: int) -> None:
        self.all_covered[device_id].add(seq)


class Hospital:
    """A server that stores in memory and covers what it holds without a hole. ``deaf`` ones store nothing."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self.stored: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.deaf = False
        self.unreadable: set[float] = set()  # a message of such a value goes to quarantine, with its number
        self.seen = 0
        self.statuses: list[bytes] = []
        endpoint = Endpoint("127.0.0.1", broker.port, broker.service.client_id, broker.service.secret)
        self.link = MqttLink(endpoint, backoff=QUICK)

    async def receive(self) -> None:
        while True:
            arrivals = await self.link.arrivals(0.005, 500)
            for arrival in arrivals:
                self._take(arrival.topic, arrival.payload)
            self.link.acknowledge([arrival.receipt for arrival in arrivals])

    def _take(self, topic: str, payload: bytes) -> None:
        parsed = topics.parse(topic)
        assert parsed is not None
        if parsed.channel == "status":
            self.statuses.append(payload)
            return
        self.seen += 1
        if self.deaf:
            return
        message = msgspec.json.decode(payload)
        if any(reading["value"] in self.unreadable for reading in message.get("readings", ())):
            self.link.tell(topics.ack(parsed.device_id), refused(payload))
            return
        held = self.stored[parsed.device_id]
        held[message["seq"]] = message
        covered = message["oldest"] - 1
        while covered + 1 in held:
            covered += 1
        self.link.publish_ack(parsed.device_id, message["epoch"], covered)


def refused(payload: bytes) -> bytes:
    return msgspec.json.encode({"refused": sha256(payload).hexdigest(), "reason": "bad_json"})


@pytest.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(lambda device_id, secret: secret == f"secret of {device_id}")
    await broker.start()
    yield broker
    await broker.stop()


@asynccontextmanager
async def open_hospital(broker: EmbeddedBroker) -> AsyncIterator[Hospital]:
    hospital = Hospital(broker)
    async with asyncio.TaskGroup() as group:
        receiving = group.create_task(hospital.receive())
        group.create_task(hospital.link.run())
        while not hospital.link.connected:
            await asyncio.sleep(0.01)
        try:
            yield hospital
        finally:
            receiving.cancel()
            await hospital.link.close()


def plan(broker: EmbeddedBroker, devices: int, **changes: object) -> Plan:
    accounts = [(f"ox{number}", f"secret of ox{number}") for number in range(devices)]
    basis: dict[str, Any] = {"rate_hz": 20, "duration_s": 1.0, "drain_s": 8.0, "resend_after_s": 0.3, "backoff": QUICK}
    return Plan("127.0.0.1", broker.port, accounts, **{**basis, **changes})


async def test_every_message_is_stored_and_covered_and_the_ledgers_agree(broker: EmbeddedBroker) -> None:
    ledgers = Ledgers()
    async with open_hospital(broker) as hospital:
        report = await simulate(plan(broker, 10, resend_after_s=30.0), ledgers)
    assert report == Report(measured=200, sent=200, puback=200, covered=200, connects=10)
    assert {device: set(held) for device, held in hospital.stored.items()} == ledgers.all_covered
    assert {device: set(seqs) for device, seqs in ledgers.all_sent.items()} == ledgers.all_covered == ledgers.all_acked


async def test_a_message_is_the_native_json_of_the_contract(broker: EmbeddedBroker) -> None:
    async with open_hospital(broker) as hospital:
        await simulate(plan(broker, 1, duration_s=0.1))
    message = hospital.stored["ox0"][1]
    assert (message["seq"], message["oldest"], len(message["epoch"])) == (1, 1, 8)
    assert message["sent"].endswith("Z")
    assert [(each["metric"], each["unit"]) for each in message["readings"]] == [
        ("spo2", "%"),
        ("pulse_rate", "/min"),
        ("resp_rate", "/min"),
    ]
    assert all(each["at"].endswith("Z") for each in message["readings"])


async def test_what_a_deaf_server_did_not_cover_is_sent_again_a_window_at_a_time(broker: EmbeddedBroker) -> None:
    async with open_hospital(broker) as hospital, asyncio.TaskGroup() as group:
        hospital.deaf = True
        ledgers = Ledgers()
        playing = group.create_task(simulate(plan(broker, 2, window=5, duration_s=0.6), ledgers))
        await asyncio.sleep(1.0)
        assert {max(seqs) for seqs in ledgers.all_sent.values()} == {5}, "the window holds"
        assert hospital.seen > 10, "and is sent again, long after the last was measured"
        assert not ledgers.all_covered
        hospital.deaf = False
        report = await playing
    assert (report.covered, report.held) == (24, 0)
    assert {device: set(held) for device, held in hospital.stored.items()} == ledgers.all_covered


async def test_a_broker_that_goes_and_comes_costs_nothing(broker: EmbeddedBroker) -> None:
    report = Report()
    async with open_hospital(broker) as hospital, asyncio.TaskGroup() as group:
        playing = group.create_task(simulate(plan(broker, 5, duration_s=2.0), report=report))
        await asyncio.sleep(0.5)
        await broker.stop()
        await asyncio.sleep(0.4)
        await broker.start()
        await playing
    assert (report.measured, report.covered, report.held, report.connects) == (200, 200, 0, 10)
    assert {len(held) for held in hospital.stored.values()} == {40}


async def test_a_backlog_on_disk_is_sent_by_the_next_run_under_its_old_numbers(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    alone = await simulate(plan(broker, 1, state_dir=tmp_path, drain_s=0.1))
    assert (alone.held, alone.covered) == (20, 0)
    async with open_hospital(broker) as hospital:
        report = await simulate(plan(broker, 1, state_dir=tmp_path))
    assert (report.measured, report.covered, report.held) == (20, 40, 0)
    assert sorted(hospital.stored["ox0"]) == list(range(1, 41))
    assert len({message["epoch"] for message in hospital.stored["ox0"].values()}) == 1


async def test_a_device_without_a_disk_begins_a_new_epoch(broker: EmbeddedBroker) -> None:
    epochs = set()
    async with open_hospital(broker) as hospital:
        for _ in range(2):
            await simulate(plan(broker, 1, duration_s=0.1))
            epochs.add(hospital.stored["ox0"][1]["epoch"])
    assert len(epochs) == 2


async def test_an_episode_befalls_only_those_that_it_was_written_for(broker: EmbeddedBroker) -> None:
    silence = Episode(EpisodeKind.SILENCE, start_s=0, hold_s=60)
    async with open_hospital(broker) as hospital:
        await simulate(plan(broker, 3, episodes=[silence], episode_devices=1))
    assert set(hospital.stored) == {"ox1", "ox2"}


async def test_a_refused_device_keeps_trying_and_keeps_what_it_measured(broker: EmbeddedBroker) -> None:
    stranger = Plan("127.0.0.1", broker.port, [("ox0", "guessed")], 20, 0.5, 0.5, backoff=QUICK)
    report = await simulate(stranger)
    assert report.refused >= 2
    assert (report.connects, report.measured, report.held) == (0, 10, 10)


async def test_a_device_says_that_it_is_there_and_takes_its_leave_without_a_will(broker: EmbeddedBroker) -> None:
    async with open_hospital(broker) as hospital:
        await simulate(plan(broker, 2, duration_s=0.2))
        await asyncio.sleep(0.2)
        assert hospital.statuses == [b'{"online":true}'] * 2
        assert broker.connections == 1


async def test_what_is_recorded_goes_out_in_the_stream_of_the_readings(broker: EmbeddedBroker) -> None:
    async with open_hospital(broker) as hospital:
        report = await simulate(plan(broker, 1, rate_hz=2, duration_s=1.3, waves=("ecg_ii", "pleth")))
    held = hospital.stored["ox0"]
    assert (report.covered, report.held) == (len(held), 0)
    assert [message["unit"] for message in held.values() if "samples" in message] == ["mV", "1"]
