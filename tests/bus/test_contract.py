"""What either bus promises to those on the same node."""

from collections.abc import Callable

import pytest

from server.bus import Bus, Hint
from server.bus.memory import MemoryBus
from server.bus.redis import RedisBus
from tests.bus.subscriber import Subscriber, running, until


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    if request.param == "memory":
        return MemoryBus
    url: str = request.getfixturevalue("redis_server").url
    return lambda: RedisBus(url, beat_s=0.1, silence_s=0.5)


async def test_every_subscriber_hears_every_hint_once_and_in_order(make: Callable[[], Bus]) -> None:
    bus = make()
    one, two = Subscriber(bus), Subscriber(bus)
    async with running(bus):
        for number in range(200):
            await bus.publish("live", {"topic": f"session:{number}"})
        await until(lambda: len(two.heard) >= 200)
        await bus.publish("end", {})
        await until(lambda: one.heard[-1] == two.heard[-1] == ("end", {}))
    assert one.heard == two.heard
    assert one.heard[:-1] == [("live", {"topic": f"session:{number}"}) for number in range(200)]


async def test_a_subscriber_that_fails_stops_nobody(make: Callable[[], Bus]) -> None:
    bus = make()

    async def fail(channel: str, hint: Hint) -> None:
        raise ValueError(channel)

    async def fail_missed() -> None:
        raise ValueError

    bus.subscribe(fail, fail_missed)
    other = Subscriber(bus)
    async with running(bus):
        await bus.publish("live", {"topic": "outbox"})
        await bus.publish("live", {"topic": "outbox"})
        await until(lambda: len(other.heard) == 2)


async def test_a_publisher_does_not_wait(make: Callable[[], Bus]) -> None:
    bus = make()
    heard = Subscriber(bus)
    for _ in range(10):
        await bus.publish("live", {})  # nobody runs it yet
    async with running(bus):
        await until(lambda: len(heard.heard) == 10)
