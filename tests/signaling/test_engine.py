"""The connections under the messages: what a page costs, and when it counts as gone."""

import asyncio

import pytest
from engineio.packet import Packet as EnginePacket

from signaling import engine, sockets
from signaling.engine import WeighedQueue
from tests.signaling.hospital import RawPage, doctor, hospital, until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PING_S", 1)
    monkeypatch.setattr(sockets, "KEEP_S", 0.0)


@pytest.mark.usefixtures("quick")
async def test_a_page_that_answers_no_ping_is_gone_and_one_that_does_stays() -> None:
    async with hospital() as place, doctor(place) as alive, RawPage(place):
        assert place.hub.counts.clients == 2
        await until(lambda: place.hub.counts.clients == 1)
        assert alive.io.connected


async def test_a_page_is_no_task_but_those_of_the_http_server() -> None:
    async with hospital() as place, RawPage(place):
        before = len(asyncio.all_tasks())
        async with RawPage(place):
            assert len(asyncio.all_tasks()) - before == 2


async def test_nothing_is_kept_of_a_page_that_is_gone() -> None:
    async with hospital() as place:
        async with doctor(place):
            pass
        io = place.hub._sockets._io
        await until(lambda: not io.eio.sockets)
        assert (io.environ, io.manager.rooms) == ({}, {})


def test_the_queue_of_a_page_that_polls_knows_its_weight() -> None:
    queue = WeighedQueue()
    queue.put_nowait(EnginePacket(4, "12345"))
    queue.put_nowait(None)
    assert queue.weight == 5
    queue.get_nowait()
    assert queue.weight == 0
