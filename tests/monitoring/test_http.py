"""The routes over the real framework: shapes, refusals by name, and one answer for foreign and missing."""

from datetime import datetime, timedelta

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.api import devices, monitoring
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.monitoring.device_lines import Addresses
from tests.monitoring.house import DEVICE, NOON, STAFF, House, low_spo2

HERE = Addresses("192.0.2.7", 8883, True, "ca.crt", "https://192.0.2.7:8443", "http://192.0.2.7:8080/ca.crt")
Client = TestClient[web.Request, web.Application]


class Door:
    """A browser: each call names who is signed in."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, who: str, line: str, body: object = None) -> tuple[int, object]:
        method, path = line.split(" ", 1)
        cookies = {cookie_name(Audience.STAFF, secure=False): who}
        response = await self._client.request(method, f"/api/v1{path}", json=body, cookies=cookies)
        answer = await response.json() if response.status != 204 else None
        if isinstance(answer, dict):
            answer.pop("request_id", None)  # of every refusal another
        return response.status, answer

    async def upload(self, who: str, path: str, content: bytes) -> tuple[int, bytes]:
        """The file of a form, and the bytes of the answer."""
        cookies = {cookie_name(Audience.STAFF, secure=False): who}
        form = FormData()
        form.add_field("file", content, filename="devices.csv", content_type="text/csv")
        response = await self._client.post(f"/api/v1{path}", data=form, cookies=cookies)
        return response.status, await response.read()


@pytest.fixture
async def door(house: House, aiohttp_client: AiohttpClient) -> Door:
    people = {who.id: who for who in STAFF}

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        return people.get(token)

    services = monitoring.Monitoring(house.associations, house.alarms, house.reader)
    registry = devices.Registry(
        house.devices,
        house.certificates,
        house.device_reader,
        house.claims,
        house.replacing,
        house.bulk,
        lambda: HERE,
    )
    table = route_table(
        [
            Feature(monitoring.routes(services), monitoring.problems),
            Feature(devices.routes(registry), devices.problems),
        ]
    )
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), lambda: house.now), version="1"))
    return Door(await aiohttp_client(app))


def slug(body: object) -> str:
    assert isinstance(body, dict)
    return str(body["type"]).removeprefix("/problems/")


async def test_a_device_is_added_worn_and_taken_off(house: House, door: Door) -> None:
    status, added = await door.ask("operator", "POST /devices", {"id": "pulse-1", "label": "脉搏仪"})
    assert status == 201
    assert isinstance(added, dict)
    device = added["device"]
    assert (device["id"], device["label"], device["state"], device["worn"]) == ("pulse-1", "脉搏仪", "new", False)
    assert added["secret"] in added["lines"]["mosquitto_pub"]
    assert added["claim"]["url"] == f"https://bedside.example/claim#{added['claim']['code']}"
    assert len(added["secret"]) == 43
    assert added["topic"] == "bedside/v1/pulse-1/readings"
    wish = {"device_id": "pulse-1", "profile": "adult-continuous"}
    status, worn = await door.ask("doctor", "POST /patients/patient/devices", wish)
    assert status == 200
    assert isinstance(worn, dict)
    assert worn["patient"] == {"id": "patient", "name": "王小明"}
    detail = await door.ask("operator", "GET /devices/pulse-1")
    assert "spo2" not in str(detail)  # a value of ours would be taken for the wearer's
    assert "spo2" not in str(await door.ask("operator", "POST /devices/pulse-1/rotate"))
    assert (await door.ask("doctor", "POST /patients/patient/devices", wish))[0] == 409
    assert await door.ask("doctor", "DELETE /patients/patient/devices/pulse-1") == (204, None)


async def test_a_list_is_uploaded_looked_through_and_answered_with_credentials(door: Door) -> None:
    said = await door.upload("operator", "/devices/import/check", b"model,serial\nPM10,1\nPM10,\n")
    assert said[0] == 200
    assert b'"reason":"missing"' in said[1]
    status, refusal = await door.upload("operator", "/devices/import", b"model,serial\nPM10,\n")
    assert (status, b'"rows":1' in refusal) == (422, True)
    status, written = await door.upload("operator", "/devices/import?reissue=false", b"model,serial\nPM10,1\n")
    assert status == 200
    assert written.decode("utf-8-sig").startswith(
        "id,maker,model,serial,label,result,secret,claim_code,topic,claim_url"
    )
    assert (await door.upload("doctor", "/devices/import", b"model,serial\nPM10,2\n"))[0] == 403
    assert b"not_utf8" in (await door.upload("operator", "/devices/import", b"\xff"))[1]


async def test_a_page_of_devices_has_a_next_one(house: House, door: Door) -> None:
    await house.devices.add("system", "ox-1", None, NOON)
    status, page = await door.ask("operator", "GET /devices?limit=1&search=")
    assert isinstance(page, dict)
    assert (status, page["total"], page["next"]) == (200, 2, DEVICE)
    status, detail = await door.ask("doctor", f"GET /devices/{DEVICE}")
    assert isinstance(detail, dict)
    assert (status, detail["connectivity"]["state"]) == (200, "never")
    assert "$SECRET" in detail["connectivity"]["lines"]["curl"]


@pytest.mark.parametrize(
    ("who", "line", "body", "status", "expected"),
    [
        ("operator", "POST /devices", {"id": DEVICE, "label": "x"}, 409, "device-exists"),
        ("operator", "POST /devices", {"id": "a b", "label": "x"}, 422, "invalid"),
        ("operator", "POST /devices", {"serial": "12"}, 422, "invalid"),
        ("operator", "GET /devices?state=broken", None, 422, "invalid"),
        ("operator", "GET /devices?limit=201", None, 422, "invalid"),
        ("operator", "GET /devices/none", None, 404, "not-found"),
        ("operator", "POST /devices/none/rotate", None, 404, "not-found"),
        ("operator", f"POST /devices/{DEVICE}/replace", {"by": DEVICE}, 422, "invalid"),
        ("operator", f"POST /devices/{DEVICE}/replace", {"by": "none"}, 404, "not-found"),
        ("operator", f"POST /devices/{DEVICE}/claim-code", {"days": 366}, 422, "invalid"),
        ("operator", "POST /devices/claim", {"code": "0000-0000", "patient_id": "patient"}, 404, "claim-refused"),
        ("operator", f"POST /devices/{DEVICE}/certificates", {"pem": "no"}, 422, "certificate-refused"),
        ("operator", f"DELETE /devices/{DEVICE}/certificates/00ff", None, 404, "not-found"),
        ("doctor", f"POST /devices/{DEVICE}/certificates", {"pem": "no"}, 403, "not-allowed"),
        ("doctor", f"POST /devices/{DEVICE}/revoke", None, 403, "not-allowed"),
        ("doctor", "POST /devices", {"id": "x", "label": "x"}, 403, "not-allowed"),
        ("doctor", "POST /patients/patient/devices", {"device_id": DEVICE}, 409, "device-worn"),
        ("doctor", "POST /patients/patient/devices", {"device_id": "none"}, 404, "not-found"),
        ("doctor", "GET /patients/patient/readings?metrics=mood", None, 422, "invalid"),
        ("doctor", "GET /patients/patient/readings?metrics=spo2&minutes=361", None, 422, "invalid"),
        ("doctor", "POST /alarms/none/acknowledge", {"priority": "purple"}, 422, "invalid"),
        ("operator", "GET /patients/patient/alarms", None, 403, "not-allowed"),
        ("operator", "GET /patients/patient/readings?metrics=spo2", None, 403, "not-allowed"),
        ("nobody", "GET /devices", None, 401, "not-signed-in"),
    ],
)
async def test_a_refusal_has_a_name(door: Door, who: str, line: str, body: object, status: int, expected: str) -> None:
    got, problem = await door.ask(who, line, body)
    assert (got, slug(problem)) == (status, expected)


async def test_what_is_foreign_is_answered_like_what_is_missing(house: House, door: Door) -> None:
    await house.commit(low_spo2())
    [record] = await house.records()
    lines = [
        "GET /patients/{}/readings?metrics=spo2",
        "GET /patients/{}/alarms",
        "POST /patients/{}/devices",
        "DELETE /patients/{}/devices/" + DEVICE,
    ]
    for line in lines:
        body = {"device_id": DEVICE} if line.startswith("POST") else None
        foreign = await door.ask("foreign", line.format("patient"), body)
        assert foreign == await door.ask("foreign", line.format("0" * 32), body)
        assert foreign[0] == 404
    seen = {"priority": "medium"}
    foreign = await door.ask("foreign", f"POST /alarms/{record.episode.id}/acknowledge", seen)
    assert foreign == await door.ask("foreign", f"POST /alarms/{'0' * 32}/acknowledge", seen)
    assert foreign[0] == 404


async def test_readings_alarm_and_acknowledgement_as_the_console_reads_them(house: House, door: Door) -> None:
    await house.hear(NOON - timedelta(seconds=1), 88)
    await house.commit(low_spo2())
    status, trend = await door.ask("doctor", "GET /patients/patient/readings?metrics=spo2,pulse_rate&minutes=5")
    milliseconds = round((NOON - timedelta(seconds=1)).timestamp() * 1000)
    assert (status, trend) == (
        200,
        {"until": "2026-11-21T12:00:00Z", "series": {"spo2": [[milliseconds, 88.0]], "pulse_rate": []}},
    )
    _, alarms = await door.ask("doctor", "GET /patients/patient/alarms")
    assert isinstance(alarms, list)
    [alarm] = alarms
    assert alarm["limit"] == {"for_s": 15.0, "below": 90.0}
    assert alarm["next"] == {"to": "前台", "at": "2026-11-21T12:02:00Z"}
    assert alarm["acknowledged"] is None
    status, answered = await door.ask("doctor", f"POST /alarms/{alarm['id']}/acknowledge", {"priority": "medium"})
    assert isinstance(answered, dict)
    assert (status, answered["acknowledged"]) == (
        200,
        {"by": "李医生", "at": "2026-11-21T12:00:00Z", "priority": "medium"},
    )
    stale = {"priority": "medium", "round": alarm["round"] - 1}
    assert (await door.ask("doctor", f"POST /alarms/{alarm['id']}/acknowledge", stale))[0] == 409
    status, worse = await door.ask("doctor", f"POST /alarms/{alarm['id']}/acknowledge", {"priority": "low"})
    assert (status, slug(worse)) == (409, "alarm-worsened")
