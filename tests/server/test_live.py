"""Changes that are told together, who is here, and the desk's topic as the running house keeps it."""

import asyncio
from collections.abc import Collection

from aiohttp.test_utils import make_mocked_request

from server.api.edge import Edge
from server.live import Gathered, PageApproach, Presence
from signaling.admission import Lane

LONG_S = 3600.0


class Desk:
    """Counts how often it was told, and lets a test wait for the next time."""

    def __init__(self) -> None:
        self.times = 0
        self._told = asyncio.Event()

    async def tell(self) -> None:
        self.times += 1
        self._told.set()

    async def told(self) -> None:
        async with asyncio.timeout(5):
            await self._told.wait()
        self._told.clear()


async def test_changes_of_one_moment_are_told_once_and_the_next_one_again() -> None:
    desk = Desk()
    gathered = Gathered(desk.tell, every_s=0.0, at_least_s=LONG_S)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gathered.run())
        for _ in range(50):
            gathered.changed()
        await desk.told()
        assert desk.times == 1
        gathered.changed()
        await desk.told()
        assert desk.times == 2
        running.cancel()


async def test_what_changes_while_it_is_told_is_told_afterwards() -> None:
    desk = Desk()

    async def tell() -> None:
        if desk.times == 0:
            gathered.changed()
        await desk.tell()

    gathered = Gathered(tell, every_s=0.0, at_least_s=LONG_S)
    gathered.changed()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gathered.run())
        await desk.told()
        await desk.told()
        running.cancel()
    assert desk.times == 2


async def test_without_a_change_it_is_told_now_and_then() -> None:
    desk = Desk()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Gathered(desk.tell, every_s=0.0, at_least_s=0.01).run())
        await desk.told()
        await desk.told()
        running.cancel()


async def test_a_crowd_that_comes_is_told_as_one_change() -> None:
    told = list[set[str]]()

    async def changed(ticket_ids: Collection[str]) -> None:
        told.append(set(ticket_ids))

    presence = Presence(changed)
    await presence.told({"ticket:a": True, "ticket:b": True})
    assert (presence.online("a"), presence.online("b"), presence.online("c")) == (True, True, False)
    await presence.told({"ticket:a": False})
    assert (presence.online("a"), presence.online("b")) == (False, True)
    assert told == [{"a", "b"}, {"a"}]


def test_before_it_is_known_who_comes_the_edge_says_from_where_and_from_whose_page() -> None:
    approach = PageApproach(Edge("https://visit.hospital.example"))
    headers = {"Host": "192.0.2.5:8443", "Cookie": "bedside=whatever", "Origin": "https://evil.example"}
    request = make_mocked_request("GET", "/live/", headers=headers)
    assert (approach.lane(request), approach.is_own(request)) == (Lane.STAFF, False)
    remote = [request.clone(remote=address) for address in ("2001:db8::1", "2001:db8::2", "203.0.113.9")]
    assert [approach.caller(each) for each in remote] == ["2001:db8::/64", "2001:db8::/64", "203.0.113.9"]
