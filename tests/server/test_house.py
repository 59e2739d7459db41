"""The whole house without a browser, embedded and on PostgreSQL with Mosquitto: a message becomes an alarm."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, encode_basic_auth
from pydantic import SecretStr

from devices import topics
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Endpoint
from devices.rules import Priority
from devices.tcp.mllp import block
from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import UserWish
from server.app import Bedside, open_bedside
from server.clinic.session import Hours
from server.listener_settings import MllpSection
from server.monitoring.associations import Wish
from server.monitoring.reader import Trend
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
    mllp = MllpSection(listen=True, port=0, allow=("127.0.0.1",), devices={"127.0.0.1": "BM-77"})
    data = Data(directory=tmp_path / "data", database=surroundings)
    settings = Settings(web=web, data=data, mqtt=mqtt, mllp=mllp)
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


async def test_what_is_posted_and_what_comes_in_another_format_is_stored_like_what_is_published(house: Bedside) -> None:
    doctor, patient_id, secret = await _zhao_min_wears_an_oximeter(house)
    url, headers = _post_to(house, secret)
    async with ClientSession() as http, http.post(url, data=_desaturation(), headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"taken": 20, "refused": []})
    assert (await _alarm(house, doctor, patient_id)).condition == "spo2.low"
    ratio = b'[{"n": "temp", "u": "Cel", "v": 36.8}]'
    for format_ in ("senml", "readings/senml"):
        await _publish_in(house, secret, topics.in_format("BM-77", format_), ratio)
    assert await _values(house, doctor, patient_id, "temp", number=2) == [36.8, 36.8]


async def test_a_monitor_on_tcp_hears_that_its_message_is_safe_when_it_is_stored(house: Bedside) -> None:
    doctor, patient_id, _ = await _zhao_min_wears_an_oximeter(house)
    observed = "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||79|262688^MDC_DIM_PERCENT^MDC|||||F"
    message = f"MSH|^~\\&|MON||||{datetime.now(UTC):%Y%m%d%H%M%S}+0000||ORU^R01|7|P|2.6\r{observed}\r"
    reader, writer = await asyncio.open_connection("127.0.0.1", house.ports["mllp"])
    writer.write(block(message.encode()))
    assert b"MSA|AA|7\r" in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 30)
    writer.close()
    trend = Trend(["spo2"], 5, datetime.now(UTC))
    seen = await house.services.monitoring_reader.readings(doctor, patient_id, trend)
    assert [value for _, value in seen.series["spo2"]] == [79.0]


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
    session_id = await services.consulting.clinic.create_session(hours, "system", now)
    await services.consulting.clinic.book(doctor, session_id, MIN, now)
    patient_id = (await services.consulting.clinic_reader.line(doctor, session_id)).tickets[0].patient.id
    added = await services.registering.devices.add("system", "BM-77", "Oximeter", now)
    worn_since = now - timedelta(minutes=1)
    await services.registering.associations.associate(doctor, Wish(patient_id, "BM-77", "adult-continuous"), worn_since)
    return doctor, patient_id, added.secret


async def _publish(house: Bedside, secret: str, payload: bytes) -> object:
    """What the server says on …/ack."""
    heard = asyncio.Queue[bytes]()
    device = await _connected(house, secret, heard)
    device.publish(topics.readings("BM-77"), payload)
    receipt = json.loads(await asyncio.wait_for(heard.get(), 10))
    device.disconnect()
    return receipt


async def _publish_in(house: Bedside, secret: str, topic: str, payload: bytes) -> None:
    device, taken = await _connected(house, secret, asyncio.Queue()), asyncio.Event()
    device.on_published = lambda _mid: taken.set()
    device.publish(topic, payload)
    await asyncio.wait_for(taken.wait(), 10)
    device.disconnect()


async def _connected(house: Bedside, secret: str, heard: asyncio.Queue[bytes]) -> DeviceClient:
    device = DeviceClient(Endpoint("127.0.0.1", house.ports["mqtt"], "BM-77", secret), [topics.ack("BM-77")])
    up = asyncio.Event()
    device.on_up, device.on_message = up.set, lambda _topic, payload: heard.put_nowait(payload)
    await device.connect()
    await asyncio.wait_for(up.wait(), 5)
    await asyncio.sleep(0.1)  # the subscription
    return device


def _post_to(house: Bedside, secret: str) -> tuple[str, dict[str, str]]:
    url = f"http://127.0.0.1:{house.ports['http']}/api/v1/readings"
    return url, {"Content-Type": "application/json", "Authorization": encode_basic_auth("BM-77", secret)}


async def _values(house: Bedside, doctor: Principal, patient_id: str, metric: str, *, number: int) -> list[float]:
    """Of the last minutes, once there are as many."""
    async with asyncio.timeout(10):
        while True:
            trend = Trend([metric], 5, datetime.now(UTC))
            seen = await house.services.monitoring_reader.readings(doctor, patient_id, trend)
            if len(values := [value for _, value in seen.series.get(metric, [])]) >= number:
                return values
            await asyncio.sleep(0.05)


async def _alarm(house: Bedside, doctor: Principal, patient_id: str) -> AlarmView:
    async with asyncio.timeout(5):
        while not (alarms := await house.services.alarms.of_patient(doctor, patient_id)):
            await asyncio.sleep(0.05)
    return alarms[0]
