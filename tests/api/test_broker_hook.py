"""EMQX's contract, from its documentation: what its HTTP authenticator and authorizer send, which answers they know.

The broker itself is not part of these tests: bodies are what its documented templates make of a client.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.api import broker_hook
from server.api.edge import Edge
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.monitoring.broker_hook import BrokerHook, ServersOwn

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "f" * 64
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
OX1 = {"clientid": "ox1", "username": "ox1", "password": "right", "peerhost": "192.0.2.7"}
MINE = {"clientid": "ox1", "username": "ox1", "action": "publish", "topic": "bedside/v1/ox1/readings",
        "qos": "1", "retain": "false"}  # fmt: skip
Client = TestClient[web.Request, web.Application]


async def nobody(_token: str, _now: datetime) -> Principal | None:
    return None


async def door(aiohttp_client: AiohttpClient, hook: BrokerHook | None) -> Client:
    app = web.Application()
    table = route_table([Feature(broker_hook.routes(hook), {})])
    app.add_subapp("/api", build_api(table, Gate(nobody, Edge(), lambda: NOON), version="1"))
    return await aiohttp_client(app)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    server = ServersOwn("bedside-server", "bedside-server", "server's")
    check = lambda device, secret: (device, secret) == ("ox1", "right")  # noqa: E731
    return await door(aiohttp_client, BrokerHook(SECRET, server, check, {"ox1"}.__contains__))


async def ask(client: Client, path: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post(f"/api/v1/broker/{path}", data=data, headers=HEADERS if headers is None else headers) as r:
        return r.status, r.content_type, await r.json()


async def test_a_client_is_allowed_and_never_as_a_superuser(client: Client) -> None:
    assert await ask(client, "connect", OX1) == (200, "application/json", {"result": "allow", "is_superuser": False})


async def test_a_topic_is_allowed(client: Client) -> None:
    assert await ask(client, "topic", MINE) == (200, "application/json", {"result": "allow"})


DENIED: dict[str, tuple[str, object]] = {
    "wrong secret": ("connect", {**OX1, "password": "wrong"}),
    "another client id": ("connect", {**OX1, "clientid": "ox2"}),
    "nothing known": ("connect", {}),
    "a number for a name": ("connect", {**OX1, "username": 7}),
    "null": ("connect", {**OX1, "password": None}),
    "foreign topic": ("topic", {**MINE, "topic": "bedside/v1/ox2/readings"}),
    "everything": ("topic", {**MINE, "action": "subscribe", "topic": "#"}),
    "no action": ("topic", {"clientid": "ox1", "username": "ox1", "topic": "bedside/v1/ox1/readings"}),
    "no JSON": ("connect", b"clientid=ox1"),
    "no UTF-8": ("topic", b'{"topic": "\xff"}'),
    "nothing": ("topic", b""),
    "a list": ("connect", []),
    "nested": ("connect", b"[" * 20_000),
}


@pytest.mark.parametrize("case", DENIED)
async def test_all_else_is_denied_by_a_200_that_emqx_cannot_take_for_ignore(client: Client, case: str) -> None:
    status, kind, reply = await ask(client, *DENIED[case])
    assert (status, kind, reply["result"]) == (200, "application/json", "deny")
    assert not reply.get("is_superuser")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer " + "e" * 64},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": SECRET},
        {"X-Request-Source": "EMQX"},
    ],
)
async def test_who_is_not_the_broker_is_told_no_whatever_it_knows(client: Client, headers: dict[str, str]) -> None:
    for path, body in (("connect", OX1), ("topic", MINE)):
        status, _, reply = await ask(client, path, body, headers)
        assert (status, reply["result"]) == (200, "deny")


async def test_fields_that_a_configuration_adds_do_no_harm(client: Client) -> None:
    _, _, reply = await ask(client, "connect", {**OX1, "proto_name": "MQTT", "cert_common_name": ""})
    assert reply["result"] == "allow"


async def test_where_no_broker_is_set_to_ask_everybody_is_told_no(aiohttp_client: AiohttpClient) -> None:
    closed = await door(aiohttp_client, None)
    assert (await ask(closed, "connect", OX1))[2]["result"] == "deny"
