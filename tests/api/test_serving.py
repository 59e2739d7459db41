"""From a request to a response, over real HTTP: who is let in, what is refused and how, and what is logged."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from structlog.testing import capture_logs

from server.access.roles import Role
from server.api import serving
from server.api.edge import Edge
from tests.api.tea_house import PATIENT_NAME, tea_house

Client = TestClient[Any, Any]
STAFF = {"bedside": "doctor"}
PATIENT = {"bedside-visit": "patient"}


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(tea_house())


async def refused(response: ClientResponse) -> tuple[int, str]:
    """Status and slug of a problem, after a look at everything that all problems have in common."""
    problem = await response.json(content_type="application/problem+json")
    assert problem["status"] == response.status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    return response.status, problem["type"].removeprefix("/problems/")


async def order(client: Client, tea: str = "oolong", role: Role = Role.DOCTOR) -> ClientResponse:
    return await client.post("/api/v1/teas", json={"tea": tea}, cookies={"bedside": role.value})


async def send(client: Client, raw: bytes, content_type: str = "application/json") -> ClientResponse:
    headers = {"Content-Type": content_type, "Cookie": "bedside=doctor"}
    return await client.post("/api/v1/teas", data=raw, headers=headers)


async def test_a_good_call_is_answered_in_json_that_nobody_keeps(client: Client) -> None:
    response = await send(client, '{"tea": "乌龙", "cups": 2}'.encode())
    assert response.status == 201
    assert await response.json() == {"name": "乌龙", "cups": 2, "poured_at": "2026-11-21T09:30:00.120000Z"}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_path_and_query_reach_the_handler(client: Client) -> None:
    response = await client.get("/api/v1/teas/pu-erh?cups=3")
    assert await response.json() == {"name": "pu-erh", "cups": 3, "poured_at": "2026-11-21T09:30:00.120000Z"}


# ── who is let in ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("cookies", [{}, {"bedside": "unknown"}, {"bedside": ""}, {"bedside": "x" * 129}, PATIENT])
async def test_who_has_no_sign_in_is_not_signed_in(client: Client, cookies: dict[str, str]) -> None:
    assert await refused(await client.get("/api/v1/staff", cookies=cookies)) == (401, "not-signed-in")


async def test_bytes_that_are_no_text_in_the_cookie_are_nobody(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET /api/v1/staff HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: bedside=\xff\xfe\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_role_that_may_not_is_told_so(client: Client) -> None:
    assert await refused(await order(client, role=Role.OPERATOR)) == (403, "not-allowed")


async def test_one_browser_is_doctor_and_patient_by_two_cookies(client: Client) -> None:
    both = {**STAFF, **PATIENT}
    staff = await client.get("/api/v1/staff", cookies=both)
    patient = await client.get("/api/v1/ticket", cookies=both)
    assert (await staff.json())["actor"] == "user:id-of-doctor"
    assert (await patient.json())["actor"] == "ticket:id-of-patient"


@pytest.mark.parametrize(
    ("path", "cookies"), [("staff", {"bedside": "patient"}), ("ticket", {"bedside-visit": "doctor"})]
)
async def test_a_token_in_the_other_ones_cookie_is_nobody(client: Client, path: str, cookies: dict[str, str]) -> None:
    assert await refused(await client.get(f"/api/v1/{path}", cookies=cookies)) == (401, "not-signed-in")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/teas"), ("DELETE", "/teas/x"), ("POST", "/seat")])
async def test_another_site_changes_nothing(client: Client, method: str, path: str, headers: dict[str, str]) -> None:
    response = await client.request(method, f"/api/v1{path}", headers=headers, cookies=STAFF, json={"tea": "oolong"})
    assert await refused(response) == (403, "foreign-origin")
    assert "Set-Cookie" not in response.headers


async def test_our_own_page_does(client: Client) -> None:
    own = {"Origin": f"http://127.0.0.1:{client.port}", "Sec-Fetch-Site": "same-origin"}
    response = await client.post("/api/v1/teas", json={"tea": "oolong"}, cookies=STAFF, headers=own)
    assert response.status == 201


async def test_no_answer_lets_another_site_read_it(client: Client) -> None:
    response = await client.get("/api/v1/staff", cookies=STAFF, headers={"Origin": "https://evil.example"})
    assert not [name for name in response.headers if name.startswith("Access-Control")]
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# ── bodies ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_unknown_field_is_named(client: Client) -> None:
    response = await send(client, b'{"tea": "oolong", "role": "admin"}')
    assert (await response.json(content_type=None))["field"] == "role"
    assert await refused(response) == (422, "invalid")


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b'{"tea": "x", "tea": "y"}', (422, "invalid")),
        (b'{"tea": "x", "cups": NaN}', (400, "not-json")),
        (b'{"tea": "x"', (400, "not-json")),
        (b"", (400, "not-json")),
        (b"[" * 60_000, (422, "invalid")),
    ],
)
async def test_what_is_unclear_is_refused(client: Client, raw: bytes, refusal: tuple[int, str]) -> None:
    assert await refused(await send(client, raw)) == refusal


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]
)
async def test_only_json_is_taken(client: Client, kind: str) -> None:
    assert await refused(await send(client, b'{"tea": "x"}', kind)) == (415, "wrong-content-type")


async def test_json_with_a_charset_is_json(client: Client) -> None:
    assert (await send(client, b'{"tea": "x"}', "application/json; charset=utf-8")).status == 201


async def test_64_kib_are_taken_and_a_byte_more_is_not(client: Client) -> None:
    frame = len(b'{"tea": ""}')
    fits, too_large = (b'{"tea": "%s"}' % (b"x" * (size - frame)) for size in (64 * 1024, 64 * 1024 + 1))
    assert (await send(client, fits)).status == 201
    assert await refused(await send(client, too_large)) == (413, "too-large")


async def test_a_small_gzip_of_a_large_body_is_too_large(client: Client) -> None:
    bomb = gzip.compress(b'{"tea": "' + b"x" * 20_000_000 + b'"}')
    assert len(bomb) < 64 * 1024
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("/api/v1/teas", data=bomb, headers=headers, cookies=STAFF)
    assert await refused(response) == (413, "too-large")


async def test_a_body_that_trickles_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BODY_TIMEOUT_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = "POST /api/v1/seat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b"{")
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 408 ")
    writer.close()


@pytest.mark.parametrize(("raw", "status"), [(b"", 204), (b"{}", 204), (b'{"x": 1}', 422), (b"x", 400)])
async def test_where_nothing_is_asked_for_only_nothing_is_taken(client: Client, raw: bytes, status: int) -> None:
    assert (await client.post("/api/v1/seat", data=raw)).status == status


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/coffee",
        "/api/v1/teas/%00",
        "/api/v1/teas/a%2Fb",
        "/api/v1/teas/" + "x" * 65,
        "/api/v2/teas/x",
        "/api/",
        "/api",
    ],
)
async def test_what_is_not_there_is_a_problem_too(client: Client, path: str) -> None:
    assert await refused(await client.get(path)) == (404, "not-found")


async def test_a_wrong_method_is_told_the_right_ones(client: Client) -> None:
    response = await client.put("/api/v1/teas/x")
    assert response.headers["Allow"] == "DELETE, GET"
    assert await refused(response) == (405, "method-not-allowed")


async def test_a_features_error_is_its_problem_with_its_extras(client: Client) -> None:
    response = await order(client, "hot")
    assert (await response.json(content_type=None))["degrees"] == 99
    assert await refused(response) == (409, "too-hot")


async def test_who_tries_too_often_learns_when_to_come_back(client: Client) -> None:
    response = await order(client, "again")
    assert response.headers["Retry-After"] == "17"
    assert (await response.json(content_type=None))["retry_after_s"] == 17
    assert await refused(response) == (429, "too-many-tries")


async def test_a_fault_tells_its_id_and_no_internals(client: Client) -> None:
    with capture_logs() as logs:
        response = await order(client, "broken")
    text = await response.text()
    assert await refused(response) == (500, "fault")
    assert "kettle" not in text
    (fault,) = [line for line in logs if line["event"] == "http.fault"]
    assert fault["request_id"] == json.loads(text)["request_id"]
    assert isinstance(fault["exc_info"], RuntimeError)


# ── cookies and logs ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_on_plain_http_the_cookies_have_plain_names(client: Client) -> None:
    response = await client.post("/api/v1/seat")
    cleared, staff = sorted(response.headers.getall("Set-Cookie"))
    assert response.status == 204
    assert cleared == 'bedside-visit=""; HttpOnly; Max-Age=0; Path=/; SameSite=Lax'
    assert staff == "bedside=doctor; HttpOnly; Max-Age=3600; Path=/; SameSite=Lax"


async def test_behind_a_trusted_proxy_with_https_they_are_host_bound_and_secure(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(tea_house(Edge(trusted_proxies=("127.0.0.1/32",))))
    https = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}
    response = await client.post("/api/v1/seat", headers=https)
    assert "__Host-bedside=doctor; HttpOnly; Max-Age=3600; Path=/; SameSite=Lax; Secure" in response.headers.getall(
        "Set-Cookie"
    )
    secure = {"Cookie": "__Host-bedside=doctor", **https}
    assert (await (await client.get("/api/v1/staff", headers=secure)).json())["address"] == "198.51.100.1"
    plain = {"Cookie": "bedside=doctor", **https}
    assert (await client.get("/api/v1/staff", headers=plain)).status == 401


async def test_a_request_is_one_line_of_ids(client: Client) -> None:
    with capture_logs() as logs:
        response = await client.delete(f"/api/v1/teas/{PATIENT_NAME}?cups={PATIENT_NAME}", cookies=STAFF)
    (line,) = logs
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "http.request",
        "log_level": "info",
        "method": "DELETE",
        "route": "/api/v1/teas/{id}",
        "status": response.status,
        "request_id": response.headers["X-Request-Id"],
        "actor": "user:id-of-doctor",
    }


async def test_what_was_not_found_is_logged_without_its_path(client: Client) -> None:
    with capture_logs() as logs:
        await client.get(f"/api/v1/{PATIENT_NAME}")
    (line,) = logs
    assert (line["status"], line["route"], line["actor"]) == (404, None, "anyone")
    assert PATIENT_NAME not in str(line)
