"""The agent: what it has answered for is sent until the server has it, once."""

import asyncio
import json
import random
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devices.agent import Agent, Answer, Setup, WhenFull, moment
from devices.agent_clock import Moment
from devices.broker import EmbeddedBroker
from devices.codecs import WAVES
from devices.mqtt_endpoint import Endpoint
from tests.devices.test_simulator import QUICK, Hospital, broker, open_hospital

__all__ = ["broker"]  # a fixture


def setup_of(folder: Path, broker: EmbeddedBroker | None = None, **changes: object) -> Setup:
    endpoint = Endpoint("127.0.0.1", broker.port if broker else 1, "ox0", "secret of ox0")
    basis: dict[str, Any] = {"backoff": QUICK, "resend_after_s": 0.3}
    return Setup(endpoint, folder, **{**basis, **changes})


def line(value: float, key: str = "", **more: object) -> bytes:
    return json.dumps({"readings": [{"metric": "spo2", "value": value, "unit": "%", **more}], "key": key}).encode()


def wave(count: int = 10, **more: object) -> bytes:
    """A block of zeros of an ECG, ten a second."""
    zeros = b64encode(bytes(2 * count)).decode()
    block = {"channel": "ecg_ii", "rate": 10, "unit": "mV", "gain": 0.005, "samples": zeros}
    return json.dumps({"wave": {**block, **more}}).encode()


def stored(hospital: Hospital) -> list[float]:
    return [message["readings"][0]["value"] for _, message in sorted(hospital.stored["ox0"].items())]


@asynccontextmanager
async def carrying(agent: Agent) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(agent.run())
        yield
        task.cancel()
    agent.close()


