"""The description of the API: every route is in it, every body and reply has a schema, and it is what is served."""

import re
from dataclasses import replace
from typing import Any

import msgspec
from pytest_aiohttp import AiohttpClient

from server.api.framework import Route
from server.api.openapi import describe
from server.api.routes import Feature, RouteTable, route_table
from tests.api.tea_house import ROUTES, Tea, problems, table, tea_house


class Tray(msgspec.Struct):
    teas: list[Tea]


def operation(document: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][f"/api/v1{route.path}"][route.method.lower()]
    return found


def references(part: object) -> list[str]:
    """Every $ref anywhere inside."""
    return re.findall(r"'\$ref': '([^']+)'", str(part))


def missing(document: dict[str, Any], described: RouteTable) -> list[Route]:
    """Routes that the document does not describe whole: the check that an application's own test repeats."""
    return [route for route in described.routes if not _is_whole(operation(document, route), route)]


def _is_whole(found: dict[str, Any], route: Route) -> bool:
    reply = found["responses"][str(route.success)]
    parts = {parameter["name"] for parameter in found["parameters"] if parameter["in"] == "path"}
    return (
        ("content" in reply) is (route.reply is not None)
        and ("requestBody" in found) is (route.body is not None)
        and parts == set(re.findall(r"{(\w+)}", route.path))
        and ("security" in found) is (route.action is not None)
    )


def test_every_route_is_described_whole() -> None:
    assert missing(describe(table(), version="1"), table()) == []


def test_every_reference_leads_somewhere() -> None:
    document = describe(table(), version="1")
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert {"#/components/schemas/Tea", "#/components/schemas/Order", "#/components/schemas/Problem"} <= known
    assert set(references(document)) <= known


def test_a_body_tells_that_more_fields_are_refused() -> None:
    order = describe(table(), version="1")["components"]["schemas"]["Order"]
    assert order["additionalProperties"] is False
    assert order["required"] == ["tea"]


def test_parameters_roles_and_statuses_are_told() -> None:
    document = describe(table(), version="1")
    drink, order = operation(document, ROUTES[0]), operation(document, ROUTES[1])
    told = [(part["name"], part["in"], part["required"]) for part in drink["parameters"]]
    assert told == [("id", "path", True), ("cups", "query", False)]
    assert set(order["responses"]) == {"201", "default"}
    assert order["x-roles"] == ["doctor"]
    assert order["security"] == [{"staff": []}]


def test_lists_and_two_shapes_of_one_name_are_described() -> None:
    class Other:
        class Tea(msgspec.Struct):
            leaves: int

    routes = [
        replace(ROUTES[0], path="/list", reply=list[Tea]),
        replace(ROUTES[0], path="/tray", reply=Tray),
        replace(ROUTES[0], path="/other", reply=Other.Tea),
    ]
    document = describe(route_table([Feature(routes, problems)]), version="1")
    schemas = [
        operation(document, route)["responses"]["200"]["content"]["application/json"]["schema"] for route in routes
    ]
    assert schemas[0]["type"] == "array"
    assert schemas[0]["items"] != schemas[2]


async def test_the_document_is_served_to_anybody(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(tea_house())
    response = await client.get("/api/openapi.json")
    document = await response.json()
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", "1.2.3")
    assert missing(document, table()) == []
    ids = [operation(document, route)["operationId"] for route in ROUTES]
    assert len(set(ids)) == len(ids)
