"""The whole house without a browser, embedded and on PostgreSQL with Mosquitto: a message becomes an alarm."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from devices import topics
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Endpoint
from devices.rules import Priority
from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import UserWish
from server.app import Bedside, open_bedside
from server.clinic.session import Hours
from server.monitoring.associations import Wish
from server.monitoring.views import AlarmView
from server.notifications.deliveries import DeliveryState
from server.patients.patient import PatientDetails, Sex
from server.settings import Data, Mqtt, Settings, Web
from tests.devices.mosquitto import Mosquitto
from tests.ports import free_port

PASSWORD = "correct-horse-battery"
MIN = PatientDetails("Zhao Min", Sex.FEMALE, date(1957, 3, 14), "+8613800138000", "en")


@pytest.fixture(params=["embedded", "outside"])
def surroundings(request: pytest.FixtureRequest) -> str:
    """The address of a PostgreSQL database, or nothing for all that is embedded."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "outside" else ""


@pytest.fixture
async def house(surroundings: str, tmp_path: Path) -> AsyncIterator[Bedside]:
    broker = Mosquitto(tmp_path) if surroundings else None
    mqtt = Mqtt(port=0, tls_port=free_port())
    if broker:
        broker.start()
        mqtt = Mqtt(broker="outside", port=broker.port, password=SecretStr("any"))
    web = Web(host="127.0.0.1", http_port=free_port(), https_port=free_port())
    settings = Settings(web=web, data=Data(directory=tmp_path / "data", database=surroundings), mqtt=mqtt)
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    yield bedside
    await bedside.stop()
    if broker:
        broker.kill()


async def test_a_message_is_acknowledged_stored_alarmed_told_and_answered_for(house: Bedside) -> None:
    doctor, patient_id, secret = await _zhao_min_wears_an_oximeter(house)
    receipt = await _publish(house, secret, _desaturation())
    assert receipt == {"epoch": "e1", "seq": 1}
    alarm = await _alarm(house, doctor, patient_id)
    assert (alarm.condition, alarm.priority, alarm.rule) == ("spo2.low", "high", "spo2.desaturation")
    letters = [letter for letter in await house.services.messaging.doors.outbox.newest() if letter.template == "alarm"]
    assert {letter.state for letter in letters} <= {DeliveryState.QUEUED, DeliveryState.SENT}
    assert {letter.address for letter in letters} == {"+8613800000001"}
    answered = await house.services.alarms.acknowledge(doctor, alarm.id, Priority(alarm.priority), datetime.now(UTC))
    assert answered.acknowledged
    assert answered.acknowledged.by == "Lin Wei"


async def test_the_same_message_again_changes_nothing_and_is_acknowledged_again(house: Bedside) -> None:
    doctor, patient_id, secret = await _zhao_min_wears_an_oximeter(house)
    message = _desaturation()
    assert await _publish(house, secret, message) == await _publish(house, secret, message) == {"epoch": "e1", "seq": 1}
    await _alarm(house, doctor, patient_id)
    await asyncio.sleep(0.5)
    assert len(await house.services.alarms.of_patient(doctor, patient_id)) == 1
    letters = [letter for letter in await house.services.messaging.doors.outbox.newest() if letter.template == "alarm"]
    assert len(letters) == len({letter.cause for letter in letters})


def _desaturation() -> bytes:
    """Twenty seconds at 79 %, measured just now: long enough for both rules."""
    start = datetime.now(UTC) - timedelta(seconds=25)
    readings = [
        {"metric": "spo2", "value": 79, "unit": "%", "at": (start + timedelta(seconds=second)).isoformat()}
        for second in range(20)
    ]
    return json.dumps({"epoch": "e1", "seq": 1, "oldest": 1, "readings": readings}).encode()


async def _zhao_min_wears_an_oximeter(house: Bedside) -> tuple[Principal, str, str]:
    """The doctor, the patient's id and the device's secret."""
    services, now = house.services, datetime.now(UTC)
    wish = UserWish(login="dr.wei", name="Lin Wei", role=Role.DOCTOR, password=PASSWORD, phone="+8613800000001")
    user = await services.users.create(wish, "system", now)
    doctor = Principal(Role.DOCTOR, user.id, user.name, "s")
    hours = Hours(user.id, "Cardiology", now, now + timedelta(hours=4))
    session_id = await services.clinic.create_session(hours, "system", now)
    await services.clinic.book(doctor, session_id, MIN, now)
    patient_id = (await services.clinic_reader.line(doctor, session_id)).tickets[0].patient.id
    added = await services.devices.add("system", "BM-77", "Oximeter", now)
    worn_since = now - timedelta(minutes=1)
    await services.associations.associate(doctor, Wish(patient_id, "BM-77", "adult-continuous"), worn_since)
    return doctor, patient_id, added.secret


async def _publish(house: Bedside, secret: str, payload: bytes) -> object:
    """What the server says on …/ack."""
    endpoint = Endpoint("127.0.0.1", house.ports["mqtt"], "BM-77", secret)
    device = DeviceClient(endpoint, [topics.ack("BM-77")])
    up, heard = asyncio.Event(), asyncio.Queue[bytes]()
    device.on_up, device.on_message = up.set, lambda _topic, payload: heard.put_nowait(payload)
    await device.connect()
    await asyncio.wait_for(up.wait(), 5)
    await asyncio.sleep(0.1)  # the subscription
    device.publish(topics.readings("BM-77"), payload)
    receipt = json.loads(await asyncio.wait_for(heard.get(), 10))
    device.disconnect()
    return receipt


async def _alarm(house: Bedside, doctor: Principal, patient_id: str) -> AlarmView:
    async with asyncio.timeout(5):
        while not (alarms := await house.services.alarms.of_patient(doctor, patient_id)):
            await asyncio.sleep(0.05)
    return alarms[0]
