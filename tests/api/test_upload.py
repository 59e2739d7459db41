"""The one file of a form: read as it comes, counted, refused by name; and only where the handler asks for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.api import upload
from server.api.edge import Edge
from server.api.framework import Audience, Call, Poured, Route, Upload
from server.api.openapi import describe
from server.api.routes import Feature, RouteTable, route_table
from server.api.serving import Gate, build_api
from tests.api.tea_house import NOW, authenticate

Client = TestClient[Any, Any]


async def keep(call: Call[Upload]) -> dict[str, int]:
    return {"size": len(await call.body.read())}


async def pour(call: Call[Poured]) -> dict[str, int]:
    return {"size": await call.body.count()}


async def refuse(_call: Call[Upload]) -> dict[str, int]:
    return {"size": -1}


def table() -> RouteTable:
    shape = {"audience": Audience.PUBLIC, "body": Upload, "reply": dict[str, int]}
    routes = [
        Route(method="POST", path="/leaves", handler=keep, **shape),  # type: ignore[arg-type]
        Route(method="POST", path="/shut", handler=refuse, **shape),  # type: ignore[arg-type]
    ]
    poured = Route(method="POST", path="/sink", handler=pour, **{**shape, "body": Poured})  # type: ignore[arg-type]
    return route_table([Feature([*routes, poured], {})])


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    app = web.Application()
    app.add_subapp("/api", build_api(table(), Gate(authenticate, Edge(), lambda: NOW), version="1"))
    return await aiohttp_client(app)


def form(**fields: bytes) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, content in fields.items():
        data.add_field(name, content, filename="leaf.jpg", content_type="image/jpeg")
    return data


async def sent(client: Client, data: object, path: str = "/leaves", **headers: str) -> tuple[int, Any]:
    async with client.post(f"/api/v1{path}", data=data, headers=headers) as response:
        return response.status, await response.json()


async def test_a_file_comes_whole(client: Client) -> None:
    for size in (0, 1, 300_000):
        assert await sent(client, form(file=b"\r\n-" * size)) == (200, {"size": 3 * size})


async def test_a_file_that_is_too_large_is_not_read_to_its_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MAX_FILE_BYTES", 100_000)
    asked: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        for number in range(10_000):
            asked.append(number)
            yield bytes(50_000)

    status, problem = await sent(client, endless(), **{"Content-Type": "multipart/form-data; boundary=x"})
    assert (status, problem["type"]) == (413, "/problems/too-large")
    assert len(asked) < 500


async def test_a_length_that_is_too_large_is_believed_at_once(client: Client) -> None:
    status, problem = await sent(client, form(file=bytes(upload.MAX_FILE_BYTES + 100_000)))
    assert (status, problem["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (lambda: form(photo=b"x"), 422),
        (lambda: form(file=b"x", more=b"y"), 422),
        (lambda: aiohttp.FormData({"file": "x"}), 415),
        (lambda: b"{}", 415),
        (lambda: None, 415),
    ],
    ids=["another field", "two fields", "not a multipart form", "JSON", "nothing"],
)
async def test_anything_else_is_refused(client: Client, data: Callable[[], Any], status: int) -> None:
    assert (await sent(client, data()))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x--\r\n",
        b"--x\r\n\r\n\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        b"\0" * 999,
    ],
)
async def test_a_broken_form_is_refused_and_never_a_fault(client: Client, body: bytes) -> None:
    status, _ = await sent(client, body, **{"Content-Type": "multipart/form-data; boundary=x"})
    assert status in {415, 422}


async def test_who_stops_in_the_middle_is_told_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "FILE_TIMEOUT_S", 0.2)

    async def slow() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc'
        while True:
            await asyncio.sleep(0.05)
            yield b"."

    status, problem = await sent(client, slow(), **{"Content-Type": "multipart/form-data; boundary=x"})
    assert (status, problem["type"]) == (408, "/problems/too-slow")


async def test_what_is_refused_before_it_is_read_costs_nothing(client: Client) -> None:
    assert await sent(client, form(file=bytes(1000)), "/shut") == (200, {"size": -1})


def test_the_description_asks_for_a_form() -> None:
    operation = describe(table(), version="1")["paths"]["/api/v1/leaves"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]


BYTES = {"content-type": "application/octet-stream"}


async def test_poured_bytes_are_counted_and_a_million_is_enough(client: Client) -> None:
    """They measure the way here; nothing of them is kept."""
    assert await sent(client, b"x" * upload.MAX_POURED_BYTES, "/sink", **BYTES) == (200, {"size": 1024 * 1024})
    status, problem = await sent(client, b"x" * (upload.MAX_POURED_BYTES + 1), "/sink", **BYTES)
    assert (status, problem["type"]) == (413, "/problems/too-large")
    status, problem = await sent(client, b"{}", "/sink", **{"content-type": "application/json"})
    assert (status, problem["type"]) == (415, "/problems/wrong-content-type")


async def test_who_pours_drop_by_drop_is_cut(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "POURING_TIMEOUT_S", 0.05)
    more = asyncio.Event()

    async def drops() -> AsyncIterator[bytes]:
        yield b"x"
        await more.wait()

    status, problem = await sent(client, drops(), "/sink", **BYTES)
    more.set()
    assert (status, problem["type"]) == (408, "/problems/too-slow")
