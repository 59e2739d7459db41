"""OpenAPI 3.1 from the route table and its types: what is served is what is described, there is no second list."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from server.api.cookies import cookie_name
from server.api.framework import Audience, File, Poured, Raw, Route, Upload
from server.api.routes import RouteTable, roles_that_may

_REF: Final = "#/components/schemas/{name}"
_PATH_PART: Final = re.compile(r"{(\w+)}")
_FORM: Final = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"]}
_BYTES: Final = {"type": "string", "format": "binary"}
_PROBLEM: Final = {"$ref": _REF.format(name="Problem")}


class Problem(msgspec.Struct):
    """A refusal (RFC 9457). ``type`` is a path under /problems; further members depend on it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    field: str | None = None


def describe(table: RouteTable, *, version: str) -> dict[str, Any]:
    """The whole document."""
    shapes = [shape for route in table.routes for shape in (route.body, route.query, route.reply)]
    types = [shape for shape in shapes if shape is not None and shape not in {File, Poured, Raw, Upload}]
    schemas, components = msgspec.json.schema_components([Problem, *types], ref_template=_REF)
    schema_of = dict(zip(map(repr, [Problem, *types]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in table.routes:
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = _operation(route, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bedside", "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _schemes()},
    }


def _operation(route: Route, schema_of: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', route.path).rstrip('_')}",
        "parameters": [*_path_parameters(route), *_query_parameters(route, schema_of, components)],
        "responses": {
            str(route.success): _reply(route, schema_of),
            "default": {"description": "Refused", "content": {"application/problem+json": {"schema": _PROBLEM}}},
        },
    }
    if route.body is Upload:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    elif route.body in {Poured, Raw}:
        operation["requestBody"] = {"required": True, "content": {"*/*": {"schema": _BYTES}}}
    elif route.body is not None:
        content = {"application/json": {"schema": schema_of[repr(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.audience is not Audience.PUBLIC:
        operation["security"] = [{route.audience.value: []}]
        operation["x-roles"] = sorted(role.value for role in roles_that_may(route))
    return operation


def _reply(route: Route, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = {"description": HTTPStatus(route.success).phrase}
    if route.reply is File:
        reply["content"] = {"*/*": {"schema": _BYTES}}
    elif route.reply is not None:
        reply["content"] = {"application/json": {"schema": schema_of[repr(route.reply)]}}
    return reply


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in _PATH_PART.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(
    route: Route, schema_of: Mapping[str, Any], components: Mapping[str, Any]
) -> Iterable[dict[str, Any]]:
    if route.query is None:
        return
    shape = components[schema_of[repr(route.query)]["$ref"].removeprefix(_REF.format(name=""))]
    for name, schema in shape["properties"].items():
        yield {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": schema}


def _schemes() -> dict[str, Any]:
    return {
        audience.value: {"type": "apiKey", "in": "cookie", "name": cookie_name(audience, secure=True)}
        for audience in (Audience.STAFF, Audience.PATIENT)
    }
