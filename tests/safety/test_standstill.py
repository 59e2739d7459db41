"""Evaluation that hangs, where nothing fails: readiness must say that no alarm is raised any more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from devices.evaluation_log import Standing
from server import condition
from server.app import Bedside, open_bedside
from server.monitoring.evaluation import EvaluationRecorder
from server.settings import Data, Mqtt, Settings, Web
from tests.ports import free_port


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Bedside]:
    settings = Settings(
        web=Web(host="127.0.0.1", http_port=free_port(), https_port=free_port()),
        data=Data(directory=tmp_path),
        mqtt=Mqtt(port=0, tls_port=free_port()),
    )
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    yield bedside
    await bedside.stop()


async def test_a_second_that_never_ends_is_said(house: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition, "STANDSTILL_S", 2.0)
    await until_ready(house, [])

    async def hang(_log: EvaluationRecorder) -> Standing:
        await asyncio.Event().wait()
        raise AssertionError("nobody rings")

    monkeypatch.setattr(EvaluationRecorder, "standing", hang)
    await until_ready(house, ["alarms: evaluation stands still"])


async def until_ready(house: Bedside, missing: list[str]) -> None:
    url = f"http://127.0.0.1:{house.ports['http']}/readyz"
    async with asyncio.timeout(30), aiohttp.ClientSession() as client:
        while True:
            async with client.get(url, headers={"Host": "localhost"}) as reply:
                if (await reply.json())["not_ready"] == missing:
                    return
            await asyncio.sleep(0.1)
