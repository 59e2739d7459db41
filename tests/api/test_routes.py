"""The route table and the access matrix that follows from it: no cell is open that the role table does not open."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient

from server.access.roles import Action, Role, may
from server.api.errors import COMMON
from server.api.framework import Audience, Body, Route
from server.api.routes import BadTable, Feature, roles_that_may, route_table
from tests.api.matrix import CELLS_OF_A_ROUTE, cells, knock
from tests.api.tea_house import ROUTES, TOKENS, problems, table, tea_house

GOOD = Route(method="GET", path="/x", handler=ROUTES[0].handler, action=Action.LINE_READ)


class Loose(msgspec.Struct, frozen=True):
    note: str


class HidesLoose(Body, frozen=True):
    parts: dict[str, list[Loose | None]]


def assembled(*routes: Route) -> Iterable[Route]:
    return route_table([Feature(routes, {})]).routes


def test_features_stand_in_their_order_and_bring_their_problems() -> None:
    other = Feature([GOOD], {KeyError: COMMON[next(iter(COMMON))]})
    both = route_table([Feature(ROUTES, problems), other])
    assert both.routes == (*ROUTES, GOOD)
    assert {*problems, KeyError, *COMMON} == set(both.problems)


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ([GOOD, GOOD], "twice"),
        ([replace(GOOD, action=None)], "an action, or is public"),
        ([replace(GOOD, audience=Audience.PUBLIC)], "an action, or is public"),
        ([replace(GOOD, audience=Audience.PATIENT)], "no role"),
        ([replace(GOOD, action=Action.TICKET_OWN)], "no role"),
        ([replace(GOOD, body=HidesLoose)], "HidesLoose"),
        ([replace(GOOD, query=HidesLoose)], "HidesLoose"),
    ],
)
def test_a_table_with_a_hole_is_no_table(routes: list[Route], reason: str) -> None:
    with pytest.raises(BadTable, match=reason):
        assembled(*routes)


def test_another_method_of_the_same_path_is_another_route() -> None:
    assert len(list(assembled(GOOD, replace(GOOD, method="POST")))) == 2


def test_the_row_of_a_route_is_the_roles_of_its_audience_that_may() -> None:
    assert roles_that_may(GOOD) == {Role.DOCTOR, Role.OPERATOR, Role.ADMIN}
    assert roles_that_may(replace(GOOD, action=Action.ROOM_JOIN)) == {Role.DOCTOR}
    assert roles_that_may(replace(GOOD, audience=Audience.PATIENT, action=Action.ROOM_JOIN)) == {Role.PATIENT}
    assert roles_that_may(ROUTES[0]) == frozenset()


async def test_every_cell_of_the_matrix_answers_as_the_role_table_says(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(tea_house())
    judged = 0
    for cell in cells(table()):
        status = await knock(client, cell, TOKENS_OF_ROLES)
        assert (status not in {401, 403}) is cell.allowed, (cell, status)
        judged += 1
    assert judged == len(ROUTES) * CELLS_OF_A_ROUTE


async def test_the_matrix_sees_a_guard_that_is_gone(
    aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.access.principal.may", lambda _role, _action: True)
    client = await aiohttp_client(tea_house())
    statuses = [await knock(client, cell, TOKENS_OF_ROLES) for cell in cells(table()) if not cell.allowed]
    assert any(status not in {401, 403} for status in statuses)


TOKENS_OF_ROLES = {principal.role: token for token, principal in TOKENS.items()}


def test_the_application_is_one_that_can_be_mounted() -> None:
    assert isinstance(tea_house(), web.Application)
    assert all(may(Role.DOCTOR, route.action) for route in ROUTES if route.action and route.audience is Audience.STAFF)
