"""How true the waiting times have been, over HTTP."""

from functools import partial

import pytest
from aiohttp import ClientResponse, web
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.access.roles import Role
from server.api import waiting
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.clinic.prediction_errors import PredictionErrorsReader
from server.store.engine import Store
from server.store.waiting import WaitingLookQueries
from tests.clinic.board import Board
from tests.clinic.house import ADMIN, LI, OPERATOR, STAFF, House, at


@pytest.fixture
async def house(sqlite_store: Store) -> House:
    house = House(sqlite_store)
    await house.hire()
    return house


async def ask(house: House, aiohttp_client: AiohttpClient, who: Principal) -> ClientResponse:
    people = {person.id: person for person in STAFF}

    async def authenticate(token: str, _now: object) -> Principal | None:
        return people.get(token)

    reader = PredictionErrorsReader(partial(house.store.read, WaitingLookQueries))
    table = route_table([Feature(waiting.routes(reader), {})])
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), lambda: at(9000)), version="1"))
    client = await aiohttp_client(app)
    cookies = {cookie_name(Audience.STAFF, secure=False): who.id}
    return await client.get("/api/v1/waiting/errors", cookies=cookies)


@pytest.mark.parametrize("who", [OPERATOR, ADMIN], ids=lambda who: who.role.value)
async def test_those_who_look_after_the_lines_read_it(
    house: House, aiohttp_client: AiohttpClient, who: Principal
) -> None:
    session_id, board = await house.session(), Board(house)
    await house.waiting(session_id)
    await board.see(session_id, 0)
    await house.calls.call_next(LI, session_id, at(60))
    await board.see(session_id, 61)
    response = await ask(house, aiohttp_client, who)
    assert response.status == 200
    [errors] = await response.json()
    assert errors["doctor"] == {"id": LI.id, "name": LI.name}
    assert (errors["kind"], errors["n"]) == (None, 1)
    assert set(errors) == {"doctor", "kind", "n", "coverage", "mean_abs_error_s", "bias_s"}


async def test_a_doctor_does_not(house: House, aiohttp_client: AiohttpClient) -> None:
    assert LI.role is Role.DOCTOR
    assert (await ask(house, aiohttp_client, LI)).status == 403
