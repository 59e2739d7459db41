"""Two nodes over a real Redis that is killed, forgets and stalls: nothing is lost that nobody is told of."""

import asyncio

import redis.asyncio as redis

from server.bus.redis import CHANNEL, FRAME_LIMIT, RedisBus
from tests.bus.conftest import RedisServer
from tests.bus.subscriber import Subscriber, running, until

HINT = {"topic": "outbox"}


def node(server: RedisServer) -> RedisBus:
    return RedisBus(server.url, beat_s=0.1, silence_s=0.5)


async def test_a_hint_reaches_the_other_node_and_its_own_once(redis_server: RedisServer) -> None:
    here, there = node(redis_server), node(redis_server)
    at_home, abroad = Subscriber(here), Subscriber(there)
    async with running(here, there):
        await here.publish("live", HINT)
        await there.publish("end", {})
        await until(lambda: len(abroad.heard) == len(at_home.heard) == 2)
    assert sorted(abroad.heard) == sorted(at_home.heard) == [("end", {}), ("live", HINT)]


async def test_without_redis_the_node_hears_itself_and_says_that_it_is_not_ready(redis_server: RedisServer) -> None:
    bus = node(redis_server)
    subscriber = Subscriber(bus)
    async with running(bus):
        redis_server.kill()
        await until(lambda: not bus.ready)
        await bus.publish("live", HINT)
        await until(lambda: subscriber.heard == [("live", HINT)])


async def test_after_a_restart_everyone_reads_again_and_hears_again(redis_server: RedisServer) -> None:
    here, there = node(redis_server), node(redis_server)
    Subscriber(here)
    abroad = Subscriber(there)
    async with running(here, there):
        await until(lambda: abroad.missed == 1)  # at the start, when it may have missed what came before
        redis_server.kill()
        await until(lambda: not (here.ready or there.ready))
        await here.publish("live", HINT)
        before = abroad.missed
        redis_server.start()
        await until(lambda: abroad.missed > before)
        await until(lambda: here.ready)
        await here.publish("later", HINT)
        await until(lambda: ("later", HINT) in abroad.heard)


async def test_a_redis_that_stalls_is_noticed_and_left(redis_server: RedisServer) -> None:
    bus = node(redis_server)
    subscriber = Subscriber(bus)
    async with running(bus):
        await until(lambda: subscriber.missed == 1)
        redis_server.pause()
        await until(lambda: not bus.ready)
        redis_server.go_on()
        await until(lambda: bus.ready and subscriber.missed >= 2)


async def test_what_could_not_be_sent_is_owed_to_a_node_that_stayed_connected(redis_server: RedisServer) -> None:
    here, there = node(redis_server), node(redis_server)
    abroad = Subscriber(there)
    async with running(here, there):
        await until(lambda: abroad.missed == 1)
        here._owes_missed = True
        await here.publish("live", HINT)
        await until(lambda: abroad.missed == 2 and abroad.heard == [("live", HINT)])
        assert not here._owes_missed


async def test_what_is_not_understood_is_a_reason_to_read_again(redis_server: RedisServer) -> None:
    bus = node(redis_server)
    subscriber = Subscriber(bus)
    stranger = redis.from_url(redis_server.url)
    async with running(bus):
        await until(lambda: subscriber.missed == 1)
        for data in (b"\xff", b"[]", b'{"node": 1}', b"{" * FRAME_LIMIT * 2):
            await stranger.publish(CHANNEL, data)
        await until(lambda: subscriber.missed >= 2)
        await bus.publish("live", HINT)
        await until(lambda: subscriber.heard == [("live", HINT)])
    await stranger.aclose()


async def test_it_ends_whenever_it_is_told_to(redis_server: RedisServer) -> None:
    for pause_ms in range(0, 120, 5):
        bus = RedisBus(redis_server.url, beat_s=0.01, silence_s=0.5)
        task = asyncio.get_running_loop().create_task(bus.run())
        await bus.publish("live", HINT)
        await asyncio.sleep(pause_ms / 1000)
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.done()
        await bus.close()
