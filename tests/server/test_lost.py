"""Addresses that lead nowhere: a person is helped on, a program is told the status."""

from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from server.pages import kind_to_the_lost

PERSON = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


async def test_a_person_gets_ways_on_and_a_program_the_bare_status(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(web.Application(middlewares=[kind_to_the_lost]))
    for path, headers, helped in (
        ("/disply", PERSON, True),
        ("/display", PERSON, True),
        ("/display", {}, False),
        ("/api/v1/none", PERSON, False),
        ("/live/none", PERSON, False),
        ("/assets/none.js", PERSON, False),
    ):
        reply = await client.get(path, headers=headers)
        assert reply.status == 404
        assert ('id="page"' in await reply.text()) is helped, (path, headers)
    sent = await client.post("/display", headers=PERSON)
    assert (sent.status, 'id="page"' in await sent.text()) == (404, False)
