"""A feature of the tests' own, with one route of each kind, behind the real framework."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from aiohttp import web

from server.access.errors import TooManyTries
from server.access.principal import Principal
from server.access.roles import Action, Role
from server.api.edge import Edge
from server.api.errors import NOT_FOUND, ProblemKind, Problems
from server.api.framework import Answer, Audience, Body, Call, Cookie, Route
from server.api.routes import Feature, RouteTable, route_table
from server.api.serving import Gate, build_api

NOW: Final = datetime(2026, 11, 21, 9, 30, 0, 120_000, tzinfo=UTC)
TOKENS: Final = {role.value: Principal(role, f"id-of-{role.value}", "Wang Li", "s1") for role in Role}
PATIENT_NAME: Final = "Zhao-Min-who-is-in-no-log"


class NoSuchTea(Exception):
    pass


class TooHot(Exception):
    def __init__(self) -> None:
        super().__init__("Wait a little.")
        self.degrees = 99


class Order(Body, frozen=True):
    tea: str
    cups: int = 1


class Asked(Body, frozen=True):
    cups: int = 1


class Tea(msgspec.Struct, frozen=True):
    name: str
    cups: int
    poured_at: datetime


problems: Final[Problems] = {
    NoSuchTea: NOT_FOUND,
    TooHot: ProblemKind(409, "too-hot", "Too hot", ("degrees",)),
}


async def drink(call: Call[None]) -> Tea:
    return Tea(call.path["id"], call.query.cups, call.now)


async def order(call: Call[Order]) -> Tea:
    if call.body.tea == "foreign":
        raise NoSuchTea("There is no such tea.")
    if call.body.tea == "hot":
        raise TooHot
    if call.body.tea == "again":
        raise TooManyTries(retry_after_s=17)
    if call.body.tea == "broken":
        raise RuntimeError(f"the kettle of {PATIENT_NAME} is broken")
    return Tea(call.body.tea, call.body.cups, call.now)


async def sit_down(call: Call[None]) -> Answer:
    return Answer(cookies=(Cookie(Audience.STAFF, "doctor", call.now + timedelta(hours=1)), Cookie(Audience.PATIENT)))


async def whoami(call: Call[None]) -> dict[str, str]:
    return {"actor": call.who.actor, "address": call.address}


ROUTES: Final = [
    Route(method="GET", path="/teas/{id}", handler=drink, audience=Audience.PUBLIC, query=Asked, reply=Tea),
    Route(method="POST", path="/teas", handler=order, action=Action.LINE_RUN, body=Order, reply=Tea, status=201),
    Route(method="POST", path="/seat", handler=sit_down, audience=Audience.PUBLIC),
    Route(method="GET", path="/staff", handler=whoami, action=Action.LINE_READ, reply=dict[str, str]),
    Route(
        method="GET",
        path="/ticket",
        handler=whoami,
        audience=Audience.PATIENT,
        action=Action.TICKET_OWN,
        reply=dict[str, str],
    ),
    Route(method="DELETE", path="/teas/{id}", handler=sit_down, action=Action.LINE_RUN),
]


async def authenticate(token: str, _now: datetime) -> Principal | None:
    await asyncio.sleep(0)
    return TOKENS.get(token)


def table() -> RouteTable:
    return route_table([Feature(ROUTES, problems)])


def tea_house(edge: Edge | None = None) -> web.Application:
    """The whole application, the API mounted as the server mounts it."""
    app = web.Application()
    gate = Gate(authenticate, edge or Edge(), lambda: NOW)
    app.add_subapp("/api", build_api(table(), gate, version="1.2.3"))
    return app
