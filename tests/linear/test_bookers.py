"""Sixty-four who book at once with two servers: every one gets a number of its own, and none is left out."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from server.clinic.roster.errors import SessionFull
from server.store import tables
from server.store.engine import Store, open_store
from tests.clinic.house import NOW, OPERATOR, WANG, connection
from tests.linear.checker import Issued, counter_fault
from tests.roster.house import RosterHouse, phone, request

BOOKERS = 64


async def issued(book: Callable[[], Awaitable[int]]) -> Issued:
    invoked = time.monotonic_ns()
    return Issued(await book(), invoked, time.monotonic_ns())


async def two_servers(store: Store, url: str) -> tuple[RosterHouse, RosterHouse]:
    first, second = RosterHouse(store), RosterHouse(await open_store(url))
    await first.hire()
    return first, second


async def test_sixty_four_at_the_desk_get_one_to_sixty_four(store: Store, store_url: str) -> None:
    servers = await two_servers(store, store_url)
    session_id = await servers[0].session()

    async def book(number: int) -> int:
        house = servers[number % 2]
        ticket_id = await house.clinic.book(OPERATOR, session_id, WANG, NOW)
        serial = sa.select(tables.tickets.c.serial).where(tables.tickets.c.id == ticket_id)
        async with house.store.read(connection) as of:
            return int((await of.execute(serial)).scalar_one())

    numbers = await asyncio.gather(*(issued(lambda n=number: book(n)) for number in range(BOOKERS)))  # type: ignore[misc]
    await servers[1].store.close()
    assert sorted(one.number for one in numbers) == list(range(1, BOOKERS + 1))
    assert counter_fault(numbers) is None


async def test_sixty_four_on_the_public_page_get_the_forty_places_there_are(store: Store, store_url: str) -> None:
    servers = await two_servers(store, store_url)
    session_id = await servers[0].bookable(capacity=40)

    async def book(number: int) -> int:
        asked = request(session_id, f"203.0.113.{number}", phone=phone(number))
        return (await servers[number % 2].public.book(asked, NOW)).ticket.serial

    booking = (issued(lambda n=number: book(n)) for number in range(BOOKERS))  # type: ignore[misc]
    done = await asyncio.gather(*booking, return_exceptions=True)
    await servers[1].store.close()
    numbers = [each for each in done if isinstance(each, Issued)]
    assert sorted(one.number for one in numbers) == list(range(1, 41))
    assert counter_fault(numbers) is None
    assert {type(each) for each in done if isinstance(each, BaseException)} == {SessionFull}
