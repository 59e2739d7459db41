"""From a message to the doctor's telephone while the rest of the house is at its limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.rules import Priority
from server.access.roles import Role
from server.access.users import UserWish
from server.app import Bedside, open_bedside
from server.settings import Data, Mqtt, Settings, Web
from tests.ports import free_port
from tests.server.test_house import PASSWORD, _alarm, _desaturation, _publish, _zhao_min_wears_an_oximeter

POOL = 10  # connections of server.store.engine for everything that is not on the alarm path


@pytest.fixture
async def house(postgres_url: str, tmp_path: Path) -> AsyncIterator[Bedside]:
    settings = Settings(
        web=Web(host="127.0.0.1", http_port=free_port(), https_port=free_port()),
        data=Data(directory=tmp_path, database=postgres_url),
        mqtt=Mqtt(port=0, tls_port=free_port()),
    )
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    yield bedside
    await bedside.stop()


@pytest.mark.postgres
async def test_pages_that_hold_every_connection_delay_no_alarm_and_no_answer(house: Bedside) -> None:
    """The alarm path shares no pool with bulk work: stored, raised, told and answered while nobody else gets a turn."""
    doctor, patient_id, secret = await _zhao_min_wears_an_oximeter(house)
    operator = UserWish(login="desk", name="Chen", role=Role.OPERATOR, password=PASSWORD, phone="+8613800000003")
    await house.services.users.create(operator, "system", datetime.now(UTC))
    async with AsyncExitStack() as hogs:
        for _ in range(POOL):
            await hogs.enter_async_context(house.store.read(lambda connection: connection))
        async with asyncio.timeout(10):
            await _publish(house, secret, _desaturation())
            alarm = await _alarm(house, doctor, patient_id)
            while not any(told.state == "sent" for told in (await _alarm(house, doctor, patient_id)).told):
                await asyncio.sleep(0.05)
            now = datetime.now(UTC)
            assert (await house.services.alarms.acknowledge(doctor, alarm.id, Priority.HIGH, now)).acknowledged
