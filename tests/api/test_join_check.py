"""The join link over HTTP: looking, the second check, and every refusal a patient may meet."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from structlog.testing import capture_logs

from server.access.roles import Action
from server.api import join_check
from server.api.edge import Edge
from server.api.framework import Audience, Call, Route
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.clinic.session import SessionState
from server.clinic.ticket import TicketState
from server.store import tables
from server.store.engine import Store
from server.visits.views import HospitalView, MyTicket, Named, SessionHours
from tests.access.people import (
    BIRTH_DATE,
    NOW,
    Arrivals,
    add_staff,
    book,
    end_access,
    join_check_of,
    rows_of,
    send_link,
    sign_ins_of,
)

QINGSHAN = HospitalView("青山", "0571-0000 0000")
RIGHT, WRONG = BIRTH_DATE.isoformat(), "1950-03-15"
FROM_PROXY = Edge(trusted_proxies=("127.0.0.1/32",))


class Pages:
    """Stands for the visits: the view of a ticket."""

    async def my_ticket(self, ticket_id: str) -> MyTicket:
        hours = SessionHours("Morning", NOW, NOW + timedelta(hours=3), SessionState.OPEN)
        return MyTicket(
            id=ticket_id,
            serial=1,
            state=TicketState.ARRIVED,
            cause=None,
            ahead=0,
            missed=0,
            session=hours,
            doctor=Named("Wang Li"),
            hospital=QINGSHAN,
            consented=False,
            visit=None,
            suspended=None,
            can_cancel=True,
            can_move=False,
            wait=None,
            check_in_from=None,
            complaint=None,
            device_test=None,
            documents=[],
        )


@dataclass
class Phone:
    """A patient's browser, with the link that was sent to it."""

    client: TestClient[Any, Any] = field(repr=False)
    ticket_id: str
    token: str
    now: datetime = NOW

    async def look(self, token: str | None = None) -> ClientResponse:
        return await self.client.post("/api/v1/join/look", json={"token": token or self.token})

    async def check(self, birth_date: str, address: str = "198.51.100.1") -> ClientResponse:
        body = {"token": self.token, "birth_date": birth_date}
        return await self.client.post("/api/v1/join/check", json=body, headers={"X-Forwarded-For": address})

    async def seat(self) -> int:
        return (await self.client.get("/api/v1/seat")).status


@pytest.fixture
async def phone(store: Store, aiohttp_client: AiohttpClient) -> Phone:
    ticket_id = await book(store, await add_staff(store))
    check = join_check_of(store, Arrivals([]))
    seat = Route(method="GET", path="/seat", handler=_seat, audience=Audience.PATIENT, action=Action.TICKET_OWN)
    features = [Feature([*join_check.routes(check, Pages(), QINGSHAN), seat], join_check.problems)]
    app = web.Application()
    phone: Phone
    gate = Gate(sign_ins_of(store).authenticate, FROM_PROXY, lambda: phone.now)
    app.add_subapp("/api", build_api(route_table(features), gate, version="1"))
    phone = Phone(await aiohttp_client(app), ticket_id, await send_link(store, ticket_id))
    return phone


async def _seat(_call: Call[None]) -> None:
    await asyncio.sleep(0)


async def slug(response: ClientResponse) -> tuple[int, str]:
    problem = await response.json(content_type="application/problem+json")
    return response.status, problem["type"].removeprefix("/problems/")


async def test_a_look_says_where_and_when_and_nothing_about_whom(phone: Phone, store: Store) -> None:
    before = await rows_of(store, tables.join_links)
    response = await phone.look()
    assert await response.json() == {
        "hospital": {"name": "青山", "telephone": "0571-0000 0000"},
        "opens_at": "2026-11-21T09:30:00Z",
        "closes_at": "2026-11-21T12:30:00Z",
        "tries_left": 5,
    }
    assert "Set-Cookie" not in response.headers
    assert await rows_of(store, tables.join_links) == before
    assert await phone.seat() == 401


async def test_the_birth_date_gives_ticket_and_cookie(phone: Phone) -> None:
    response = await phone.check(RIGHT)
    assert response.status == 200
    assert (await response.json())["ticket"]["id"] == phone.ticket_id
    name, *flags = response.headers["Set-Cookie"].split("; ")
    assert name.startswith("bedside-visit=")
    assert flags == ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Lax"]
    assert await phone.seat() == 204


async def test_wrong_dates_count_down_then_the_link_is_locked(phone: Phone) -> None:
    left = []
    for _ in range(5):
        response = await phone.check(WRONG)
        left.append((await response.json(content_type=None))["tries_left"])
        assert await slug(response) == (403, "wrong-birth-date")
    assert left == [4, 3, 2, 1, 0]
    assert await slug(await phone.check(RIGHT)) == (410, "link-locked")
    assert await slug(await phone.look()) == (410, "link-locked")


async def test_of_twenty_guesses_at_once_five_are_judged(phone: Phone) -> None:
    guesses = (phone.check(WRONG, f"198.51.100.{n}") for n in range(20))
    answers = Counter([await slug(response) for response in await asyncio.gather(*guesses)])
    assert answers == {(403, "wrong-birth-date"): 5, (410, "link-locked"): 15}


async def test_what_is_no_date_costs_no_try(phone: Phone) -> None:
    for no_date in ("1950-02-30", "14.3.1950", "", "1950-03-14T00:00:00Z"):
        response = await phone.check(no_date)
        assert (await response.json(content_type=None))["field"] == "birth_date"
        assert response.status == 422
    assert (await (await phone.look()).json())["tries_left"] == 5


@pytest.mark.parametrize("token", ["x" * 22, "é", "../../etc", "' OR 1=1 --"])
async def test_an_unknown_link_is_dead(phone: Phone, token: str) -> None:
    assert await slug(await phone.look(token)) == (410, "link-dead")


async def test_a_dead_link_and_its_sign_in_open_nothing(phone: Phone, store: Store) -> None:
    await phone.check(RIGHT)
    await end_access(store, phone.ticket_id, NOW)
    assert await phone.seat() == 401
    assert await slug(await phone.check(RIGHT)) == (410, "link-dead")


async def test_an_address_that_guesses_has_to_wait(phone: Phone) -> None:
    statuses = [(await phone.look(f"guess{n}")).status for n in range(25)]
    assert Counter(statuses) == {410: 20, 429: 5}
    assert (await phone.look()).headers["Retry-After"] == "3"


async def test_the_link_is_in_no_log(phone: Phone) -> None:
    with capture_logs() as logs:
        await phone.look()
        await phone.check(WRONG)
        await phone.check(RIGHT)
    assert len(logs) == 3
    for secret in (phone.token, RIGHT, WRONG, "Zhao", "Min"):
        assert secret not in str(logs)
