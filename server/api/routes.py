"""The route table: every feature's routes and problems in one, checked before the server starts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from server.access.roles import Role, may
from server.api.errors import COMMON, Problems
from server.api.framework import Audience, Body, Poured, Route, Upload


class BadTable(Exception):
    """A route that nobody may be allowed to add: the server does not start with it."""


@dataclass(frozen=True)
class Feature:
    """What one feature module contributes."""

    routes: Sequence[Route]
    problems: Problems


@dataclass(frozen=True)
class RouteTable:
    """All routes in the order of the features, and what each error is to the caller."""

    routes: tuple[Route, ...]
    problems: Problems


def route_table(features: Iterable[Feature]) -> RouteTable:
    """One table of all features. Raises BadTable for a route that is there twice, unguarded or loosely shaped."""
    listed = tuple(features)
    routes = tuple(route for feature in listed for route in feature.routes)
    twice = [line for line, times in Counter(f"{route.method} {route.path}" for route in routes).items() if times > 1]
    if twice:
        raise BadTable(f"twice in the table: {', '.join(twice)}")
    for route in routes:
        _check(route)
    problems = {error: kind for feature in listed for error, kind in feature.problems.items()}
    return RouteTable(routes, {**problems, **COMMON})


def roles_that_may(route: Route) -> frozenset[Role]:
    """The row of the access matrix; empty for a public route, which asks nobody who they are."""
    if route.action is None:
        return frozenset()
    return frozenset(role for role in _roles(route.audience) if may(role, route.action))


def _check(route: Route) -> None:
    line = f"{route.method} {route.path}"
    if (route.action is None) is not (route.audience is Audience.PUBLIC):
        raise BadTable(f"{line}: a route has an action, or is public")
    if route.action is not None and not roles_that_may(route):
        raise BadTable(f"{line}: no role of its audience may do {route.action.value}")
    for shape in (route.body, route.query):
        if shape is not None and shape not in {Poured, Upload} and not _is_strict(shape):
            raise BadTable(f"{line}: {shape.__name__} lets unknown fields pass; derive it and its parts from Body")


def _roles(audience: Audience) -> frozenset[Role]:
    patient = frozenset({Role.PATIENT})
    return patient if audience is Audience.PATIENT else frozenset(Role) - patient


def _is_strict(shape: type[Body]) -> bool:
    structs = [
        found for found in _walk(msgspec.inspect.type_info(shape)) if isinstance(found, msgspec.inspect.StructType)
    ]
    return all(struct.forbid_unknown_fields for struct in structs)


def _walk(info: object) -> Iterable[object]:
    """The type and everything inside it: msgspec's type descriptions are structs of structs, tuples and fields."""
    yield info
    if isinstance(info, tuple):
        inner: Iterable[object] = info
    elif isinstance(info, msgspec.Struct):
        inner = (getattr(info, name) for name in info.__struct_fields__)
    else:
        inner = ()
    for part in inner:
        yield from _walk(part)
