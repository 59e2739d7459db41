"""A task that fails is named, counted and started again; the others do not notice."""

import asyncio

import pytest

from server import supervise
from server.supervise import Supervisor


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.01)


async def test_a_failed_task_comes_back_and_is_named_meanwhile() -> None:
    supervisor, runs, may_go_on = Supervisor(), 0, asyncio.Event()

    async def fails_once() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ConnectionError
        may_go_on.set()
        await asyncio.Event().wait()

    supervisor.start("ingest", fails_once)
    while not supervisor.down():
        await asyncio.sleep(0)
    assert supervisor.down() == ["ingest: ConnectionError"]
    await asyncio.wait_for(may_go_on.wait(), 2)
    assert supervisor.down() == []
    assert supervisor.failures() == {"ingest": 1}
    await supervisor.stop_all()


async def test_a_task_that_just_ends_is_a_failure_too() -> None:
    supervisor, runs = Supervisor(), 0

    async def ends() -> None:
        nonlocal runs
        runs += 1

    supervisor.start("outbox", ends)
    while runs < 2:
        await asyncio.sleep(0.005)
    assert supervisor.failures()["outbox"] >= 1
    await supervisor.stop_all()


async def test_a_task_that_was_cancelled_by_nobody_here_is_a_failure_too() -> None:
    """A driver may let a cancellation of its own escape: the alarms must not end by it without a word."""
    supervisor, runs = Supervisor(), 0

    async def cancelled_from_within() -> None:
        nonlocal runs
        runs += 1
        raise asyncio.CancelledError

    supervisor.start("alarms", cancelled_from_within)
    async with asyncio.timeout(20):
        while runs < 2:
            await asyncio.sleep(0.005)
    assert supervisor.failures()["alarms"] >= 1
    await supervisor.stop_all()


async def test_stopping_is_bounded_even_where_a_task_holds_on() -> None:
    supervisor = Supervisor()

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)
                raise

    supervisor.start("stubborn", stubborn)
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await supervisor.stop("stubborn", timeout_s=0.05)
    assert loop.time() - before < 0.4
    await asyncio.sleep(0.6)
