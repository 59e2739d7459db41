"""A broker that hands nothing over is found out by a word of our own, and its session given up once."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import devices.mqtt
from devices.mqtt import MqttLink
from devices.mqtt_echo import EVERY_S, PATIENCE_S, Echo
from devices.mqtt_endpoint import Backoff, Endpoint
from tests.devices.mosquitto import Mosquitto
from tests.devices.scripted_broker import ScriptedBroker, scripted
from tests.devices.test_mqtt import running, service, until

SUBSCRIBED = bytes.fromhex("9005000100") + b"\x01\x01"
CLEAN_START = 0b10
FLAGS_AT = 9  # of CONNECT: after the fixed header, "MQTT" and the level


def test_one_word_at_a_time_and_not_too_often() -> None:
    echo = Echo()
    word = echo.due(0.0)
    assert word is not None
    assert echo.due(EVERY_S) is None
    assert echo.heard(word)
    assert echo.due(EVERY_S - 1) is None
    assert echo.due(EVERY_S) not in {None, word}


def test_a_word_that_stays_away_is_lost_after_a_time() -> None:
    echo = Echo()
    echo.due(0.0)
    assert not echo.is_lost(PATIENCE_S - 0.1)
    assert echo.is_lost(PATIENCE_S)


def test_who_waits_for_our_own_acknowledgement_is_excused() -> None:
    echo = Echo()
    echo.due(0.0)
    echo.excuse(8.0)
    assert not echo.is_lost(8.0 + PATIENCE_S - 0.1)
    assert echo.is_lost(8.0 + PATIENCE_S)


def test_a_word_of_an_older_connection_proves_nothing() -> None:
    echo = Echo()
    echo.due(0.0)
    assert not echo.heard(b"an older one")
    assert echo.is_lost(PATIENCE_S)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word every moment, and all the patience that a busy machine needs."""
    monkeypatch.setattr(devices.mqtt, "ECHO_TICK_S", 0.02)
    monkeypatch.setattr(devices.mqtt, "Echo", partial(Echo, 0.05, 60.0))


@pytest.fixture
def impatient(often: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.mqtt, "Echo", partial(Echo, 0.05, 0.3))


def _flags(connect: bytes) -> int:
    return connect[FLAGS_AT]


async def _deaf(broker: ScriptedBroker) -> None:
    """Lets everybody in, takes everything, hands nothing over."""
    answered = 0
    while True:
        if answered < broker.connections:
            answered = broker.connections
            await broker.say(SUBSCRIBED)
        await asyncio.sleep(0.01)


async def test_a_session_that_hands_nothing_over_is_given_up_once(impatient: None) -> None:
    async with scripted(5) as broker:
        endpoint = Endpoint("127.0.0.1", broker.port, "bedside-server", "any", persistent=True)
        link = MqttLink(endpoint, backoff=Backoff(0.01, 0.02))
        async with asyncio.TaskGroup() as group:
            deaf = group.create_task(_deaf(broker))
            async with running(link):
                await until(lambda: len(broker.connects) == 2)
                await asyncio.sleep(1.0)
            deaf.cancel()
        assert [_flags(connect) & CLEAN_START for connect in broker.connects] == [0, CLEAN_START]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


async def test_a_mosquitto_that_hands_over_is_kept(
    often: None, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    hear = Echo.heard
    monkeypatch.setattr(Echo, "heard", lambda echo, word: heard.append(hear(echo, word)))
    link = MqttLink(service(mosquitto))
    async with running(link), asyncio.timeout(20):
        taking = asyncio.ensure_future(link.arrivals(0, 100))  # noqa: TID251 – a test's own task; nothing comes
        while heard.count(True) < 4:
            await asyncio.sleep(0.02)
        taking.cancel()
        assert link._generation == 1
