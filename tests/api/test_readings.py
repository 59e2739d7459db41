"""``POST /readings`` over the real framework: credential, format and refusals as a device sees them."""

import gzip
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from devices.arrivals import Arrival, KnownDevice
from devices.reader import Entry, Reader
from server.access.principal import Principal
from server.api import readings
from server.api.edge import Edge
from server.api.readings import credential_of
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.monitoring.intake import Credential, Intake
from tests.devices.codecs.sample_files import shipped

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPO2 = b'{"readings": [{"metric": "spo2", "value": 79, "unit": "%"}]}'
SECRET = "se:cret"
Client = TestClient[web.Request, web.Application]


class Known:
    def known(self, device_id: str) -> KnownDevice | None:
        return KnownDevice(device_id, timedelta(0))


async def deliver(arrival: Arrival) -> Entry:
    return Reader(Known()).read(arrival)


async def nobody(_token: str, _now: datetime) -> Principal | None:
    return None


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    intake = Intake(lambda device_id, secret: (device_id, secret) == ("OX-1", "se:cret"), deliver)
    table = route_table([Feature(readings.routes(intake), readings.problems)])
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(nobody, Edge(), lambda: NOON), version="1"))
    return await aiohttp_client(app)


async def post(
    client: Client, body: bytes, query: str = "", *, secret: str = SECRET, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    authorization = {"Authorization": encode_basic_auth("OX-1", secret)}
    sent = {"Content-Type": "application/json", **authorization, **(headers or {})}
    async with client.post(f"/api/v1/readings{query}", data=body, headers=sent) as response:
        return response.status, await response.json()


async def test_our_own_json_is_taken_without_another_word(client: Client) -> None:
    assert await post(client, SPO2) == (200, {"taken": 1, "refused": []})


@pytest.mark.parametrize(
    ("media_type", "sample", "taken"),
    [
        ("application/fhir+json", "fhir/bp.json", 2),
        ("application/fhir+json; charset=utf-8", "fhir/spo2.json", 1),
        ("application/senml+json", "senml/vitals.json", 9),
    ],
)
async def test_the_content_type_names_the_format(client: Client, media_type: str, sample: str, taken: int) -> None:
    status, reply = await post(client, shipped(sample), headers={"Content-Type": media_type})
    assert (status, reply) == (200, {"taken": taken, "refused": []})


async def test_the_query_names_the_format_whatever_the_content_type(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl says of --data
    assert await post(client, shipped("fhir/bp.json"), "?format=fhir", headers=form) == (
        200,
        {"taken": 2, "refused": []},
    )
    status, reply = await post(client, b'{"weight": 154.7}', "?format=gateway/imperial", headers=form)
    assert (status, reply["taken"]) == (200, 1)


async def test_without_a_format_the_known_ones_are_told(client: Client) -> None:
    status, problem = await post(client, SPO2, headers={"Content-Type": "text/plain"})
    assert (status, problem["type"]) == (415, "/problems/wrong-content-type")
    assert "application/fhir+json" in problem["detail"]
    for query in ("?format=morse", "?format=" + "x" * 65, "?form=fhir"):
        assert (await post(client, SPO2, query))[0] == 422


async def test_a_refused_reading_is_named_beside_those_that_were_taken(client: Client) -> None:
    body = SPO2.replace(b"[", b'[{"metric": "temp", "value": 364, "unit": "Cel"}, ')
    assert await post(client, body) == (
        200,
        {"taken": 1, "refused": [{"metric": "temp", "reason": "impossible", "detail": ""}]},
    )


async def test_a_message_that_cannot_be_read_is_refused_by_name(client: Client) -> None:
    status, problem = await post(client, b"{")
    assert (status, problem["type"], problem["reason"]) == (422, "/problems/message-refused", "bad_json")


async def test_a_wrong_secret_is_asked_for_the_right_one(client: Client) -> None:
    async with client.post("/api/v1/readings", data=SPO2) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="devices"')
    assert (await post(client, SPO2, secret="wrong"))[0] == 401


async def test_a_body_is_bounded_after_unpacking(client: Client) -> None:
    assert (await post(client, b" " * 70_000))[0] == 413
    bomb = gzip.compress(b" " * 10_000_000)
    assert (await post(client, bomb, headers={"Content-Encoding": "gzip"}))[0] == 413


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        ("Basic T1gtMTpzZTpjcmV0", Credential("OX-1", "se:cret")),
        ("basic T1gtMTpzZTpjcmV0", Credential("OX-1", "se:cret")),
        ("", Credential("", "")),
        ("Basic", Credential("", "")),
        ("Basic *", Credential("", "")),
        ("Basic /////w==", Credential("", "")),
        ("Basic \udcff", Credential("", "")),
        ("Basic é", Credential("", "")),
        ("Bearer T1gtMTpzZTpjcmV0", Credential("", "")),
        ("Basic T1gtMQ==", Credential("OX-1", "")),
    ],
)
def test_the_header_is_read_as_rfc_7617_has_it(header: str, credential: Credential) -> None:
    assert credential_of(header) == credential