async def test_what_it_took_while_nobody_was_there_is_stored_once_and_let_go(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    agent = Agent(setup_of(tmp_path, broker))
    assert [receipt.seq for receipt in agent.take([line(90), line(91)])] == [1, 2]
    async with open_hospital(broker) as hospital, carrying(agent):
        agent.take([line(92)])
        await asyncio.wait_for(agent.empty.wait(), 10)
        assert stored(hospital) == [90, 91, 92]
    assert (agent.status.kept, agent.status.covered, agent.status.held) == (3, 3, 0)


async def test_what_the_server_has_in_quarantine_is_let_go_alone_and_holds_nothing_up(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    agent = Agent(setup_of(tmp_path, broker))
    agent.take([line(90), line(91), line(92)])
    async with open_hospital(broker) as hospital, carrying(agent):
        hospital.unreadable = {91}
        hospital.link.tell("bedside/v1/ox0/ack", b'{"refused": "of another message"}')
        await asyncio.wait_for(agent.empty.wait(), 10)
        assert stored(hospital) == [90, 92]
    assert (agent.status.covered, agent.status.quarantined, agent.status.held) == (2, 1, 0)
    again = Agent(setup_of(tmp_path))
    assert again.status.held == 0
    again.close()


async def test_another_agent_goes_on_where_one_was_killed(broker: EmbeddedBroker, tmp_path: Path) -> None:
    killed = Agent(setup_of(tmp_path))
    killed.take([line(90, "a"), line(91, "b")])
    killed.close()
    agent = Agent(setup_of(tmp_path, broker))
    assert [receipt.answer for receipt in agent.take([line(91, "b"), line(92, "c")])] == [
        Answer.KEPT_BEFORE,
        Answer.KEPT,
    ]
    async with open_hospital(broker) as hospital, carrying(agent):
        await asyncio.wait_for(agent.empty.wait(), 10)
        assert stored(hospital) == [90, 91, 92]
        assert len({message["epoch"] for message in hospital.stored["ox0"].values()}) == 1


async def test_a_reading_without_its_time_was_taken_when_it_was_handed_over(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = moment()
    monkeypatch.setattr(
        "devices.agent.moment", lambda: Moment(datetime(1970, 1, 1, tzinfo=UTC), true.since_boot_s - 60, true.boot)
    )
    agent = Agent(setup_of(tmp_path, broker))
    agent.take([line(90), line(91, at="2026-11-21T09:00:00Z")])
    monkeypatch.undo()  # the gateway has learned the time
    async with open_hospital(broker) as hospital, carrying(agent):
        await asyncio.wait_for(agent.empty.wait(), 10)
        first, second = (hospital.stored["ox0"][seq]["readings"][0]["at"] for seq in (1, 2))
    assert abs(datetime.fromisoformat(first) - true.wall + timedelta(seconds=60)) < timedelta(seconds=5)
    assert second == "2026-11-21T09:00:00Z"


@pytest.mark.parametrize(
    ("bad", "answer"),
    [
        (b"", Answer.MALFORMED),
        (b"[]", Answer.MALFORMED),
        (b'{"readings":[]}', Answer.MALFORMED),
        (b'{"readings":[1]}', Answer.MALFORMED),
        (b"\xff", Answer.MALFORMED),
        (b"[" * 40_000, Answer.MALFORMED),
        (b" " * 50_000, Answer.TOO_LARGE),
        (line(97, "k" * 201), Answer.MALFORMED),
        (line(97)[:-1] + b"," + wave()[1:], Answer.MALFORMED),
        (wave(channel="spo2"), Answer.MALFORMED),
        (wave(unit="mmHg"), Answer.MALFORMED),
        (wave(gain=None), Answer.MALFORMED),
        (wave(rate=0), Answer.MALFORMED),
        (wave(rate=1e-300), Answer.MALFORMED),
        (wave(0), Answer.MALFORMED),
        (wave(samples="AAA"), Answer.MALFORMED),
        (wave(start="2026-11-21T09:00:00"), Answer.MALFORMED),
        (wave(20_000), Answer.TOO_LARGE),
    ],
    ids=[
        *("nothing", "a list", "no readings", "no reading", "no UTF-8", "too deep", "too long", "a long key"),
        *("readings and a wave", "no channel", "no unit of it", "no gain", "no rate", "too slow", "no samples"),
        *("no Base64", "no zone", "too many samples"),
    ],
)
def test_a_bad_line_is_refused_by_name_and_costs_no_other(tmp_path: Path, bad: bytes, answer: Answer) -> None:
    agent = Agent(setup_of(tmp_path))
    assert [receipt.answer for receipt in agent.take([line(96), bad, line(97)])] == [Answer.KEPT, answer, Answer.KEPT]
    assert (agent.status.held, agent.status.refused) == (2, 1)
    agent.close()


def test_a_full_store_drops_its_oldest_or_refuses_the_new_as_it_was_told(tmp_path: Path) -> None:
    dropping = Agent(setup_of(tmp_path / "a", capacity=3))
    dropping.take([line(90 + number) for number in range(5)])
    assert (dropping.status.held, dropping.status.dropped) == (3, 2)
    refusing = Agent(setup_of(tmp_path / "b", capacity=3, when_full=WhenFull.REFUSE_NEW))
    answers = [receipt.answer for receipt in refusing.take([line(90 + number) for number in range(5)])]
    assert answers == [Answer.KEPT] * 3 + [Answer.FULL] * 2
    small = Agent(setup_of(tmp_path / "c", capacity_bytes=300, when_full=WhenFull.REFUSE_NEW))
    assert [receipt.answer for receipt in small.take([line(90)] * 3)][-1] is Answer.FULL
    for agent in (dropping, refusing, small):
        agent.close()


async def test_a_waveform_is_kept_and_sent_as_a_block_with_the_time_of_its_first_sample(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    killed = Agent(setup_of(tmp_path))
    before = moment().wall
    killed.take([line(90), wave(20), wave(start="2026-11-21T09:00:00Z")])
    killed.close()
    agent = Agent(setup_of(tmp_path, broker))
    async with open_hospital(broker) as hospital, carrying(agent):
        await asyncio.wait_for(agent.empty.wait(), 10)
        said = [hospital.stored["ox0"][seq] for seq in (1, 2, 3)]
    [now], [dated] = (WAVES["wave/ecg_ii"](json.dumps(one).encode()).waves for one in said[1:])
    assert (said[0]["readings"][0]["value"], now.count, dated.count) == (90, 20, 10)
    assert abs(now.start - before + timedelta(seconds=2)) < timedelta(seconds=1)
    assert dated.start == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_waveforms_crowd_out_no_reading(tmp_path: Path) -> None:
    agent = Agent(setup_of(tmp_path, capacity=10))
    answers = [receipt.answer for receipt in agent.take([line(90), *[wave()] * 7])]
    assert answers == [Answer.KEPT] * 6 + [Answer.FULL] * 2
    assert [receipt.answer for receipt in agent.take([line(91)] * 4)] == [Answer.KEPT] * 4
    assert (agent.status.held, agent.status.dropped) == (10, 0)
    assert [receipt.answer for receipt in agent.take([wave()])] == [Answer.FULL]
    small = Agent(setup_of(tmp_path / "small", capacity_bytes=1500))
    assert [receipt.answer for receipt in small.take([wave(), wave(), wave()])] == [Answer.KEPT] * 2 + [Answer.FULL]
    for each in (agent, small):
        each.close()


def test_one_folder_has_one_agent(tmp_path: Path) -> None:
    agent = Agent(setup_of(tmp_path))
    with pytest.raises(BlockingIOError):
        Agent(setup_of(tmp_path))
    agent.close()
    Agent(setup_of(tmp_path)).close()


async def test_the_log_stays_short_however_much_goes_through_it(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.held_log.REWRITE_BYTES", 4000)
    agent, chance = Agent(setup_of(tmp_path, broker)), random.Random(1)  # noqa: S311
    async with open_hospital(broker) as hospital, carrying(agent):
        for number in range(60):
            agent.take([line(chance.randint(90, 99), f"k{number}")])
            await asyncio.sleep(0.005)
        await asyncio.wait_for(agent.empty.wait(), 10)
        assert len(hospital.stored["ox0"]) == 60
    assert (tmp_path / "held.log").stat().st_size < 8000
    again = Agent(setup_of(tmp_path))
    assert [receipt.answer for receipt in again.take([line(1, "k0")])] == [Answer.KEPT_BEFORE]
    again.close()
